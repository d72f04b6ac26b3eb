/** Receiving: sessions of senders into a folder, or into functions. */
export { FileRejection, type FileWriter, type OpenWriter } from './function-sink.ts';
export { heartbeatDatagram } from './heartbeats.ts';
export { openReceiver } from './open-receiver.ts';
export type { PortSettings } from './port-settings.ts';
export { ReceiverPort } from './receiver-port.ts';
export type { RunningReceiver } from './running-receiver.ts';
export type {
	ClosableSink,
	ReceiverHooks,
	ReceiverSecuritySettings,
	ReceiverSettings,
} from './settings.ts';

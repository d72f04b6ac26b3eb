/** A receiver. */
export { type ReceiverConfig, receiverConfig } from './config.ts';
export { type ReceiverOptions, ReceiverService } from './service.ts';
export { SharedPort, type SharedPortOptions } from './shared-port.ts';

/** A receiver. */
export { type ReceiverConfig, receiverConfig } from './config.ts';
export { logPort, type ReceiverOptions, ReceiverService } from './service.ts';

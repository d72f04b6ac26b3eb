/** The sender. */
export { type SenderServiceConfig, senderConfig } from './config.ts';
export { SenderService } from './service.ts';

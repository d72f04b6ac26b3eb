export * from './events.ts';
export * from './ports.ts';
export { ReceiverNode } from './receiver/receiver.ts';
export * from './receiver-config.ts';
export type * from './receiver-port.ts';
export { SectionMap } from './sections.ts';
export { SenderSession } from './sender/sender-session.ts';
export * from './sender-config.ts';
export * from './session.ts';

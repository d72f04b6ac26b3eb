export * from './ports.ts';
export * from './session.ts';
export * from './events.ts';
export * from './sender-config.ts';
export * from './receiver-config.ts';
export type * from './receiver-port.ts';
export { SenderSession } from './sender/sender-session.ts';
export { ReceiverNode } from './receiver/receiver.ts';
export { SectionMap } from './sections.ts';

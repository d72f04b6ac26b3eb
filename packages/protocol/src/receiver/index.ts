/** Receivers, by an entry point of their own: a sender starts sooner without them. */
export { ReceiverNode } from './receiver.ts';

/** Receivers, by a door of their own: a sender starts sooner without them. */
export { ReceiverNode } from './receiver.ts';

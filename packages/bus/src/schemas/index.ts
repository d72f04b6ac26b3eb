/** The schemas of everything on the bus, and parsers that answer with a sentence instead of throwing. Loads zod. */
export * from './cancel.ts';
export * from './events.ts';
export * from './heartbeat.ts';
export * from './job.ts';
export * from './locate.ts';
export * from './parse.ts';
export * from './pinhole.ts';
export * from './registry.ts';
export * from './response-pool.ts';
export type { Problem, SessionEncryption } from './words.ts';

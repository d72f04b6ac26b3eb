/** UFTP as a library: sends, receives and relays over real sockets and files. */
export * from './identity/index.ts';
export * from './network/index.ts';
export * from './problems/index.ts';
export * from './running/index.ts';
export * from './sending/index.ts';

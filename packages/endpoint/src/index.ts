/** UFTP as a library: sends, receives and relays over real sockets and files. */
export * from './identity/index.ts';

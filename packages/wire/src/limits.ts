/** Numbers that both ends of the wire know beforehand (UFTP 4.10.2). */

/** Receive buffer of every 4.x program: no datagram is longer. */
export const MAX_DATAGRAM_BYTES = 9000;
/** A header and the shortest second header. */
export const MIN_DATAGRAM_BYTES = 20;
/** IP and UDP headers around a datagram, by family: rates count them, and an MTU covers them. */
export const LOWER_HEADER_BYTES = { 4: 28, 6: 48 } as const;
/** UDP port of receivers and proxies. */
export const DEFAULT_PORT = 1044;

/** Smallest data block of a session. */
export const MIN_BLOCK_BYTES = 512;
/** Largest data block of a session. */
export const MAX_BLOCK_BYTES = 8800;
/** Data block where nothing else is asked for. */
export const DEFAULT_BLOCK_BYTES = 1300;

/** Names and link targets in a FILEINFO, in bytes of UTF-8. */
export const MAX_NAME_BYTES = 300;
/** Text field of an ABORT. */
export const ABORT_TEXT_BYTES = 300;

/** Smallest robustness factor. */
export const MIN_ROBUST = 10;
/** Largest robustness factor. */
export const MAX_ROBUST = 50;
/** Robustness factor where nothing else is asked for. */
export const DEFAULT_ROBUST = 20;

/** Bytes of one id in a list. How many fit into one message follows from the block size (`idsPerMessage`). */
export const ID_BYTES = 4;

/** Numbers that both ends of the wire take for granted (UFTP 4.10.2). */

/** Receive buffer of every 4.x program: no datagram is longer. */
export const MAX_DATAGRAM_BYTES = 9000;
/** A header and the shortest second header. */
export const MIN_DATAGRAM_BYTES = 20;
export const DEFAULT_PORT = 1044;

export const MIN_BLOCK_BYTES = 512;
export const MAX_BLOCK_BYTES = 8800;
export const DEFAULT_BLOCK_BYTES = 1300;

/** Names and link targets in a FILEINFO, in bytes of UTF-8. */
export const MAX_NAME_BYTES = 300;
/** Text field of an ABORT. */
export const ABORT_TEXT_BYTES = 300;

export const MIN_ROBUST = 10;
export const MAX_ROBUST = 50;
export const DEFAULT_ROBUST = 20;

/** Ids, items or bytes a list body can carry are bounded by the block size; see the functions in `messages/`. */
export const ID_BYTES = 4;

/**
 * Writes what follows the common header at `at`; returns its length in bytes. Called at the moment of sending, so that
 * timestamps are true.
 */
export type Encode = (bytes: Uint8Array, at: number, now: number) => number;

/** The bounds of a gathering proxy, by name; those that it shares with senders and receivers are in `limits.ts`. */

/**
 * Messages that wait in one session for more answers of the same kind; the oldest gives way. C has 10 places, too few
 * for what receivers say at the end of a large file, when every section of it lacks something.
 */
export const PENDING_ANSWERS_MAX = 512;
/** Bitmaps in them; then all leave. */
export const PENDING_BITMAP_BYTES_MAX = 1 << 20;
/** An answer is held no longer than this, whatever GRTT somebody says. */
export const HOLD_MS_MAX = 15_000;
/** Datagrams of the proxy that wait for a poll. */
export const DATAGRAMS_WAITING_MAX = 16_384;
/** A session whose sender says nothing is kept at least so long, and at most: senders of ours wait for who is away. */
export const SESSION_KEPT_MS_MIN = 60_000;
export const SESSION_KEPT_MS_MAX = 600_000;
/** When all places are taken, a session that nobody has joined for so long gives way to a new one. */
export const UNJOINED_MS_MIN = 5000;
/** ABORTs per second to receivers that are not served. */
export const REFUSALS_PER_SECOND = 10;
/** Answers per second and session that are passed on as they stand, of receivers that are not known here. */
export const STRAYS_PER_SECOND = 2000;
/** Reports of congestion control per second and session that are passed on at once, of receivers that are known here. */
export const REPORTS_PER_SECOND = 2000;
/** Receivers per second and session that are registered though they have not asked for it, only answered. */
export const LATE_RECEIVERS_PER_SECOND = 100;
/** Nodes with the id of another one whose bytes are counted until they are worth an answer. */
export const DUPLICATE_IDS_MAX = 256;
/** Receivers per second and session that are looked at though they have not registered before. */
export const NEW_RECEIVERS_PER_SECOND = 2000;
/** A PROXY_KEY is sent at most so often. */
export const PROXY_KEY_MS = 5000;
/** The shortest block, sealed, is longer than this and its signature. */
export const CONTROL_BYTES_MAX = 512 + 28;
/** Datagrams that are answered by HB_RESP per second. */
export const HEARTBEAT_ANSWERS_PER_SECOND = 1000;
/** Ended sessions that are remembered, so that a late repeat of their ANNOUNCE starts nothing. */
export const ENDED_SESSIONS_MAX = 1024;
export const ENDED_SESSION_MS = 120_000;

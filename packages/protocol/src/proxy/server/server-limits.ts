/** The bounds of a server proxy, by name; those that it shares with senders and receivers are in `limits.ts`. */

/**
 * How long a session is kept whose sender says nothing: at least this, and at most that. Long, because a sender of ours
 * may wait half a minute for receivers that are away, and a server proxy sees the end of no encrypted session.
 */
export const SESSION_KEPT_MS_MIN = 60_000;
export const SESSION_KEPT_MS_MAX = 600_000;
/** When all places are taken, one gives way that ended in the clear so long ago, */
export const ENDED_GIVES_WAY_MS = 5000;
/** or that no site has answered for at least so long, */
export const UNANSWERED_GIVES_WAY_MS = 5000;
/** or whose sender has been silent for so long. */
export const SILENT_GIVES_WAY_MS = 45_000;

/** Announcements on their way to the sites, counted once for each. */
export const ANNOUNCES_WAITING_MAX = 4096;
/** Heartbeats and answers to them that wait for a poll. */
export const HEARTBEATS_WAITING_MAX = 1024;
/** Heartbeats that are answered per second, and those of them whose signature is looked at. */
export const HEARTBEAT_ANSWERS_PER_SECOND = 1000;
export const SIGNATURE_CHECKS_PER_SECOND = 200;
/** Addresses from which a key has been proved: their next challenge is a new one. */
export const PROVED_ADDRESSES_MAX = 4096;
/** When the address that a site had before a restart is challenged: this long after the start. */
export const REMEMBERED_CHALLENGES_MS = [0, 1000, 3000, 7000, 15_000] as const;

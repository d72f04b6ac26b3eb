/** Every bound of the sessions, by name; those of the format itself (block size, names, robust) are in `wire`. */

/** A file's size is 48 bits on the wire. */
export const FILE_BYTES_MAX = 2 ** 48 - 1;
/** Section numbers are 16 bits, and DONE and STATUS must be able to name the count. */
export const SECTIONS_MAX = 65535;

/** No timer of the protocol that waits for a silent peer is shorter than this. */
export const SILENCE_MS_MIN = 1000;

/** Sessions that a receiver remembers after their end: repeats of their ANNOUNCE start nothing, late DONEs are answered. */
export const ENDED_SESSIONS_MAX = 1024;
/** How long it remembers them. */
export const ENDED_SESSION_MS = 120_000;
/** Group ids whose refusal has been reported: each is reported once. */
export const IGNORED_GROUPS_MAX = 1024;
/** Refused announcements that are reported in any `DROPPED_EVENT_MS`: a flood of them must not fill a log. */
export const IGNORED_EVENTS_MAX = 32;
/** ABORTs per second of a receiver for announcements that it refuses: they are larger than what they answer. */
export const REFUSALS_PER_SECOND = 10;
/** When all places are taken, a session that has waited so long for its sender's confirmation gives way to a new one. */
export const UNCONFIRMED_MS_MIN = 5000;
/** Unconfirmed sessions of strangers that one host may have at a receiver. */
export const UNCONFIRMED_PER_HOST_MAX = 16;
/** ANNOUNCEs of unknown sessions that a receiver looks at in a second: from one host, of known senders, of strangers. */
export const ANNOUNCES_PER_HOST_MAX = 200;
export const KNOWN_ANNOUNCES_MAX = 2000;
export const UNPROVED_ANNOUNCES_MAX = 1000;
/** Sessions of strangers that a receiver begins in a second: for one host, in all. */
export const UNPROVED_SESSIONS_PER_HOST_MAX = 16;
export const UNPROVED_SESSIONS_MAX = 100;
/** Hosts whose ANNOUNCEs a receiver counts. */
export const ANNOUNCE_HOSTS_MAX = 1024;
/** Hosts with senders that a receiver has completed a session with, and how many of these for each. */
export const KNOWN_HOSTS_MAX = 1024;
export const KNOWN_SENDERS_PER_HOST_MAX = 16;
/** So many times the bytes of its ANNOUNCEs are sent to a sender that has proved nothing: five REGISTERs for the smallest. */
export const ANSWER_BYTES_PER_BYTE = 8;
/** Unfinished files that a receiver keeps per session while its sender is at another one; the oldest is discarded. */
export const SUSPENDED_FILES_MAX = 16;
/** Finished files that a receiver remembers of all ended sessions together; a running session keeps all of its own. */
export const ENDED_FILES_MAX = 262_144;
/** STATUS messages that a receiver composes at one expiry of its NAK timer; the rest follows one GRTT later. */
export const STATUS_PER_ROUND_MAX = 256;
/** The same in the largest groups. */
export const STATUS_PER_ROUND_MIN = 8;
/** A receiver takes a GRTT outside of these bounds for the nearer one: its timers must neither spin nor stand still. */
export const ADVERTISED_GRTT_MS_MIN = 1;
export const ADVERTISED_GRTT_MS_MAX = 100_000;
/** A packet that is up to this far behind is late; one further behind means that the sequence has wrapped. */
export const LATE_PACKETS_MAX = 16_384;
/** The event for a dropped datagram is repeated for the same reason after this time; the counters have them all. */
export const DROPPED_EVENT_MS = 10_000;
/** Answers that wait for a poll, per receiving node; what does not fit is lost as on the network, and asked for again. */
export const ANSWERS_MAX = 4096;
/** Faults of this program that wait for a poll; more of them say nothing new. */
export const FAULTS_WAITING_MAX = 256;
/** Sessions of a proxy that a fault has ended and that are remembered: each is reported once. */
export const FAILED_SESSIONS_MAX = 256;
/** Events that wait for a poll. A shell that drains after every call never gets near it. */
export const EVENTS_MAX = 131_072;

/** Packets of a sender that a receiver tells apart by their IV counters; those further behind are refused. */
export const SENDER_REPLAY_WINDOW = 16_384;
/** The same at the sender, for each receiver. */
export const RECEIVER_REPLAY_WINDOW = 1024;
/** Key agreements and signatures that a node works out per second at most, and as many at once: a flood costs no more. */
export const KEY_OPERATIONS_PER_SECOND = 2000;
/** Receivers of an open group that have registered but not shown their key yet. */
export const CANDIDATES_MAX = 4096;
/** CLIENT_KEYs that came before their REGISTER and wait for it. */
export const EARLY_CLIENT_KEYS_MAX = 256;

/** A receiver asks its response proxy for the key so often until it has come, as C does. */
export const KEY_REQUEST_MS = 5000;
/** PROXY_KEYs that a receiver checks per second at most. */
export const PROXY_KEYS_PER_SECOND = 10;
/** Response proxies whose PROXY_KEY a receiver keeps although it is not theirs. */
export const OVERHEARD_KEYS_MAX = 64;
/** Announced sessions that wait at a receiver for the key of its response proxy; the oldest gives way. */
export const WAITING_ANNOUNCES_MAX = 16;
/** A receiver that moved away from a dead response proxy says REGISTER so often, unless it is confirmed before. */
export const RESTATEMENTS_MAX = 3;

/** Different warnings of one session, at a receiver and at the sender. */
export const SESSION_WARNINGS_MAX = 16;
export const WARNINGS_MAX = 1000;

/** Requests of a sending session that wait for a poll: a file to close, and the next one to open and then to close. */
export const SENDER_REQUESTS_MAX = 3;
/** Receivers of one sending session, as in C. */
export const ROSTER_MAX = 100_000;
/** Receivers of one session behind one proxy; C's proxies serve 1000. */
export const PROXY_RECEIVERS_MAX = 10_000;
/** Receivers of a proxy that are remembered before it has proved its key; others come with its next REGISTER. */
export const CLAIMED_RECEIVERS_MAX = 512;
/** Control messages that wait for a poll at the sender. */
export const OUTBOX_MAX = 4096;
/** Senders whose sessions have been answered, and that a proxy remembers for it. */
export const KNOWN_SENDERS_MAX = 4096;
/** ANNOUNCEs of new sessions per second that a proxy looks at: of senders that it does not know, and of others. */
export const STRANGERS_ANNOUNCES_PER_SECOND = 500;
export const KNOWN_ANNOUNCES_PER_SECOND = 2000;
/** ABORTs per second to nodes that are not in the session. */
export const STRANGER_ABORTS_PER_SECOND = 10;
/** The same to one host. */
export const STRANGER_ABORTS_PER_SOURCE = 5;
/** Characters of their messages. */
export const STRANGER_ABORT_CHARACTERS_MAX = 200;
/** Receivers that nobody expects and that an open group lets in at once per second; others must repeat themselves. */
export const NEWCOMERS_PER_SECOND = 1000;
/** First attempts to register of others that are remembered, twice. */
export const NEWCOMERS_REMEMBERED_MAX = 65_536;
/** Blocks that every receiver may report missing in one pass, however small the file. */
export const REPAIR_BLOCKS_MIN = 1024;

/** What a sending session is told at its start. Defaults are those of UFTP 4.10.2. */
import type { Family } from '@uftp/wire';
import type { Endpoint } from './ports.ts';
import type { SenderSecurityConfig } from './security-config.ts';

/** Limits of a transfer; each is off unless given. */
export interface SenderLimits {
	/** Passes through one file; whoever lacks something after them is aborted. */
	readonly passesMax?: number;
	/** Share of a section, in percent, that a receiver may report missing at once. */
	readonly nakPercentMax?: number;
	/** A receiver that exceeds that share so often (1: at once) is aborted. */
	readonly nakExcessesMax?: number;
	/** The longest time for a file, in percent of what its bytes take at the rate. */
	readonly transferPercentMax?: number;
	/** What counts as the rate there if the session has none; undefined: then there is no longest time. */
	readonly nominalBytesPerSecond?: number;
	/** A file may always take so long: this outranks the longest time. */
	readonly transferSecondsMin?: number;
}

/** The rate follows what the receivers report, beside TCP as a TCP flow would (TFMCC, RFC 4654). */
export interface CongestionConfig {
	readonly kind: 'tfmcc';
	/** Never slower, whatever is lost; 0: no such bound. */
	readonly minBytesPerSecond: number;
	/** To begin with; undefined: one packet per GRTT. */
	readonly initialBytesPerSecond?: number | undefined;
	/** Never faster; Infinity: no such bound. */
	readonly maxBytesPerSecond: number;
}

export interface SenderConfig {
	/** Random, nonzero. */
	readonly groupId: number;
	readonly groupInstance: number;
	readonly sourceId: number;
	readonly family: Family;
	/** Where ANNOUNCE goes / where everything else goes. Equal, and a unicast address, in unicast mode. */
	readonly publicEndpoint: Endpoint;
	readonly privateEndpoint: Endpoint;
	readonly isUnicast: boolean;
	readonly blockBytes: number;
	/** 10 to 50. */
	readonly robust: number;
	readonly grttMs: { readonly initial: number; readonly min: number; readonly max: number };
	/** Bytes on the wire as counted in docs/protocol.md, section 8.2. Infinity: as fast as the receivers can take it. */
	readonly rateBytesPerSecond: number;
	/** Where it is given, `rateBytesPerSecond` and `limits.transferPercentMax` say nothing. */
	readonly congestion?: CongestionConfig | undefined;
	/** Closed group: the ids of all receivers (and proxies in `proxies`). Empty: open group. */
	readonly targets: readonly number[];
	readonly proxies: readonly number[];
	/** Open group: ids that are expected to come; when all of them have registered the session goes on at once. */
	readonly expected: readonly number[];
	/** Open group: 'full' sends all `robust` announcements as C does; 'settled' goes on when three in a row brought nobody new and 5 GRTT have passed. */
	readonly openPolicy: 'full' | 'settled';
	/** How long a receiver of ours may be away before it is lost. 0: C's own timers for everybody. */
	readonly graceMs: number;
	/** Sync mode: receivers take only what is new or newer. Preview: they only say what they would do. */
	readonly sync?: boolean;
	readonly preview?: boolean;
	/** What ends a transfer early; without it nothing but silence does. */
	readonly limits?: SenderLimits;
	/** End the session for everybody at the first receiver that fails. */
	readonly quitOnError: boolean;
	/** Upper bound of datagrams in one burst (segmentation offload: 64). */
	readonly burstMax: number;
	/** Milliseconds since 1970 at `now` 0: for the timestamps on the wire. */
	readonly epochMs: number;
	/** 32-bit seed of the session's own random choices, drawn by the shell. */
	readonly seed: number;
	/** Encrypts the session; undefined: in the clear. */
	readonly security?: SenderSecurityConfig | undefined;
}

/** Bytes per second of one Kbps, which has 1024 bits per second here. */
export const BYTES_PER_KBPS = 1024 / 8;

export const SENDER_DEFAULTS = {
	blockBytes: 1300,
	robust: 20,
	grttMs: { initial: 500, min: 10, max: 15000 },
	rateBytesPerSecond: 128_000,
	graceMs: 30_000,
	burstMax: 64,
} as const;

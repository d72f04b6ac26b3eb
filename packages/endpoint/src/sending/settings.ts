/** What a sending session is told, and the defaults: UFTP's own. */
import {
	type CongestionConfig,
	SENDER_DEFAULTS,
	type SenderConfig,
	type SenderLimits,
	type SenderSecurityConfig,
} from '@uftp/protocol';
import type { CatalogueOptions } from '@uftp/storage';
import { monotonicMs, type SocketDriver } from '@uftp/transport';
import { DEFAULT_PORT, MAX_ROBUST, MIN_ROBUST } from '@uftp/wire';
import type { SessionAddresses } from '../network/index.ts';
import {
	BUFFER_BYTES,
	DSCP,
	INTERVAL_MS,
	MILLISECONDS,
	type NumberRules,
	OWN_PORT,
	PORT,
	TTL,
	UID,
	whole,
} from '../running/number-rules.ts';

/** All of it may be left out: then every receiver of the default group that answers gets the files. */
export interface SendSettings {
	/** The group on which the session is announced, or one host (address or name) for unicast. Default 230.4.4.1. */
	readonly publicAddress?: string | undefined;
	/** The group of the data, where each part that is `x` becomes a random number. Default 230.5.5.x, ff15::5:5:x. */
	readonly privateAddress?: string | undefined;
	/** Both of them, where they have been settled before (`sessionAddresses`). */
	readonly addresses?: SessionAddresses | undefined;
	/** UDP port of the receivers. Default 1044. */
	readonly port?: number;
	/** UDP port to send from. Default: any. */
	readonly sourcePort?: number;
	/** Interface to send on: name, number, address or network. Default: the one that leads to the group. */
	readonly interface?: string | undefined;
	/** UID of the sender. Default: from the interface's address. */
	readonly uid?: number | undefined;
	/** Time to live of multicast, 1 to 255. Default 1. */
	readonly ttl?: number;
	/** Differentiated services code point, 0 to 63. Default 0. */
	readonly dscp?: number;
	/** Bytes of both socket buffers, as a floor. */
	readonly bufferBytes?: number;
	/** Default: as fast as the system can. */
	readonly socketDriver?: 'auto' | SocketDriver;

	/** UIDs of the only receivers. Default: whoever answers. */
	readonly receivers?: readonly number[];
	/** UIDs of proxies through which receivers may answer. */
	readonly proxies?: readonly number[];
	/** UIDs of receivers that should come to an open session: when all of them are there it starts. */
	readonly expected?: readonly number[];
	/**
	 * How long an open session is announced: until nobody new comes (`settled`, the default), or as often as `robust`
	 * says (`full`).
	 */
	readonly announcing?: SenderConfig['openPolicy'];

	/** Bytes on the wire in a second. Default 128,000; Infinity: as fast as the receivers can. */
	readonly rateBytesPerSecond?: number;
	/** The rate follows what the receivers report; `rateBytesPerSecond` then means nothing. */
	readonly congestion?: CongestionConfig | undefined;
	/** Bytes of a file in one datagram. Default 1300. */
	readonly blockBytes?: number;
	/** How often what is not answered is repeated, 10 to 50. Default 20. */
	readonly robust?: number;
	/** The round trip of the group in milliseconds. Default 500, from 10 to 15,000. */
	readonly grttMs?: SenderConfig['grttMs'];
	/** What ends a transfer early. */
	readonly limits?: SenderLimits | undefined;
	/** Milliseconds that a receiver of ours may be silent before it counts as lost. Default 30,000. */
	readonly graceMs?: number;
	/** The first receiver that fails ends the session for all. Default false. */
	readonly quitOnError?: boolean;
	/** Receivers take only what is new or newer. Default false. */
	readonly sync?: boolean;
	/** Receivers only say what they would do. Default false. */
	readonly preview?: boolean;
	/** Encrypts the session; default: in the clear. */
	readonly security?: SenderSecurityConfig | undefined;
	/** A session that is run again for those that it failed: its id, and one more than its last instance. */
	readonly resumed?: { readonly groupId: number; readonly groupInstance: number } | undefined;

	/** What is sent of the paths, and under which names. */
	readonly catalogue?: Omit<CatalogueOptions, 'blockBytes'>;
	/** The keys that receivers show are pinned in the list of this folder (`KnownKeys`), if they are their first ones. */
	readonly pinnedIn?: string | undefined;
	/** UIDs of those of the proxies whose keys are pinned, too. */
	readonly pinnedProxies?: readonly number[];
	/** A `progress` event every so many milliseconds. Default: none. */
	readonly progressMs?: number;
	/** Milliseconds that an asynchronous hook or source may take for one answer. Default and maximum `HOOK_MS_MAX`. */
	readonly hookMsMax?: number;
}

/** Numbers that a session cannot run with, or would never end with, are refused. */
export const SEND_NUMBERS: NumberRules = {
	uid: UID,
	receivers: UID,
	proxies: UID,
	expected: UID,
	port: PORT,
	sourcePort: OWN_PORT,
	ttl: TTL,
	dscp: DSCP,
	bufferBytes: BUFFER_BYTES,
	rateBytesPerSecond: { range: 'a number above 0, or Infinity', allows: (value) => value > 0 },
	robust: whole(MIN_ROBUST, MAX_ROBUST),
	graceMs: MILLISECONDS,
	progressMs: INTERVAL_MS,
	hookMsMax: MILLISECONDS,
};

/** `uid`: the sender's, settled. Draws the ids and the seed that nobody has named. */
export function senderConfig(settings: SendSettings, addresses: SessionAddresses, uid: number): SenderConfig {
	const [randomId = 1, seed = 0] = crypto.getRandomValues(new Uint32Array(2));
	const { family, publicAddress, privateAddress, isUnicast } = addresses;
	const { port = DEFAULT_PORT, resumed } = settings;
	return {
		groupId: resumed?.groupId ?? Math.max(1, randomId),
		groupInstance: resumed?.groupInstance ?? 0,
		sourceId: uid,
		family,
		publicEndpoint: { host: publicAddress, port },
		privateEndpoint: { host: privateAddress, port },
		isUnicast,
		blockBytes: settings.blockBytes ?? SENDER_DEFAULTS.blockBytes,
		robust: settings.robust ?? SENDER_DEFAULTS.robust,
		grttMs: settings.grttMs ?? SENDER_DEFAULTS.grttMs,
		rateBytesPerSecond: settings.rateBytesPerSecond ?? SENDER_DEFAULTS.rateBytesPerSecond,
		congestion: settings.congestion,
		targets: settings.receivers ?? [],
		proxies: settings.proxies ?? [],
		expected: settings.expected ?? [],
		openPolicy: settings.announcing ?? 'settled',
		graceMs: settings.graceMs ?? SENDER_DEFAULTS.graceMs,
		sync: settings.sync ?? false,
		preview: settings.preview ?? false,
		...(settings.limits === undefined ? {} : { limits: settings.limits }),
		quitOnError: settings.quitOnError ?? false,
		burstMax: SENDER_DEFAULTS.burstMax,
		epochMs: Date.now() - monotonicMs(),
		seed,
		security: settings.security,
	};
}

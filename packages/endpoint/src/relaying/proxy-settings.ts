import type { Curve, PrivateKey, PublicKey } from '@uftp/crypto';
import type { AllowedReceiver, DownstreamSite, Endpoint } from '@uftp/protocol';
import type { SocketDriver } from '@uftp/transport';
import type { Cryptography } from '../identity/cryptography.ts';
import type { ListedSender } from '../identity/lists/sender-list.ts';
import { BUFFER_BYTES, DSCP, MILLISECONDS, type NumberRules, PORT, TTL, UID, whole } from '../running/number-rules.ts';

/** What a proxy is to do, and where. Times are in milliseconds, sizes in bytes. */
export interface ProxySettings {
	/** `server` forwards sessions to its sites, `client` is such a site, `response` gathers the answers of receivers. */
	readonly mode: 'server' | 'client' | 'response';
	/** Its id among all nodes; by default made from the address of its interface, as UFTP does. */
	readonly uid?: number | undefined;
	/** Makes the UID from a loopback address too; by default refused, because every machine has that address. */
	readonly allowsLoopbackUid?: boolean;
	/** Multicast groups on which sessions are announced; 230.4.4.1 by default. A client proxy joins none. */
	readonly publicAddress?: readonly string[];
	/** UDP port, which it must have for itself; 1044 by default. */
	readonly port?: number;
	/**
	 * Interfaces on which groups are heard, by name, number, address or network; the first one names the proxy. 'all': all
	 * that are up, multicast and are not the loopback. Default: the one that the route to the groups leads to.
	 */
	readonly interfaces?: readonly string[] | 'all';
	/** By which multicast to the receivers leaves: of a client proxy, and for the key of a response proxy. */
	readonly outgoingInterface?: string | undefined;
	/** Time to live of multicast to the receivers, 1 by default; code point (0 to 63), 0 by default. */
	readonly ttl?: number;
	readonly dscp?: number;
	/** Least size of the socket buffers; by default what transport takes to be enough. */
	readonly bufferBytes?: number;
	/** By default the fastest that works here. */
	readonly socketDriver?: 'auto' | SocketDriver;
	/** Server proxies, at least one: where sessions go (`readDownstreamSites` reads them from words). */
	readonly sites?: readonly DownstreamSite[];
	/** After so long without a heartbeat nothing goes to a site that is known by its key; 70,000 by default. */
	readonly pinholeMs?: number;
	/** Port of the receivers, for client and response proxies; 1044 by default. */
	readonly receiverPort?: number;
	/** How long answers wait for others, in percent of a round trip of the group (10 to 100); 100 by default. */
	readonly holdPercent?: number;
	/** Sessions at the same time, 100 by default; receivers in one session, 1000 by default. */
	readonly sessionsMax?: number;
	readonly receiversMax?: number;
	/** Proxies that are told every `intervalMs` (20,000 by default) that this one is here. */
	readonly heartbeats?: { readonly to: readonly Endpoint[]; readonly intervalMs?: number };
	/** The library that encrypts; by default the best one that works here. */
	readonly cryptography?: Cryptography;
	/** Own keys; `keys[0]` signs heartbeats. By default one on prime256v1, made for this run. */
	readonly keys?: readonly PrivateKey[];
	/** Makes a key for senders that none of `keys` fits; by default `keyMaker`. */
	readonly keyFor?: ((senderKey: PublicKey) => PrivateKey | undefined) | undefined;
	/** Response proxies: curve of their own key for ECDH; by default none, and ECDH sessions are not served. */
	readonly agreementCurve?: Curve | undefined;
	/** Whose sessions are served (`readSenderList`); by default everybody's. */
	readonly senders?: readonly ListedSender[] | undefined;
	/** Which receivers are served (`readReceiverList`); by default all. Server proxies do not know them. */
	readonly receivers?: readonly AllowedReceiver[] | undefined;
	/** 64-bit id of this start in two halves; by default random. */
	readonly instance?: readonly [number, number];
}

export const PROXY_NUMBERS: NumberRules = {
	uid: UID,
	port: PORT,
	receiverPort: PORT,
	ttl: TTL,
	dscp: DSCP,
	bufferBytes: BUFFER_BYTES,
	pinholeMs: MILLISECONDS,
	holdPercent: whole(10, 100),
	sessionsMax: whole(1, 1000),
	receiversMax: whole(1, 10_000),
};

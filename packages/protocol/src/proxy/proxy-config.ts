/** What a proxy is told at its start. */
import type { Curve } from '@uftp/crypto';
import type { Endpoint } from '../ports.ts';
import type { Problem, ProblemFacts } from '../problem.ts';
import type { ReceiverSecurityConfig } from '../security-config.ts';

/**
 * One downstream of a server proxy: a client proxy, or another server proxy, that is where we say, or wherever a heartbeat
 * signed with that key came from last.
 */
export type DownstreamSite =
	| { readonly kind: 'address'; readonly endpoint: Endpoint }
	| {
			readonly kind: 'fingerprint';
			/** The 20 bytes of the downstream's key. */
			readonly fingerprint: Uint8Array;
			/** Where it was before a restart: it is challenged there at once, and served when it has signed. */
			readonly remembered?: Endpoint | undefined;
	  };

/** One line of the list of receivers that a client or response proxy serves. */
export interface AllowedReceiver {
	readonly receiverId: number;
	/** The 20 bytes of its key; then it is served in encrypted sessions that ask receivers for their key, or not at all. */
	readonly fingerprint?: Uint8Array | undefined;
}

/** Keys and lists of a proxy. `keys[0]` signs heartbeats and PROXY_KEY. */
export interface ProxySecurityConfig extends ReceiverSecurityConfig {
	/** Response proxies: the curve of their ECDH key; undefined: none is made, ECDH sessions are refused. */
	readonly agreementCurve?: Curve | undefined;
}

interface CommonProxyConfig {
	readonly proxyId: number;
	/** Own addresses and port: what comes from there is an echo. */
	readonly ownAddresses: readonly string[];
	readonly ownPort: number;
	/** 64-bit instance id in two halves, random per start. */
	readonly instance: readonly [number, number];
	/** Sessions at the same time; C's limit is 100. */
	readonly sessionsMax: number;
	/** 32-bit seed of the proxy's own random choices (nonces of challenges). */
	readonly seed: number;
	/** Proxies that are told every `intervalMs` that this one is here. */
	readonly heartbeats?: { readonly to: readonly Endpoint[]; readonly intervalMs: number } | undefined;
	/** Undefined: no key at all; only clear sessions, plain heartbeats, everybody accepted. */
	readonly security?: ProxySecurityConfig | undefined;
}

/** Forwards between the multicast groups of a sender and its downstream sites; knows no keys of sessions. */
export interface ServerProxyConfig extends CommonProxyConfig {
	readonly kind: 'server';
	readonly sites: readonly DownstreamSite[];
	/** Public groups: what arrives for others is not forwarded. The shell joins them. */
	readonly publicGroups: readonly string[];
	/** After this time without a heartbeat a site known by its fingerprint is taken to be gone. */
	readonly pinholeMs: number;
}

/** Gathers the answers of receivers; a client proxy also carries what the sender says to their network. */
export interface GatheringProxyConfig extends CommonProxyConfig {
	readonly kind: 'client' | 'response';
	/** Response proxies: where PROXY_KEY goes, and what may be announced. Client proxies: empty. */
	readonly publicGroups: readonly string[];
	/** Port of the receivers. */
	readonly receiverPort: number;
	/** Undefined: every receiver is served. */
	readonly receivers?: readonly AllowedReceiver[] | undefined;
	/**
	 * How long an answer waits for others, in percent of a GRTT: 10 to 100, and 100, as 4.10.2 does it, by default.
	 */
	readonly holdPercent: number;
	/** Receivers in one session; C's limit is 1000. */
	readonly receiversMax: number;
}

export type ProxyConfig = ServerProxyConfig | GatheringProxyConfig;

/** What may be wrong with the configuration of a proxy; `bits`: of the key in question, `key`: what it is. */
export type ProxyConfigProblem =
	| 'site-key-uncheckable'
	| 'heartbeat-key-misfit'
	| 'proxy-key-missing'
	| 'proxy-key-misfit';

/** A configuration that no proxy can be made of. */
export class ProxyConfigError extends RangeError implements Problem<ProxyConfigProblem> {
	override readonly name = 'ProxyConfigError';
	readonly code: ProxyConfigProblem;
	readonly facts: ProblemFacts;

	constructor(code: ProxyConfigProblem, facts: ProblemFacts = {}) {
		super(code);
		this.code = code;
		this.facts = facts;
	}
}

export const PROXY_DEFAULTS = {
	sessionsMax: 100,
	pinholeMs: 70_000,
	holdPercent: 100,
	receiversMax: 1000,
	heartbeatMs: 20_000,
} as const;

/**
 * Decides for a gathering proxy whether it serves a session as its ANNOUNCE secures it, and makes the keys of those that
 * it serves.
 */

import {
	describeKey,
	type EcPrivateKey,
	generateEcKey,
	importKeyBlob,
	isCompatible,
	NonceCounter,
	type PrivateKey,
	type PublicKey,
	sameFingerprint,
} from '@uftp/crypto';
import type { Announce, CommonHeader, EncInfo, Span } from '@uftp/wire';
import { assert } from '../../assert.ts';
import { KEY_OPERATIONS_PER_SECOND } from '../../limits.ts';
import type { Endpoint } from '../../ports.ts';
import { Allowance } from '../../shared/allowance.ts';
import { senderRefusal } from '../../shared/security/acceptance.ts';
import { agree } from '../../shared/security/key-agreement.ts';
import type { Agreement } from '../../shared/security/session-security.ts';
import type { GatheringProxyConfig, ProxySecurityConfig } from '../proxy-config.ts';
import { AnnounceRewriter } from './announce-rewriter.ts';
import { ProxyKeys } from './proxy-key.ts';
import { RelaySessionSecurity } from './relay-session-security.ts';

export type RelayAcceptance =
	/** In the clear if there is no security. */
	| { readonly kind: 'join'; readonly security: RelaySessionSecurity | undefined }
	/** Nobody is answered. */
	| { readonly kind: 'ignore'; readonly reason: string }
	/** A sentence for the sender. */
	| { readonly kind: 'refuse'; readonly reason: string };

/** An ANNOUNCE: its decoded content, and the datagram bytes[at .. at+length) that it stands in. */
export interface HeardAnnounce {
	readonly from: Endpoint;
	readonly header: Readonly<CommonHeader>;
	readonly announce: Announce;
	readonly bytes: Uint8Array;
	readonly at: number;
	readonly length: number;
}

/** The keys that the proxy shows to its receivers. */
interface ShownKeys {
	readonly key: PrivateKey;
	readonly agreementKey: EcPrivateKey | undefined;
}

export class RelaySecurer {
	readonly #config: GatheringProxyConfig;
	/** For what the proxy does as a receiver. */
	readonly #security: ProxySecurityConfig | undefined;
	readonly #allowance = new Allowance(KEY_OPERATIONS_PER_SECOND, 1000);
	/** Of all sessions of the proxy: one that was left and joined again has the same group key. */
	readonly #counter: NonceCounter | undefined;
	/** Response proxies that have keys: what PROXY_KEY shows. */
	readonly proxyKeys: ProxyKeys | undefined;

	/** ProxyConfigError if a response proxy has keys that it cannot show (`ProxyKeys`). */
	constructor(config: GatheringProxyConfig) {
		const { kind, security } = config;
		this.#config = config;
		this.#security = security && (kind === 'client' ? clientSecurity(security) : responseSecurity(security));
		this.#counter = security && NonceCounter.anywhere(security.random);
		const showsKeys = kind === 'response' && security !== undefined && security.keys.length > 0;
		this.proxyKeys = showsKeys ? new ProxyKeys(security) : undefined;
	}

	/** Judges an ANNOUNCE; `replaced` is the security of the session under the same group id that this one would end. */
	accept(now: number, heard: HeardAnnounce, replaced: RelaySessionSecurity | undefined): RelayAcceptance {
		const { from, header, announce } = heard;
		const security = this.#security;
		const { encInfo } = announce;
		const reason = senderRefusal(security, announce, header.sourceId, from, 'proxy');
		if (reason !== undefined) return refused(reason);
		if (replaced !== undefined && encInfo === undefined) {
			return { kind: 'ignore', reason: 'An encrypted session cannot go on in the clear' };
		}
		if (security === undefined || encInfo === undefined) return { kind: 'join', security: undefined };
		if (!this.#allowance.take(now)) return { kind: 'ignore', reason: 'Too many encrypted sessions announced at once' };
		const senderKey = keyIn(security, encInfo.publicKey);
		const misfit = senderKey && this.#misfit(senderKey, encInfo);
		if (misfit !== undefined) return refused(misfit);
		const agreement = this.#agree(security, heard, encInfo);
		if ('isForged' in agreement) {
			return { kind: agreement.isForged ? 'ignore' : 'refuse', reason: agreement.reason };
		}
		const { senderFingerprint } = agreement.facts;
		if (replaced !== undefined && !sameFingerprint(replaced.facts.senderFingerprint, senderFingerprint)) {
			return { kind: 'ignore', reason: 'An encrypted session cannot go on with another key' };
		}
		assert(senderKey !== undefined, 'keys were agreed on with a key that can be read');
		return this.#join(security, heard, encInfo, senderKey, agreement);
	}

	#agree(security: ProxySecurityConfig, heard: HeardAnnounce, encInfo: EncInfo): ReturnType<typeof agree> {
		const { header, announce, from, bytes, at, length } = heard;
		const { instance } = this.#config;
		return agree({ role: 'proxy', instance }, security, {
			encInfo,
			proxy: undefined,
			groupId: header.groupId,
			senderId: header.sourceId,
			from,
			privateAddress: announce.privateAddress,
			timestampSeconds: announce.timestamp.seconds,
			bytes,
			at,
			length,
		});
	}

	#join(
		config: ProxySecurityConfig,
		{ header, at }: HeardAnnounce,
		encInfo: EncInfo,
		senderKey: PublicKey,
		agreement: Agreement,
	): RelayAcceptance {
		assert(this.#counter !== undefined, 'a proxy with keys counts what it seals');
		const shown = this.#shownKeys(config, encInfo, senderKey, agreement);
		if (shown === undefined) return refused(misfitOf(config, senderKey));
		const { key, agreementKey } = shown;
		assert(isCompatible(key.publicKey, senderKey), 'the proxy shows a key that fits where the one of the sender stood');
		const { backend } = config;
		const isForwarding = this.#config.kind === 'client';
		const accepted = { encInfo, at, senderKey };
		const rewriter = isForwarding
			? new AnnounceRewriter(backend, agreement.suite, accepted, key, agreementKey)
			: undefined;
		const security = new RelaySessionSecurity({
			config,
			agreement,
			senderId: header.sourceId,
			key,
			agreementKey,
			rewriter,
			counter: this.#counter,
			allowance: this.#allowance,
			receiversMax: this.#config.receiversMax,
		});
		return { kind: 'join', security };
	}

	/** Why the proxy has no keys that could stand for the sender's, as a sentence; undefined if it may have. */
	#misfit(senderKey: PublicKey, { dhKey }: EncInfo): string | undefined {
		const security = this.#security;
		assert(security !== undefined, 'keys are compared where there are some');
		const isMade = security.keyFor !== undefined;
		if (!isMade && !security.keys.some((key) => isCompatible(key.publicKey, senderKey))) {
			return misfitOf(security, senderKey);
		}
		if (this.#config.kind === 'client' || dhKey.length === 0) return undefined;
		const wanted = keyIn(security, dhKey);
		if (wanted?.kind !== 'ec') return undefined;
		const own = this.proxyKeys?.agreementKey?.publicKey.curve;
		if (own === wanted.curve) return undefined;
		const have = own === undefined ? 'no ECDH key' : `an ECDH key on ${own.name}`;
		return `Proxy ECDH key not compatible with server key: the proxy has ${have}, the sender one on ${wanted.curve.name}`;
	}

	#shownKeys(
		security: ProxySecurityConfig,
		{ dhKey }: EncInfo,
		senderKey: PublicKey,
		{ ownKey }: Agreement,
	): ShownKeys | undefined {
		const fitting = ownKey ?? security.keys.find((key) => isCompatible(key.publicKey, senderKey));
		const key = fitting ?? security.keyFor?.(senderKey);
		if (key === undefined || !isCompatible(key.publicKey, senderKey)) return undefined;
		const senders = dhKey.length === 0 ? undefined : keyIn(security, dhKey);
		if (senders?.kind !== 'ec') return { key, agreementKey: undefined };
		if (this.#config.kind === 'response') return { key, agreementKey: this.proxyKeys?.agreementKey };
		return { key, agreementKey: generateEcKey(security.backend, senders.curve, security.random) };
	}
}

/** What reaches a client proxy comes from the proxy before it: the addresses in its list are not those that it sees. */
function clientSecurity(security: ProxySecurityConfig): ProxySecurityConfig {
	const senders = security.senders?.map(({ senderId, fingerprint }) => ({ senderId, fingerprint }));
	return { ...security, senders };
}

/** Its receivers know one key of a response proxy, from PROXY_KEY. */
function responseSecurity(security: ProxySecurityConfig): ProxySecurityConfig {
	return { ...security, keys: security.keys.slice(0, 1), keyFor: undefined };
}

function refused(reason: string): RelayAcceptance {
	return { kind: 'refuse', reason };
}

function keyIn({ backend }: ProxySecurityConfig, { bytes, at, length }: Span): PublicKey | undefined {
	return importKeyBlob(backend, bytes, at, length);
}

function misfitOf({ keys }: ProxySecurityConfig, senderKey: PublicKey): string {
	const own = keys.map(({ publicKey }) => describeKey(publicKey)).join('; ');
	const have = own === '' ? 'the proxy has no key' : `the proxy has ${own}`;
	return `No proxy key compatible with server key: ${have}, it needs ${describeKey(senderKey)}`;
}

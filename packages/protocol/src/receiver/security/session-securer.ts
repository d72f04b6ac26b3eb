/** Decides for a receiving node whether it takes part in a session as its ANNOUNCE secures it, and makes its keys. */
import { NonceCounter, sameFingerprint } from '@uftp/crypto';
import { type Announce, type CommonHeader, isUnspecified } from '@uftp/wire';
import { Allowance } from '../../allowance.ts';
import { KEY_OPERATIONS_PER_SECOND } from '../../limits.ts';
import type { Endpoint } from '../../ports.ts';
import type { ReceiverConfig } from '../../receiver-config.ts';
import type { Verdict } from '../announcement.ts';
import type { ResponseProxy } from '../proxied/response-proxy.ts';
import { senderRefusal } from './acceptance.ts';
import { agree } from './key-agreement.ts';
import { SessionSecurity } from './session-security.ts';

export class SessionSecurer {
	readonly #config: ReceiverConfig;
	readonly #responseProxy: ResponseProxy;
	readonly #allowance = new Allowance(KEY_OPERATIONS_PER_SECOND, 1000);
	/** Of all sessions of the node: one that was left and joined again has the same group key. */
	readonly #ivCounter: NonceCounter | undefined;
	/** The keys of the session that was accepted last; undefined in the clear. */
	security: SessionSecurity | undefined;

	constructor(config: ReceiverConfig, responseProxy: ResponseProxy) {
		this.#config = config;
		this.#responseProxy = responseProxy;
		this.#ivCounter = config.security && NonceCounter.anywhere(config.security.random);
	}

	/**
	 * Judges the ANNOUNCE in the datagram bytes[at .. at+length); after "join", `security` holds the session's keys.
	 * `replaced`: the keys of the session under the same group id that this one would end.
	 */
	accept(
		now: number,
		from: Endpoint,
		header: Readonly<CommonHeader>,
		announce: Announce,
		bytes: Uint8Array,
		at: number,
		length: number,
		replaced: SessionSecurity | undefined,
	): Verdict {
		this.security = undefined;
		const { groupId, sourceId: senderId } = header;
		const { encInfo, privateAddress, timestamp } = announce;
		const { security, instance } = this.#config;
		const reason = senderRefusal(security, announce, senderId, from, 'receiver');
		if (reason !== undefined) return { kind: 'refuse', reason };
		if (replaced !== undefined && encInfo === undefined) {
			return { kind: 'ignore', reason: 'An encrypted session cannot go on in the clear' };
		}
		if (security === undefined || encInfo === undefined) return { kind: 'join' };
		// A session that is announced to this receiver alone is none of the proxy's.
		const proxy = isUnspecified(privateAddress) ? undefined : this.#responseProxy;
		if (proxy?.endpoint !== undefined && proxy.keys === undefined) return { kind: 'wait', reason: proxy.problem };
		if (!this.#allowance.take(now)) return { kind: 'ignore', reason: 'Too many encrypted sessions announced at once' };
		const secured = { proxy: proxy?.keys, encInfo, groupId, senderId, from, privateAddress, bytes, at, length };
		const agreement = agree({ role: 'receiver', instance }, security, {
			...secured,
			timestampSeconds: timestamp.seconds,
		});
		if ('isForged' in agreement) {
			return { kind: agreement.isForged ? 'ignore' : 'refuse', reason: agreement.reason };
		}
		const { senderFingerprint } = agreement.facts;
		if (replaced !== undefined && !sameFingerprint(replaced.facts.senderFingerprint, senderFingerprint)) {
			return { kind: 'ignore', reason: 'An encrypted session cannot go on with another key' };
		}
		this.security = new SessionSecurity(security, agreement, this.#ivCounter!);
		return { kind: 'join' };
	}
}

/** Decides for a receiving node whether it takes part in a session as its ANNOUNCE secures it, and makes its keys. */
import { NonceCounter, sameFingerprint } from '@uftp/crypto';
import { isUnspecified } from '@uftp/wire';
import { assert } from '../../assert.ts';
import { KEY_OPERATIONS_PER_SECOND } from '../../limits.ts';
import type { ReceiverConfig } from '../../receiver-config.ts';
import { Allowance } from '../../shared/allowance.ts';
import { senderRefusal } from '../../shared/security/acceptance.ts';
import { agree } from '../../shared/security/key-agreement.ts';
import { SessionSecurity } from '../../shared/security/session-security.ts';
import type { HeardAnnounce, Verdict } from '../announce/announcement.ts';
import type { ResponseProxy } from '../proxied/response-proxy.ts';

export class SecurityNegotiator {
	readonly #config: ReceiverConfig;
	readonly #responseProxy: ResponseProxy;
	readonly #allowance = new Allowance(KEY_OPERATIONS_PER_SECOND, 1000);
	/** Of all sessions of the node: one that was left and joined again has the same group key. */
	readonly #ivCounter: NonceCounter | undefined;

	constructor(config: ReceiverConfig, responseProxy: ResponseProxy) {
		this.#config = config;
		this.#responseProxy = responseProxy;
		this.#ivCounter = config.security && NonceCounter.anywhere(config.security.random);
	}

	/**
	 * Judges an ANNOUNCE; a "join" brings the keys of the session. `replaced`: the keys of the session under the same
	 * group id that this one would end.
	 */
	judge(now: number, heard: HeardAnnounce, replaced: SessionSecurity | undefined): Verdict {
		const { from, header, announce, bytes, at, length } = heard;
		const { groupId, sourceId: senderId } = header;
		const { encInfo, privateAddress, timestamp } = announce;
		const { security, instance } = this.#config;
		const reason = senderRefusal(security, announce, senderId, from, 'receiver');
		if (reason !== undefined) return { kind: 'refuse', reason };
		if (replaced !== undefined && encInfo === undefined) {
			return { kind: 'ignore', reason: 'An encrypted session cannot go on in the clear' };
		}
		if (security === undefined || encInfo === undefined) return { kind: 'join', security: undefined };
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
		assert(this.#ivCounter !== undefined, 'a node with keys has a counter for its IVs');
		return { kind: 'join', security: new SessionSecurity(security, agreement, this.#ivCounter) };
	}
}

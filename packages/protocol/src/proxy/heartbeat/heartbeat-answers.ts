/**
 * What a server proxy says to heartbeats, and how its downstream sites prove their keys by them (docs/protocol.md,
 * section 12.3). Every answer is shorter than the heartbeat that it answers.
 */

import { fingerprint, importKeyBlob } from '@uftp/crypto';
import { type HbReq, spanBytes } from '@uftp/wire';
import { assert } from '../../assert.ts';
import type { DropReason } from '../../drop-reason.ts';
import type { Endpoint } from '../../ports.ts';
import { Allowance } from '../../shared/allowance.ts';
import { isNonceSigned } from '../../shared/security/nonce-signature.ts';
import { NEVER } from '../../timers.ts';
import type { DatagramQueue } from '../datagram-queue.ts';
import { ProxyConfigError, type ProxySecurityConfig, type ServerProxyConfig } from '../proxy-config.ts';
import type { DownstreamSites } from '../server/downstream-sites.ts';
import {
	HEARTBEAT_ANSWERS_PER_SECOND,
	REMEMBERED_CHALLENGES_MS,
	SIGNATURE_CHECKS_PER_SECOND,
} from '../server/server-limits.ts';
import { Challenges } from './challenges.ts';
import { composeHbResp, HeartbeatResult } from './heartbeat-datagrams.ts';

export class HeartbeatAnswers {
	readonly #proxyId: number;
	readonly #sites: DownstreamSites;
	readonly #queue: DatagramQueue;
	/** Undefined when no site has to prove anything: everybody is welcome then. */
	readonly #proof: { readonly security: ProxySecurityConfig; readonly challenges: Challenges } | undefined;
	readonly #answers = new Allowance(HEARTBEAT_ANSWERS_PER_SECOND, 1000);
	readonly #sitesAnswers = new Allowance(HEARTBEAT_ANSWERS_PER_SECOND, 1000);
	readonly #checks = new Allowance(SIGNATURE_CHECKS_PER_SECOND, 1000);
	readonly #startedAt: number;
	#challengesSent = 0;

	/** ProxyConfigError if a site is known by its key only and there is no cryptography to check it with. */
	constructor(now: number, config: ServerProxyConfig, sites: DownstreamSites, queue: DatagramQueue) {
		this.#proxyId = config.proxyId;
		this.#sites = sites;
		this.#queue = queue;
		this.#startedAt = now;
		if (!sites.needsProof) return;
		const { security } = config;
		if (security === undefined) {
			throw new ProxyConfigError('site-key-uncheckable');
		}
		this.#proof = { security, challenges: new Challenges(security.backend, security.random) };
	}

	/** A heartbeat of node `sourceId`. Why it is not taken, or undefined. */
	handleRequest(now: number, from: Endpoint, sourceId: number, message: HbReq): DropReason | undefined {
		// A flood of strangers must not close the way of a site.
		const isServed = this.#sites.isServed(from);
		const allowance = isServed || this.#sites.wasAt(from) ? this.#sitesAnswers : this.#answers;
		if (!allowance.take(now)) return 'too-many-heartbeats';
		if (this.#proof === undefined || isServed) {
			this.#sites.refresh(now, sourceId, from);
			this.#answer(from, HeartbeatResult.Ok);
			return undefined;
		}
		const { challenges } = this.#proof;
		const nonce = challenges.nonceFor(from);
		if (message.nonce !== nonce) {
			this.#answer(from, HeartbeatResult.Challenge, nonce);
			return undefined;
		}
		const { security } = this.#proof;
		const { publicKey, signature } = message;
		const site = this.#sites.withFingerprint(fingerprint(security.backend, spanBytes(publicKey)));
		if (site < 0) {
			this.#answer(from, HeartbeatResult.Failed);
			return 'heartbeat-wrong-key';
		}
		if (!this.#checks.take(now)) return 'too-many-signatures';
		const key = importKeyBlob(security.backend, publicKey.bytes, publicKey.at, publicKey.length);
		if (key === undefined || !isNonceSigned(security.backend, key, nonce, signature)) {
			this.#answer(from, HeartbeatResult.Failed);
			return 'heartbeat-forged';
		}
		assert(message.nonce === nonce, 'what proves a key is the answer to a challenge');
		challenges.spend(from);
		this.#sites.open(now, site, sourceId, from);
		this.#answer(from, HeartbeatResult.Ok);
		return undefined;
	}

	/** When those are challenged next whose address is remembered from before. */
	get deadline(): number {
		const isNeeded = this.#proof !== undefined && this.#challengesSent < REMEMBERED_CHALLENGES_MS.length;
		if (!isNeeded || this.#sites.remembered.length === 0) return NEVER;
		return this.#startedAt + REMEMBERED_CHALLENGES_MS[this.#challengesSent];
	}

	handleTimeout(now: number): void {
		if (now < this.deadline) return;
		this.#challengesSent++;
		assert(this.#challengesSent <= REMEMBERED_CHALLENGES_MS.length, 'sites are challenged a few times');
		for (const endpoint of this.#sites.remembered) {
			this.#answer(endpoint, HeartbeatResult.Challenge, this.#proof?.challenges.nonceFor(endpoint));
		}
	}

	#answer(to: Endpoint, result: HeartbeatResult, nonce = 0): void {
		assert((result === HeartbeatResult.Challenge) === (nonce !== 0), 'a challenge has a nonce, and nothing else has');
		this.#queue.push(to, composeHbResp(this.#proxyId, result, nonce));
	}
}

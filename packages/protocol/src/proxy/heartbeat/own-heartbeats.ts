/**
 * The heartbeats that a proxy sends: they hold a way open through the NAT before it, and tell the proxies that
 * they go to where this one is, with a signature if they ask for one (docs/protocol.md, section 12.3).
 */

import { type Backend, type PrivateKey, signatureBytes } from '@uftp/crypto';
import { EMPTY_SPAN, HbReqLayout, type HbResp, spanOf } from '@uftp/wire';
import { assert } from '../../assert.ts';
import type { Endpoint } from '../../ports.ts';
import { problem } from '../../problem.ts';
import { Allowance } from '../../shared/allowance.ts';
import { formatEndpoint, isSameEndpoint } from '../../shared/endpoints.ts';
import { signNonce } from '../../shared/security/nonce-signature.ts';
import { NEVER } from '../../timers.ts';
import type { DatagramQueue } from '../datagram-queue.ts';
import { type ProxyConfig, ProxyConfigError } from '../proxy-config.ts';
import type { ProxyEvent } from '../proxy-events.ts';
import { composeHbReq, HeartbeatResult } from './heartbeat-datagrams.ts';

/** So many heartbeats without any answer, and the other side counts as silent. */
const UNANSWERED_MAX = 3;
/** Challenges that are signed per second and target; more are somebody's who is not the target. */
const SIGNED_PER_SECOND = 4;

interface Signer {
	readonly backend: Backend;
	readonly key: PrivateKey;
}

interface Target {
	readonly endpoint: Endpoint;
	readonly signatures: Allowance;
	/** Heartbeats since the last answer. */
	unanswered: number;
	/** It may still say yes or no to something; a challenge may come at any time. */
	isAsked: boolean;
}

export class OwnHeartbeats {
	readonly #proxyId: number;
	readonly #intervalMs: number;
	readonly #targets: readonly Target[];
	readonly #signer: Signer | undefined;
	readonly #queue: DatagramQueue;
	readonly #emit: (event: ProxyEvent) => void;
	#saidThatNoKey = false;
	#dueAt: number;

	/**
	 * The first ones are due at once: call `handleTimeout` when `deadline` has come. ProxyConfigError if `keys[0]` has a length
	 * that does not fit into a heartbeat.
	 */
	constructor(now: number, config: ProxyConfig, queue: DatagramQueue, emit: (event: ProxyEvent) => void) {
		const { heartbeats, proxyId } = config;
		this.#proxyId = proxyId;
		this.#intervalMs = heartbeats?.intervalMs ?? NEVER;
		this.#targets = (heartbeats?.to ?? []).map((endpoint) => ({
			endpoint,
			signatures: new Allowance(SIGNED_PER_SECOND, 1000),
			unanswered: 0,
			isAsked: false,
		}));
		this.#signer = this.#targets.length > 0 ? signerOf(config) : undefined;
		this.#queue = queue;
		this.#emit = emit;
		this.#dueAt = this.#targets.length > 0 ? now : NEVER;
	}

	/** When `handleTimeout` is to be called; `NEVER` without targets. */
	get deadline(): number {
		return this.#dueAt;
	}

	handleTimeout(now: number): void {
		if (now < this.#dueAt) return;
		assert(this.#intervalMs > 0, 'heartbeats have time between them');
		this.#dueAt = now + this.#intervalMs;
		for (const target of this.#targets) {
			if (target.unanswered++ === UNANSWERED_MAX) {
				this.#emit({ kind: 'heartbeatAnswered', to: target.endpoint, result: 'silent' });
			}
			assert(target.unanswered > 0, 'a heartbeat that leaves is not answered yet');
			target.isAsked = true;
			this.#queue.push(target.endpoint, composeHbReq(this.#proxyId, 0, EMPTY_SPAN, EMPTY_SPAN));
		}
	}

	/** An HB_RESP came. False if it is from nobody who was asked, or too often: to be counted and dropped. */
	handleResponse(now: number, from: Endpoint, message: HbResp): boolean {
		const target = this.#targets.find(({ endpoint }) => isSameEndpoint(endpoint, from));
		if (target === undefined) return false;
		const { endpoint } = target;
		if (message.result === HeartbeatResult.Challenge) return this.#sign(now, target, message.nonce);
		if (!target.isAsked) return false;
		target.isAsked = false;
		target.unanswered = 0;
		const result = message.result === HeartbeatResult.Ok ? 'ok' : 'refused';
		this.#emit({ kind: 'heartbeatAnswered', to: endpoint, result });
		return true;
	}

	/** Also unasked: a proxy that has been started again wants to know at once who is there. */
	#sign(now: number, target: Target, nonce: number): boolean {
		if (!target.signatures.take(now)) return false;
		const { endpoint } = target;
		target.unanswered = 0;
		this.#emit({ kind: 'heartbeatAnswered', to: endpoint, result: 'challenged' });
		if (this.#signer === undefined) {
			this.#warnThatNoKey(endpoint);
			return true;
		}
		assert(nonce !== 0, 'a challenge is no 0');
		target.isAsked = true;
		const { backend, key } = this.#signer;
		const signature = spanOf(signNonce(backend, key, nonce));
		this.#queue.push(endpoint, composeHbReq(this.#proxyId, nonce, spanOf(key.publicKey.blob), signature));
		return true;
	}

	#warnThatNoKey(endpoint: Endpoint): void {
		if (this.#saidThatNoKey) return;
		this.#saidThatNoKey = true;
		this.#emit({ kind: 'warning', problem: problem('heartbeat-key-missing', { proxy: formatEndpoint(endpoint) }) });
	}
}

function signerOf({ security }: ProxyConfig): Signer | undefined {
	const key = security?.keys[0];
	if (security === undefined || key === undefined) return undefined;
	const { publicKey } = key;
	if ((HbReqLayout.size + publicKey.blob.length + signatureBytes(publicKey)) % 4 !== 0) {
		throw new ProxyConfigError('heartbeat-key-misfit', { bits: 8 * signatureBytes(publicKey) });
	}
	return { backend: security.backend, key };
}

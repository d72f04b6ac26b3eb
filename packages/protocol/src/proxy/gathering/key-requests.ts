/**
 * Response proxies: KEY_REQ of receivers, answered by PROXY_KEY to the public groups (docs/protocol.md, section 12.6).
 */

import { emptyHeader, encodeProxyKey, HEADER_BYTES, MAX_DATAGRAM_BYTES, MessageType, writeHeader } from '@uftp/wire';
import { assert } from '../../assert.ts';
import type { Endpoint } from '../../ports.ts';
import { NEVER } from '../../timers.ts';
import type { DatagramQueue } from '../datagram-queue.ts';
import type { GatheringProxyConfig } from '../proxy-config.ts';
import type { ProxyEvent } from '../proxy-events.ts';
import type { ProxyKeys } from '../security/proxy-key.ts';
import { PROXY_KEY_MS } from './gathering-limits.ts';

export class KeyRequests {
	readonly #config: GatheringProxyConfig;
	readonly #keys: ProxyKeys;
	readonly #queue: DatagramQueue;
	readonly #emit: (event: ProxyEvent) => void;
	#sentAt = Number.NEGATIVE_INFINITY;
	/** When a request is answered that came too soon after another one; `NEVER` if none did. */
	deadline = NEVER;

	constructor(config: GatheringProxyConfig, keys: ProxyKeys, queue: DatagramQueue, emit: (event: ProxyEvent) => void) {
		this.#config = config;
		this.#keys = keys;
		this.#queue = queue;
		this.#emit = emit;
	}

	/** Answers at once, or as soon as the last answer is long enough ago. False in the latter case. */
	handle(now: number, from: Endpoint): boolean {
		const mayAt = this.#sentAt + PROXY_KEY_MS;
		if (now < mayAt) {
			this.deadline = mayAt;
			return false;
		}
		this.#emit({ kind: 'keyRequested', from });
		this.#send(now);
		return true;
	}

	handleTimeout(now: number): void {
		if (now >= this.deadline) this.#send(now);
	}

	#send(now: number): void {
		assert(now >= this.#sentAt, 'time does not run backwards');
		this.#sentAt = now;
		this.deadline = NEVER;
		const { proxyId, publicGroups, receiverPort } = this.#config;
		const bytes = new Uint8Array(MAX_DATAGRAM_BYTES);
		writeHeader(bytes, 0, { ...emptyHeader(), func: MessageType.PROXY_KEY, sourceId: proxyId });
		const length = HEADER_BYTES + encodeProxyKey(bytes, HEADER_BYTES, this.#keys.compose());
		assert(length <= bytes.length, 'a PROXY_KEY fits into a datagram');
		for (const host of publicGroups) {
			const group = { host, port: receiverPort };
			this.#queue.push(group, bytes.slice(0, length));
			this.#emit({ kind: 'keySent', group });
		}
	}
}

/** Response proxies: KEY_REQ of receivers, answered by PROXY_KEY to the public groups (wire facts, section 14). */
import { emptyHeader, encodeProxyKey, HEADER_BYTES, MAX_DATAGRAM_BYTES, MessageType, writeHeader } from '@uftp/wire';
import type { Endpoint } from '../../ports.ts';
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

	constructor(config: GatheringProxyConfig, keys: ProxyKeys, queue: DatagramQueue, emit: (event: ProxyEvent) => void) {
		this.#config = config;
		this.#keys = keys;
		this.#queue = queue;
		this.#emit = emit;
	}

	/** False if the key has been sent a short while ago: whoever asks now has heard it, or asks again. */
	handle(now: number, from: Endpoint): boolean {
		if (now - this.#sentAt < PROXY_KEY_MS) return false;
		this.#sentAt = now;
		this.#emit({ kind: 'keyRequested', from });
		const { proxyId, publicGroups, receiverPort } = this.#config;
		const bytes = new Uint8Array(MAX_DATAGRAM_BYTES);
		writeHeader(bytes, 0, { ...emptyHeader(), func: MessageType.PROXY_KEY, sourceId: proxyId });
		const length = HEADER_BYTES + encodeProxyKey(bytes, HEADER_BYTES, this.#keys.compose());
		for (const host of publicGroups) {
			const group = { host, port: receiverPort };
			this.#queue.push(group, bytes.subarray(0, length));
			this.#emit({ kind: 'keySent', group });
		}
		return true;
	}
}

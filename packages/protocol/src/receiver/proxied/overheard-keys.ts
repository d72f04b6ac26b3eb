/**
 * PROXY_KEYs of other response proxies, which all receivers of a network hear: a proxy says its key once in a while only, and
 * a receiver that is given to another one has it then.
 */

import { assert } from '../../assert.ts';
import { OVERHEARD_KEYS_MAX, PROXY_KEYS_PER_SECOND } from '../../limits.ts';
import type { Endpoint } from '../../ports.ts';
import { Allowance } from '../../shared/allowance.ts';
import { formatEndpoint } from '../../shared/endpoints.ts';

export class OverheardKeys {
	readonly #allowance = new Allowance(PROXY_KEYS_PER_SECOND, 1000);
	/** Bodies of messages as they came, nothing in them checked, by where they came from; the latest last. */
	readonly #bodies = new Map<string, Uint8Array>();

	note(now: number, from: Endpoint, bytes: Uint8Array, at: number, length: number): void {
		if (!this.#allowance.take(now)) return;
		assert(this.#bodies.size <= OVERHEARD_KEYS_MAX, 'a bounded number of keys is kept');
		const where = formatEndpoint(from);
		this.#bodies.delete(where);
		this.#bodies.set(where, bytes.slice(at, at + length));
		if (this.#bodies.size <= OVERHEARD_KEYS_MAX) return;
		for (const oldest of this.#bodies.keys()) {
			this.#bodies.delete(oldest);
			return;
		}
	}

	of(endpoint: Endpoint): Uint8Array | undefined {
		return this.#bodies.get(formatEndpoint(endpoint));
	}

	/** What comes in its place has other keys. */
	forget(endpoint: Endpoint): void {
		this.#bodies.delete(formatEndpoint(endpoint));
	}
}

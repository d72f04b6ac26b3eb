/**
 * The nonces that a server proxy asks others to sign. They are worked out from the address that is asked, so that a flood
 * of forged heartbeats takes no memory and pushes out nobody's challenge, and an answer that was overheard is worth
 * nothing from another address. An address that has answered is asked something else the next time.
 */

import { type Backend, type Digester, HashType, type RandomBytes } from '@uftp/crypto';
import { encodeUtf8, getU32 } from '@uftp/wire';
import { assert } from '../../assert.ts';
import type { Endpoint } from '../../ports.ts';
import { PROVED_ADDRESSES_MAX } from '../server/server-limits.ts';

const SECRET_BYTES = 20;

export class Challenges {
	readonly #backend: Backend;
	readonly #random: RandomBytes;
	#secret: Digester;
	/** How many nonces an address has used up. */
	readonly #used = new Map<string, number>();

	constructor(backend: Backend, random: RandomBytes) {
		this.#backend = backend;
		this.#random = random;
		this.#secret = this.#newSecret();
	}

	/** What the proxy at this address has to sign; the same until `spend`. Never 0, which is what heartbeats without a signature say. */
	nonceFor({ host, port }: Endpoint): number {
		const address = `${host}|${port}`;
		const text = encodeUtf8(`${address}|${this.#used.get(address) ?? 0}`);
		this.#secret.compute(text, 0, text.length);
		return getU32(this.#secret.output, 0) || 1;
	}

	/** The nonce of this address has been signed: it is good no more. */
	spend({ host, port }: Endpoint): void {
		const address = `${host}|${port}`;
		if (this.#used.size >= PROVED_ADDRESSES_MAX && !this.#used.has(address)) {
			// With the counts all old nonces must go.
			this.#used.clear();
			this.#secret = this.#newSecret();
		}
		this.#used.set(address, (this.#used.get(address) ?? 0) + 1);
		assert(this.#used.size <= PROVED_ADDRESSES_MAX, 'a bounded table keeps its bound');
	}

	#newSecret(): Digester {
		return this.#backend.hmac(HashType.SHA1, this.#random(SECRET_BYTES));
	}
}

import { assert } from '../assert.ts';

/** Marsaglia's xorshift32: what spreads the answers of receivers over time. Not for secrets. */
export class Xorshift {
	#state: number;

	/** `seed`: any 32 bits. */
	constructor(seed: number) {
		// From zero it would never get away.
		this.#state = seed | 0 || 0x2545f491;
	}

	/** The next number, in (0, 1). */
	next(): number {
		let x = this.#state;
		x ^= x << 13;
		x ^= x >>> 17;
		x ^= x << 5;
		assert(x !== 0, 'xorshift never reaches zero');
		this.#state = x;
		return (x >>> 0) / 2 ** 32;
	}
}

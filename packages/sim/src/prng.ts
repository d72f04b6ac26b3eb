/** Chance from a seed (xoshiro128**): the same seed gives the same run, on every machine. */
export class Prng {
	#a: number;
	#b: number;
	#c: number;
	#d: number;

	/** `seed` is taken as 32 bits. */
	constructor(seed: number) {
		// splitmix32 spreads neighbouring seeds apart.
		let state = seed >>> 0;
		const next = () => {
			state = (state + 0x9e3779b9) >>> 0;
			let mixed = state ^ (state >>> 16);
			mixed = Math.imul(mixed, 0x21f0aaad);
			mixed ^= mixed >>> 15;
			mixed = Math.imul(mixed, 0x735a2d97);
			return (mixed ^ (mixed >>> 15)) >>> 0;
		};
		this.#a = next();
		this.#b = next();
		this.#c = next();
		this.#d = next() | 1;
	}

	/** 32 random bits. */
	uint32(): number {
		const product = Math.imul(this.#b, 5);
		const result = Math.imul((product << 7) | (product >>> 25), 9) >>> 0;
		const shifted = this.#b << 9;
		this.#c ^= this.#a;
		this.#d ^= this.#b;
		this.#b ^= this.#c;
		this.#a ^= this.#d;
		this.#c ^= shifted;
		this.#d = (this.#d << 11) | (this.#d >>> 21);
		return result;
	}

	/** Uniform in [0, 1). */
	fraction(): number {
		return this.uint32() / 2 ** 32;
	}

	/** Uniform whole number in [0, n). */
	below(n: number): number {
		return Math.floor(this.fraction() * n);
	}
}

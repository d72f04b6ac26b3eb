/** So many times in any window of time; what a flood asks for beyond that is not done. */
export class Allowance {
	readonly #times: number;
	readonly #windowMs: number;
	#windowFrom = Number.NEGATIVE_INFINITY;
	#taken = 0;

	constructor(times: number, windowMs: number) {
		this.#times = times;
		this.#windowMs = windowMs;
	}

	/** Takes one; false when all of this window are taken. */
	take(now: number): boolean {
		if (now - this.#windowFrom >= this.#windowMs) {
			this.#windowFrom = now;
			this.#taken = 0;
		}
		return this.#taken++ < this.#times;
	}
}

/**
 * Takes the swing out of a rate that follows losses (RFC 5348, section 4.5): when the round trip gets longer than it was,
 * a queue is filling, and the sender slows down at once by what a longer round trip would make of the rate anyway.
 */

/** How much the older round trips count. */
const INERTIA = 0.9;
/** The rate never falls by more than this for it. */
const FACTOR_MIN = 0.5;

export class Damping {
	/** Smoothed square root of the round trip times; 0 before the first. */
	#rootMean = 0;
	#root = 0;

	/** The limiting receiver's round trip took so long. */
	sample(rttMs: number): void {
		this.#root = Math.sqrt(rttMs);
		this.#rootMean = this.#rootMean === 0 ? this.#root : INERTIA * this.#rootMean + (1 - INERTIA) * this.#root;
	}

	/** Another receiver limits the rate: its round trips say nothing about those before. */
	reset(): void {
		this.#rootMean = 0;
	}

	/** What the rate is to be multiplied by: 1 while the round trip is as long as ever, or shorter. */
	get factor(): number {
		if (this.#rootMean === 0) return 1;
		return Math.min(1, Math.max(FACTOR_MIN, this.#rootMean / this.#root));
	}
}

/**
 * Which packets of one source have been opened already, by their 64-bit IV counters: a window over the latest ones, so
 * that no recorded packet is ever taken twice. UFTP 4.x itself looks only at the 16-bit sequence.
 *
 * A packet is looked up before it is opened and noted only after it has proved genuine. Allocates nothing.
 */
export class ReplayWindow {
	readonly #seen: Uint8Array;
	readonly #size: number;
	#highest = 0;

	/** `size` counters behind the highest one are told apart, a power of two from 8 on; older packets are refused. */
	constructor(size: number) {
		this.#size = size;
		this.#seen = new Uint8Array(size >> 3);
	}

	/** Whether the counter, given in two halves of 32 bits, is new: neither noted nor too far behind. */
	isFresh(high: number, low: number): boolean {
		const counter = high * 0x1_0000_0000 + low;
		// Every node counts up before it uses a counter, so 0 is never used; what no number can hold never will be.
		if (counter === 0 || counter > Number.MAX_SAFE_INTEGER) return false;
		const behind = this.#highest - counter;
		if (behind < 0) return true;
		if (behind >= this.#size) return false;
		const bit = counter % this.#size;
		return (this.#seen[bit >> 3] & (1 << (bit & 7))) === 0;
	}

	/** Notes a counter that was fresh and whose packet is genuine. */
	note(high: number, low: number): void {
		const counter = high * 0x1_0000_0000 + low;
		if (counter > this.#highest) this.#moveTo(counter);
		const bit = counter % this.#size;
		this.#seen[bit >> 3] |= 1 << (bit & 7);
	}

	#moveTo(counter: number): void {
		const steps = counter - this.#highest;
		if (steps >= this.#size) this.#seen.fill(0);
		else {
			for (let skipped = this.#highest + 1; skipped <= counter; skipped++) {
				const bit = skipped % this.#size;
				this.#seen[bit >> 3] &= ~(1 << (bit & 7));
			}
		}
		this.#highest = counter;
	}
}

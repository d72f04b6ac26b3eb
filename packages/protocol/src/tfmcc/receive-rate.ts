/**
 * How many bytes came in the last four GRTT, as a rate (docs/protocol.md, section 10.3). Hot: `add` allocates nothing.
 */

const WINDOW_GRTT = 4;
const SLOTS_PER_GRTT = 4;
const SLOTS = WINDOW_GRTT * SLOTS_PER_GRTT;

export class ReceiveRate {
	/** Bytes per slot of time; the slot of `#slot` is the present one. */
	readonly #bytes = new Float64Array(SLOTS);
	#slotMs: number;
	#slot = 0;
	#slotEndsAt = Number.NaN;
	#firstAt = Number.NaN;

	constructor(grttMs: number) {
		this.#slotMs = grttMs / SLOTS_PER_GRTT;
	}

	/** Something came. */
	get hasBytes(): boolean {
		return !Number.isNaN(this.#firstAt);
	}

	add(now: number, bytes: number): void {
		if (Number.isNaN(this.#firstAt)) {
			this.#firstAt = now;
			this.#slotEndsAt = now + this.#slotMs;
		}
		this.#turn(now);
		this.#bytes[this.#slot] += bytes;
	}

	/** The GRTT has changed: what was seen is spread over the new window. */
	setGrtt(now: number, grttMs: number): void {
		const slotMs = grttMs / SLOTS_PER_GRTT;
		if (slotMs === this.#slotMs) return;
		if (this.hasBytes) {
			this.#turn(now);
			const share = (this.#sum() / SLOTS) * (slotMs / this.#slotMs);
			this.#bytes.fill(share);
			this.#slotEndsAt = now + slotMs;
		}
		this.#slotMs = slotMs;
	}

	/** Bytes per second over the window; over the time since the first byte (one GRTT at least) when that is shorter. */
	bytesPerSecond(now: number): number {
		if (!this.hasBytes) return 0;
		this.#turn(now);
		const grttMs = SLOTS_PER_GRTT * this.#slotMs;
		// Of the present slot only a part has passed.
		const windowMs = WINDOW_GRTT * grttMs - (this.#slotEndsAt - now);
		const spanMs = Math.min(windowMs, Math.max(grttMs, now - this.#firstAt));
		return (this.#sum() / spanMs) * 1000;
	}

	#sum(): number {
		let sum = 0;
		for (let i = 0; i < SLOTS; i++) sum += this.#bytes[i];
		return sum;
	}

	#turn(now: number): void {
		if (now - this.#slotEndsAt > SLOTS * this.#slotMs) {
			this.#bytes.fill(0);
			this.#slotEndsAt = now + this.#slotMs;
			return;
		}
		while (now >= this.#slotEndsAt) {
			this.#slot = (this.#slot + 1) % SLOTS;
			this.#bytes[this.#slot] = 0;
			this.#slotEndsAt += this.#slotMs;
		}
	}
}

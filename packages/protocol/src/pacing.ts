/**
 * When the next bytes may leave. A rate is kept over any second although the process is woken late now and then, and no
 * burst is ever longer than 2 ms of the rate.
 */

/** No burst carries more than this much of the rate's time (a single packet always may go). */
const BURST_MS = 2;
/** Wake-ups are asked for in steps of this, so that one wake-up sends several packets at high rates. */
const STEP_MS = 0.5;
/** Time lost to late wake-ups that is made up for, and how much faster than the rate that may be. */
const DEBT_MS_MAX = 200;
const CATCH_UP = 0.25;

export class Pacer {
	#bytesPerMs: number;
	/** Bytes that may leave now, and bytes that should have left already but would not have fit into a burst. */
	#credit = 0;
	#debt = 0;
	#at = 0;
	#packetBytes = 0;

	/** `rateBytesPerSecond` counts bytes as docs/protocol.md, section 8.2, does. */
	constructor(rateBytesPerSecond: number) {
		this.#bytesPerMs = rateBytesPerSecond / 1000;
	}

	get rateBytesPerSecond(): number {
		return this.#bytesPerMs * 1000;
	}

	setRate(now: number, rateBytesPerSecond: number): void {
		this.#refill(now);
		this.#bytesPerMs = rateBytesPerSecond / 1000;
		this.#credit = Math.min(this.#credit, this.#bytesPerMs * BURST_MS);
		this.#debt = Math.min(this.#debt, this.#bytesPerMs * DEBT_MS_MAX);
	}

	/** Starts afresh after a pause: nothing is owed for the time in which there was nothing to send. */
	restart(now: number): void {
		this.#at = now;
		this.#credit = 0;
		this.#debt = 0;
	}

	/** How many packets of `packetBytes` may leave now: at least one as soon as the last ones have had their time. */
	packetsNow(now: number, packetBytes: number): number {
		this.#packetBytes = packetBytes;
		this.#refill(now);
		if (this.#sendsBursts) return Math.max(0, Math.floor(this.#credit / packetBytes));
		return this.#credit < 0 ? 0 : Math.max(1, Math.floor(this.#credit / packetBytes));
	}

	/** Counts bytes that have left. */
	charge(bytes: number): void {
		this.#credit -= bytes;
	}

	/** When to ask again. */
	nextAt(now: number, packetBytes: number): number {
		this.#packetBytes = packetBytes;
		this.#refill(now);
		// A single packet leaves when the one before has had its time (credit 0); bursts wait for a step's worth.
		const step = this.#bytesPerMs * STEP_MS;
		const wanted = this.#sendsBursts ? step : 0;
		if (this.#credit >= wanted) return now;
		const speed = this.#bytesPerMs * (this.#debt > 0 ? 1 + CATCH_UP : 1);
		// At least a microsecond, or rounding would have the caller ask again at the same time for ever.
		return now + Math.max(0.001, (wanted - this.#credit) / speed);
	}

	/** At high rates packets leave in bursts of a step's worth, at low ones each by itself. */
	get #sendsBursts(): boolean {
		return this.#bytesPerMs * STEP_MS > this.#packetBytes;
	}

	#refill(now: number): void {
		const elapsed = now - this.#at;
		if (elapsed <= 0) return;
		this.#at = now;
		this.#credit += elapsed * this.#bytesPerMs;
		const extra = Math.min(this.#debt, elapsed * this.#bytesPerMs * CATCH_UP);
		this.#credit += extra;
		this.#debt -= extra;
		// A single packet leaves before its time has come, so that much less may be saved up.
		const early = this.#sendsBursts ? 0 : this.#packetBytes;
		const depth = Math.max(0, this.#bytesPerMs * BURST_MS - early);
		if (this.#credit > depth) {
			this.#debt = Math.min(this.#debt + this.#credit - depth, this.#bytesPerMs * DEBT_MS_MAX);
			this.#credit = depth;
		}
	}
}

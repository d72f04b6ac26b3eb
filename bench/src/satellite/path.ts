/** What a path does to frames in one direction. */
export interface PathOptions {
	readonly delayMs: number;
	readonly bitsPerSecond: number;
	/** What may wait before the link, as time on it. */
	readonly queueMs: number;
	/** Share of the frames that is lost, 0 to 1. */
	readonly loss: number;
	/** Of the generator of losses; not 0. */
	readonly seed: number;
}

/** What happened to the frames so far. */
export interface PathCounts {
	frames: number;
	/** Without Ethernet headers, of what was carried or lost on the way. */
	bytes: number;
	/** Had no room in the queue. */
	overflowed: number;
	lost: number;
}

interface Underway {
	readonly frame: Uint8Array;
	readonly dueMs: number;
}

/**
 * One direction of a path: a link of a fixed rate with a bounded queue before it, a delay, and losses that a seed makes
 * repeatable. Pure: time is an argument.
 */
export class Path {
	readonly counts: PathCounts = { frames: 0, bytes: 0, overflowed: 0, lost: 0 };
	readonly #options: PathOptions;
	readonly #underway: Underway[] = [];
	#first = 0;
	#freeAtMs = 0;
	#random: number;

	constructor(options: PathOptions) {
		this.#options = options;
		// Small seeds would begin with small numbers, so with losses.
		this.#random = Math.imul(options.seed, 2_654_435_761) >>> 0 || 1;
		for (let i = 0; i < 8; i++) this.#draw();
	}

	/** Takes a frame of so many bytes on the link at `nowMs`. */
	enter(frame: Uint8Array, bytes: number, nowMs: number): void {
		const { bitsPerSecond, queueMs, loss, delayMs } = this.#options;
		const startMs = Math.max(nowMs, this.#freeAtMs);
		if (startMs - nowMs > queueMs) {
			this.counts.overflowed++;
			return;
		}
		this.#freeAtMs = startMs + (8000 * bytes) / bitsPerSecond;
		this.counts.frames++;
		this.counts.bytes += bytes;
		if (this.#draw() < loss) this.counts.lost++;
		else this.#underway.push({ frame, dueMs: this.#freeAtMs + delayMs });
	}

	/** The next frame that has arrived by `nowMs`, or undefined. */
	leave(nowMs: number): Uint8Array | undefined {
		const next = this.#underway[this.#first];
		if (next === undefined || next.dueMs > nowMs) return undefined;
		this.#first++;
		if (this.#first > 1000) {
			this.#underway.splice(0, this.#first);
			this.#first = 0;
		}
		return next.frame;
	}

	#draw(): number {
		this.#random ^= this.#random << 13;
		this.#random ^= this.#random >>> 17;
		this.#random ^= this.#random << 5;
		return (this.#random >>> 0) / 0x1_0000_0000;
	}
}

/** Which samples of a progress are worth an event: the first and the last always, between them one for each interval. */
export class ProgressThrottle {
	readonly #intervalMs: number;
	readonly #last = new Map<string, { atMs: number; percent: number }>();

	constructor(intervalMs = 1000) {
		this.#intervalMs = intervalMs;
	}

	/**
	 * True if the sample is due. `key` is what progresses (a session and a file), `nowMs` a clock that does not go back.
	 * Between the first and the last (100 percent) a sample also has to be different from the one before.
	 */
	isDue(key: string, nowMs: number, percent: number): boolean {
		const last = this.#last.get(key);
		const isDue =
			last === undefined ||
			(percent >= 100 && last.percent < 100) ||
			(nowMs - last.atMs >= this.#intervalMs && percent !== last.percent);
		if (isDue) this.#last.set(key, { atMs: nowMs, percent });
		return isDue;
	}

	/** The work is over, however it ended: forgets it. */
	forget(key: string): void {
		this.#last.delete(key);
	}
}

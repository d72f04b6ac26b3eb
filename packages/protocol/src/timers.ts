/** A small table of named deadlines; a session has one, and its names say what each timer is for. */

/** No deadline. */
export const NEVER = Number.POSITIVE_INFINITY;

/** Deadlines by number: name them with a const object `{ Resend: 0, Silence: 1, ... }`. */
export class TimerTable {
	readonly #deadlines: Float64Array;

	constructor(count: number) {
		this.#deadlines = new Float64Array(count).fill(NEVER);
	}

	set(timer: number, deadline: number): void {
		this.#deadlines[timer] = deadline;
	}

	/** Sets the timer unless it already runs. */
	setIfIdle(timer: number, deadline: number): void {
		if (this.#deadlines[timer] === NEVER) this.#deadlines[timer] = deadline;
	}

	clear(timer: number): void {
		this.#deadlines[timer] = NEVER;
	}

	clearAll(): void {
		this.#deadlines.fill(NEVER);
	}

	/** The timer's deadline, `NEVER` when it does not run. */
	deadline(timer: number): number {
		return this.#deadlines[timer];
	}

	isRunning(timer: number): boolean {
		return this.#deadlines[timer] !== NEVER;
	}

	/** True, once, when the timer's time has come: it is cleared. */
	takeDue(timer: number, now: number): boolean {
		if (this.#deadlines[timer] > now) return false;
		this.#deadlines[timer] = NEVER;
		return true;
	}

	/** Stretches or shrinks what is left of a running timer, as a receiver does when the GRTT changes. */
	rescale(timer: number, now: number, factor: number): void {
		const left = this.#deadlines[timer] - now;
		if (left > 0 && left !== NEVER) this.#deadlines[timer] = now + left * factor;
	}

	/** The earliest deadline, `NEVER` when nothing runs. */
	next(): number {
		let earliest = NEVER;
		for (let i = 0; i < this.#deadlines.length; i++) {
			if (this.#deadlines[i] < earliest) earliest = this.#deadlines[i];
		}
		return earliest;
	}
}

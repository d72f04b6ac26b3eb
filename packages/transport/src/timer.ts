import { TimerDescriptor } from '@uftp/native';
import { monotonicMs } from './clock.ts';

/** What a timer of the runtime can wait at most in one go. */
const MAX_TIMEOUT_MS = 2 ** 31 - 1;

/**
 * One deadline at a time, met within about a tenth of a millisecond where the kernel's timers can be reached, within
 * one or two milliseconds elsewhere. Never fires early. Keeps the process alive from the first `arm` until `close`.
 */
export class PreciseTimer {
	#listener: () => void = () => undefined;
	#kernelTimer: TimerDescriptor | undefined;
	#timeout: ReturnType<typeof setTimeout> | undefined;
	#deadlineMs = Number.POSITIVE_INFINITY;
	#isOpen = false;
	#isClosed = false;
	readonly #isPortable: boolean;

	/** @param options.isPortable use the runtime's timers even where better ones are at hand */
	constructor(options: { readonly isPortable?: boolean } = {}) {
		this.#isPortable = options.isPortable ?? false;
	}

	/** Called when the deadline has passed, once per `arm`, never from inside `arm`. */
	onFire(listener: () => void): void {
		this.#listener = listener;
	}

	/** Sets the deadline, in the time of `monotonicMs`, in place of the one before. Infinity is `cancel`. */
	arm(deadlineMs: number): void {
		if (deadlineMs === this.#deadlineMs || this.#isClosed) return;
		this.#deadlineMs = deadlineMs;
		if (deadlineMs === Number.POSITIVE_INFINITY) this.#stop();
		else this.#wait();
	}

	cancel(): void {
		this.arm(Number.POSITIVE_INFINITY);
	}

	/** Ends the timer for good. */
	close(): void {
		this.#stop();
		this.#deadlineMs = Number.POSITIVE_INFINITY;
		this.#isClosed = true;
		this.#kernelTimer?.close();
	}

	#wait(): void {
		if (!this.#isOpen) {
			this.#isOpen = true;
			if (!this.#isPortable) this.#kernelTimer = TimerDescriptor.open(() => this.#check());
		}
		const delayMs = Math.max(this.#deadlineMs - monotonicMs(), 0);
		if (this.#kernelTimer !== undefined) {
			this.#kernelTimer.set(delayMs);
			return;
		}
		clearTimeout(this.#timeout);
		this.#timeout = setTimeout(() => this.#check(), Math.min(Math.ceil(delayMs), MAX_TIMEOUT_MS));
	}

	#stop(): void {
		clearTimeout(this.#timeout);
		this.#kernelTimer?.clear();
	}

	/** A timer that went off may be one that was replaced since, or early by a rounding: then waits on. */
	#check(): void {
		if (this.#deadlineMs === Number.POSITIVE_INFINITY) return;
		if (monotonicMs() < this.#deadlineMs) {
			this.#wait();
			return;
		}
		this.#deadlineMs = Number.POSITIVE_INFINITY;
		this.#listener();
	}
}

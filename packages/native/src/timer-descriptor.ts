import { DescriptorEvents, openTimerDescriptor } from './event-descriptor.ts';
import { type Libc, loadLibc } from './libc.ts';
import { Memory } from './memory.ts';

const PR_SET_TIMERSLACK = 29;

/**
 * A one-shot kernel timer with microseconds of precision, waited for in the runtime's event loop. The thread's timer
 * slack is set to its minimum: the default of 50 microseconds would be added to every wait.
 */
export class TimerDescriptor {
	readonly #libc: Libc;
	readonly #descriptor: number;
	readonly #events: DescriptorEvents;
	/** struct itimerspec: interval (seconds, nanoseconds), value (seconds, nanoseconds). */
	readonly #memory = new Memory(32);
	#isClosed = false;

	private constructor(libc: Libc, descriptor: number, onFire: () => void) {
		this.#libc = libc;
		this.#descriptor = descriptor;
		this.#events = new DescriptorEvents(descriptor, onFire);
	}

	/** Undefined where there are no kernel timers; then use the runtime's. */
	static open(onFire: () => void): TimerDescriptor | undefined {
		const { libc } = loadLibc();
		if (libc === undefined) return undefined;
		const descriptor = openTimerDescriptor(libc);
		if (descriptor < 0) return undefined;
		libc.prctl(PR_SET_TIMERSLACK, 1, 0, 0, 0);
		return new TimerDescriptor(libc, descriptor, onFire);
	}

	/** Fires once, `delayMs` from now (fractions count; at least a microsecond). Replaces what was set before. */
	set(delayMs: number): void {
		if (this.#isClosed) return;
		const nanoseconds = Math.max(Math.round(delayMs * 1e6), 1000);
		this.#memory.setLong(16, Math.floor(nanoseconds / 1e9));
		this.#memory.setLong(24, nanoseconds % 1e9);
		this.#libc.timerfd_settime(this.#descriptor, 0, this.#memory.address, 0);
		this.#events.start();
	}

	/** Unsets the timer. It may have fired already: whoever listens checks the time. */
	clear(): void {
		if (this.#isClosed) return;
		this.#memory.bytes.fill(0);
		this.#libc.timerfd_settime(this.#descriptor, 0, this.#memory.address, 0);
	}

	/** Releases the timer; it does not fire any more and does not keep the process alive. */
	close(): void {
		if (this.#isClosed) return;
		this.clear();
		this.#isClosed = true;
		void this.#events.stop().then(() => this.#libc.close(this.#descriptor));
	}
}

import { errno, type Libc } from './libc.ts';

const NONBLOCK = 0o4000;
const CLOEXEC = 0o2000000;
const CLOCK_MONOTONIC = 1;

/** A new eventfd at 0, or minus the error number. */
export function openEventDescriptor(libc: Libc): number {
	const descriptor = libc.eventfd(0, NONBLOCK | CLOEXEC);
	return descriptor < 0 ? -errno(libc) : descriptor;
}

/** A new timerfd on the monotonic clock, or minus the error number. */
export function openTimerDescriptor(libc: Libc): number {
	const descriptor = libc.timerfd_create(CLOCK_MONOTONIC, NONBLOCK | CLOEXEC);
	return descriptor < 0 ? -errno(libc) : descriptor;
}

/** Where the runtime's stream ends up: bytes, or the end. */
interface DescriptorReader {
	read(): Promise<{ readonly done: boolean }>;
	cancel(): Promise<void>;
}

/**
 * Waits, in the runtime's own event loop and without polling, for a non-blocking eventfd or timerfd to fire, again and
 * again. That the runtime's file streams do this is not documented: whoever relies on it tests it first
 * (the start-up test of `transport`).
 */
export class DescriptorEvents {
	readonly #descriptor: number;
	readonly #onEvent: () => void;
	#reader: DescriptorReader | undefined;

	constructor(descriptor: number, onEvent: () => void) {
		this.#descriptor = descriptor;
		this.#onEvent = onEvent;
	}

	/** Starts waiting; keeps the process alive until `stop`. Twice is harmless. */
	start(): void {
		if (this.#reader !== undefined) return;
		this.#reader = Bun.file(this.#descriptor).stream().getReader();
		void this.#pump(this.#reader);
	}

	/** Stops waiting. The descriptor stays open. Resolves when the runtime has let go of it. */
	async stop(): Promise<void> {
		const reader = this.#reader;
		this.#reader = undefined;
		await reader?.cancel().catch(() => undefined);
	}

	async #pump(reader: DescriptorReader): Promise<void> {
		while (this.#reader === reader) {
			let done: boolean;
			try {
				({ done } = await reader.read());
			} catch {
				done = true;
			}
			if (done || this.#reader !== reader) return;
			try {
				this.#onEvent();
			} catch (error) {
				reportError(error);
			}
			// What has fired again meanwhile is read by the runtime in a microtask: without this turn of the event loop,
			// a busy descriptor would keep everything else of the process from running.
			await new Promise((resolve) => setImmediate(resolve));
		}
	}
}

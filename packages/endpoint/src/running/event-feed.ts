import { reportFault } from './fault-log.ts';

/** Most events that wait for a reader of the asynchronous iterator; the oldest give way, and `missed` counts them. */
const WAITING_EVENTS_MAX = 4096;

/**
 * The events of a running endpoint: for listeners, which are called at once, and for `for await`, which may lag behind
 * and ends with the endpoint. What a listener throws is thrown on to whoever emits: it counts as a fault of the session
 * that the event belongs to.
 */
export class EventFeed<Event> implements AsyncIterable<Event> {
	readonly #listeners = new Set<(event: Event) => void>();
	#isOver = false;
	#missed = 0;
	readonly #ends = new Set<() => void>();
	readonly #onLateFault: (error: unknown) => void;

	/** `onLateFault`: what an asynchronous listener rejected with; by default it is written to the error output. */
	constructor(onLateFault = (error: unknown): void => reportFault(undefined, { error, groupId: undefined })) {
		this.#onLateFault = onLateFault;
	}

	/** Events that readers of iterators have missed because they were too slow. */
	get missed(): number {
		return this.#missed;
	}

	/** Calls `listener` for every event from now on; returns how to stop that. */
	on(listener: (event: Event) => void): () => void {
		this.#listeners.add(listener);
		return () => this.#listeners.delete(listener);
	}

	/** For the endpoint: something has happened. */
	emit(event: Event): void {
		if (this.#isOver) return;
		for (const listener of this.#listeners) {
			const returned: unknown = listener(event);
			if (returned instanceof Promise) returned.catch(this.#onLateFault);
		}
	}

	/** For the endpoint: nothing will happen any more. Iterators end when they have given what waits. */
	end(): void {
		this.#isOver = true;
		for (const end of this.#ends) end();
		this.#listeners.clear();
	}

	async *[Symbol.asyncIterator](): AsyncGenerator<Event, void, undefined> {
		const waiting: Event[] = [];
		let wake = (): void => {};
		const stop = this.on((event) => {
			if (waiting.length === WAITING_EVENTS_MAX) {
				waiting.shift();
				this.#missed++;
			}
			waiting.push(event);
			wake();
		});
		const end = (): void => wake();
		this.#ends.add(end);
		try {
			for (;;) {
				for (let event = waiting.shift(); event !== undefined; event = waiting.shift()) yield event;
				if (this.#isOver) return;
				await new Promise<void>((resolve) => {
					wake = resolve;
				});
			}
		} finally {
			stop();
			this.#ends.delete(end);
		}
	}
}

/** Calls a program's event hook: one event at a time, in order, however long it takes within the limit. */
import { withinLimit } from './within-limit.ts';

/** Events that wait for a hook that is busy; what comes beyond them is left out and counted. */
const EVENTS_WAITING_MAX = 65_536;

/** Which hook, how long it may take, and what becomes of what it throws. */
export interface EventHookOptions<Event> {
	/** May return a promise: the next event waits until it has settled. */
	readonly call: (event: Event) => unknown;
	/** Milliseconds that one call may take. */
	readonly callMsMax: number;
	/** What the hook threw, or rejected with, later than in `put`; or that it was too slow. Then it is not called again. */
	readonly onFault: (error: unknown) => void;
}

/** Calls one hook with one event after the other. */
export class EventHook<Event> {
	readonly #options: EventHookOptions<Event>;
	#waiting: Event[] = [];
	#isBusy = false;
	#isClosed = false;
	#whenIdle: (() => void) | undefined;
	/** Events that were left out. */
	dropped = 0;

	constructor(options: EventHookOptions<Event>) {
		this.#options = options;
	}

	/** Calls the hook, now if it is free. Throws what the hook throws. */
	put(event: Event): void {
		if (this.#isClosed) return;
		if (!this.#isBusy) this.#call(event);
		else if (this.#waiting.length < EVENTS_WAITING_MAX) this.#waiting.push(event);
		else this.dropped++;
	}

	/** Resolves when the hook has had every event, or is closed. */
	async idle(): Promise<void> {
		if (!this.#isBusy) return;
		await new Promise<void>((resolve) => {
			this.#whenIdle = resolve;
		});
	}

	/** The hook is not called again. */
	close(): void {
		this.#isClosed = true;
		this.#waiting = [];
		this.#isBusy = false;
		this.#whenIdle?.();
	}

	#call(event: Event): void {
		const answer = this.#options.call(event);
		if (!(answer instanceof Promise)) return;
		this.#isBusy = true;
		withinLimit('The event hook', answer, this.#options.callMsMax).then(
			() => this.#next(),
			(error) => this.#fault(error),
		);
	}

	#next(): void {
		if (this.#isClosed) return;
		this.#isBusy = false;
		const waiting = this.#waiting;
		this.#waiting = [];
		try {
			// While the hook is busy with one of them, `put` queues the others anew, in their order.
			for (const event of waiting) this.put(event);
		} catch (error) {
			this.#fault(error);
			return;
		}
		if (!this.#isBusy) this.#whenIdle?.();
	}

	#fault(error: unknown): void {
		if (this.#isClosed) return;
		this.#isClosed = true;
		// Before `idle` resolves: whoever waits for the hook must not take this for its success.
		this.#options.onFault(error);
		this.close();
	}
}

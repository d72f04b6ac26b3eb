import { AioPollQueue } from './aio-poll-queue.ts';
import { errnoSentence } from './errno.ts';
import { DescriptorEvents, openEventDescriptor } from './event-descriptor.ts';
import { type Libc, loadLibc } from './libc.ts';
import { MAX_WATCHES, type PollMechanism, type PollQueue } from './poll-queue.ts';
import { RingPollQueue } from './ring-poll-queue.ts';

/** One watched descriptor. */
export interface Watch {
	/**
	 * From inside the listener: the next call comes no sooner than after `ms` milliseconds (1 at least), so that more can
	 * gather. Without effect at other times.
	 */
	rest(ms: number): void;
	/** Stops watching. Must be called before the descriptor is closed. */
	close(): void;
}

interface WatchState {
	readonly descriptor: number;
	readonly listener: () => void;
	readonly tag: number;
	isClosed: boolean;
	/** A poll request is with the kernel. */
	isArmed: boolean;
	/** Milliseconds to leave the descriptor alone before it is polled again. */
	restMs: number;
}

/** Either the readiness of this thread, or a sentence that says why there is none. */
export type ReadinessResult =
	| { readonly readiness: Readiness; readonly why?: undefined }
	| { readonly readiness?: undefined; readonly why: string };

let shared: ReadinessResult | undefined;

/** The one `Readiness` of this thread, made at the first call by the better mechanism that works. Never throws. */
export function openReadiness(): ReadinessResult {
	if (shared !== undefined) return shared;
	shared = makeReadiness('io_uring');
	// Forbidden in most containers.
	if (shared.readiness === undefined) shared = makeReadiness('aio');
	return shared;
}

/** For whoever finds that the better mechanism is there and does not do what it promises: the other one from now on. */
export function openOtherReadiness(): ReadinessResult {
	shared = makeReadiness('aio');
	return shared;
}

/** A `Readiness` of its own, by one mechanism. */
export function makeReadiness(mechanism: PollMechanism): ReadinessResult {
	const { libc, why } = loadLibc();
	if (libc === undefined) return { why };
	const notify = openEventDescriptor(libc);
	if (notify < 0) return { why: `no eventfd: ${errnoSentence(-notify)}` };
	const queue = mechanism === 'io_uring' ? RingPollQueue.open(libc, notify) : AioPollQueue.open(libc, notify);
	if (typeof queue === 'number') {
		libc.close(notify);
		return { why: `no asynchronous polling (${mechanism}): ${errnoSentence(queue)}` };
	}
	return { readiness: new Readiness(libc, queue, notify, mechanism) };
}

/**
 * Calls listeners when descriptors that the runtime knows nothing of become readable, out of its event loop, with one
 * eventfd for all of them. Level-triggered: a listener that leaves something unread is called again in a later turn.
 * The process stays alive while anything is watched.
 */
export class Readiness {
	readonly libc: Libc;
	readonly mechanism: PollMechanism;
	readonly #queue: PollQueue;
	readonly #events: DescriptorEvents;
	readonly #watches: (WatchState | undefined)[] = [];
	readonly #tags = new Float64Array(64);
	#count = 0;
	#generation = 0;

	constructor(libc: Libc, queue: PollQueue, notify: number, mechanism: PollMechanism) {
		this.libc = libc;
		this.mechanism = mechanism;
		this.#queue = queue;
		this.#events = new DescriptorEvents(notify, () => this.#dispatch());
	}

	/** Watches `descriptor`. Undefined, with the reason as a sentence, where the kernel refuses. */
	watch(descriptor: number, listener: () => void): Watch | string {
		let request = 0;
		while (this.#watches[request] !== undefined) request += 1;
		if (request >= MAX_WATCHES) return `more than ${MAX_WATCHES} sockets are watched`;
		this.#generation += 1;
		const tag = this.#generation * MAX_WATCHES + request;
		const state: WatchState = { descriptor, listener, tag, isClosed: false, isArmed: true, restMs: 0 };
		const error = this.#queue.submit(request, descriptor, tag);
		if (error !== 0) return `the kernel does not watch the socket: ${errnoSentence(error)}`;
		this.#watches[request] = state;
		this.#count += 1;
		this.#events.start();
		const rest = (ms: number) => {
			if (!state.isArmed) state.restMs = ms;
		};
		return { rest, close: () => this.#close(request, state) };
	}

	#close(request: number, state: WatchState): void {
		if (state.isClosed) return;
		state.isClosed = true;
		if (state.isArmed) this.#queue.cancel(request, state.tag);
		this.#watches[request] = undefined;
		this.#count -= 1;
		if (this.#count === 0) void this.#events.stop();
	}

	#dispatch(): void {
		const tags = this.#tags;
		let count: number;
		do {
			count = this.#queue.reap(tags);
			for (let i = 0; i < count; i += 1) {
				const state = this.#stateOf(tags[i]);
				if (state !== undefined) state.isArmed = false;
			}
			for (let i = 0; i < count; i += 1) this.#notify(tags[i]);
			// More than one round can carry is not told a second time by the eventfd. The rest, with what was armed again
			// and is readable at once, waits for the next turn.
		} while (count === tags.length);
	}

	/** Undefined for a watch that was closed meanwhile, be it by a listener of this very round. */
	#stateOf(tag: number): WatchState | undefined {
		const state = this.#watches[tag % MAX_WATCHES];
		return state?.tag === tag ? state : undefined;
	}

	#notify(tag: number): void {
		const state = this.#stateOf(tag);
		if (state === undefined) return;
		try {
			state.listener();
		} catch (error) {
			reportError(error);
		}
		const { restMs } = state;
		state.restMs = 0;
		if (restMs > 0) setTimeout(() => this.#arm(tag), restMs);
		else this.#arm(tag);
	}

	#arm(tag: number): void {
		const state = this.#stateOf(tag);
		if (state === undefined || state.isClosed) return;
		this.#queue.submit(tag % MAX_WATCHES, state.descriptor, tag);
		state.isArmed = true;
	}
}

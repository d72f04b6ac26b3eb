import { errno, type Libc } from './libc.ts';
import { Memory, mapShared } from './memory.ts';
import { MAX_WATCHES, type PollQueue } from './poll-queue.ts';

/** System call numbers: the same on x86-64 and arm64. */
const Call = { setup: 425, enter: 426, register: 427 } as const;

const SUBMISSIONS = 8;
/** Room for every watch and the cancellation of every watch. */
const COMPLETIONS = MAX_WATCHES * 2;

const SETUP_CHOOSE_COMPLETIONS = 1 << 3;
const FEATURE_SINGLE_MAP = 1;
const REGISTER_EVENT_DESCRIPTOR = 4;
const ENTER_GET_EVENTS = 1;
const ENTRIES_OFFSET = 0x1000_0000;

/** struct io_uring_params, in words; then where the fields of the two rings stand, in bytes. */
const Parameter = { flags: 2, completions: 1, features: 5, submissionRing: 10, completionRing: 20, words: 30 } as const;
const Ring = { head: 0, tail: 1, mask: 2, array: 6, events: 5 } as const;

/** struct io_uring_sqe, in words. */
const Entry = { opcode: 0, descriptor: 1, address: 4, pollEvents: 7, tag: 8, words: 16 } as const;
/** struct io_uring_cqe, in words: tag (64 bits), result, flags. */
const EVENT_WORDS = 4;

const POLL_ADD = 6;
const POLL_REMOVE = 7;
const POLLIN = 1;
/** The tag of cancellations themselves. */
const NO_TAG = 0;
const CANCEL_TRIES = 8;

/** Poll requests by io_uring: there since 5.4, often forbidden in containers, and gone at once when the process ends. */
export class RingPollQueue implements PollQueue {
	readonly #libc: Libc;
	readonly #descriptor: number;
	readonly #ring: Uint32Array;
	readonly #entries: Uint32Array;
	/** Where the fields of the rings stand, in words. */
	readonly #submission: { readonly tail: number; readonly mask: number; readonly array: number };
	readonly #completion: {
		readonly head: number;
		readonly tail: number;
		readonly mask: number;
		readonly events: number;
	};
	/** Tags of completions that have been taken from the ring and not reaped. */
	readonly #pending: number[] = [];

	private constructor(
		libc: Libc,
		descriptor: number,
		parameters: Uint32Array,
		ring: Uint32Array,
		entries: Uint32Array,
	) {
		this.#libc = libc;
		this.#descriptor = descriptor;
		this.#ring = ring;
		this.#entries = entries;
		const submission = (field: number): number => parameters[Parameter.submissionRing + field] >>> 2;
		const completion = (field: number): number => parameters[Parameter.completionRing + field] >>> 2;
		this.#submission = {
			tail: submission(Ring.tail),
			mask: ring[submission(Ring.mask)],
			array: submission(Ring.array),
		};
		this.#completion = {
			head: completion(Ring.head),
			tail: completion(Ring.tail),
			mask: ring[completion(Ring.mask)],
			events: completion(Ring.events),
		};
	}

	/** @param notify an eventfd. Returns the error number where the kernel or a sandbox refuses. */
	static open(libc: Libc, notify: number): RingPollQueue | number {
		const memory = new Memory(Parameter.words * 4);
		const parameters = memory.words;
		parameters[Parameter.flags] = SETUP_CHOOSE_COMPLETIONS;
		parameters[Parameter.completions] = COMPLETIONS;
		const descriptor = Number(libc.syscall(Call.setup, SUBMISSIONS, memory.address, 0, 0, 0, 0));
		if (descriptor < 0) return errno(libc);
		const opened = RingPollQueue.#map(libc, descriptor, parameters);
		const error = typeof opened === 'number' ? opened : registerNotify(libc, descriptor, notify);
		if (typeof opened !== 'number' && error === 0) return opened;
		libc.close(descriptor);
		return error;
	}

	static #map(libc: Libc, descriptor: number, parameters: Uint32Array): RingPollQueue | number {
		const ENOSYS = 38;
		if ((parameters[Parameter.features] & FEATURE_SINGLE_MAP) === 0) return ENOSYS;
		const [submissions, completions] = [parameters[0], parameters[Parameter.completions]];
		const ringBytes = Math.max(
			parameters[Parameter.submissionRing + Ring.array] + submissions * 4,
			parameters[Parameter.completionRing + Ring.events] + completions * EVENT_WORDS * 4,
		);
		const ring = mapShared(libc, descriptor, ringBytes, 0);
		if (typeof ring === 'number') return ring;
		const entries = mapShared(libc, descriptor, submissions * Entry.words * 4, ENTRIES_OFFSET);
		if (typeof entries === 'number') return entries;
		return new RingPollQueue(libc, descriptor, parameters.slice(), ring, entries);
	}

	submit(_request: number, descriptor: number, tag: number): number {
		const at = this.#newEntry(POLL_ADD, tag);
		this.#entries[at + Entry.descriptor] = descriptor;
		this.#entries[at + Entry.pollEvents] = POLLIN;
		return this.#enter(1);
	}

	cancel(_request: number, tag: number): void {
		const at = this.#newEntry(POLL_REMOVE, NO_TAG);
		this.#entries[at + Entry.descriptor] = -1;
		setLong(this.#entries, at + Entry.address, tag);
		this.#enter(1);
		// The kernel completes what is cancelled on the way out of a call of this thread.
		for (let tries = 0; tries < CANCEL_TRIES; tries += 1) {
			this.#take();
			const place = this.#pending.indexOf(tag);
			if (place >= 0) {
				this.#pending.splice(place, 1);
				return;
			}
			this.#enter(0);
		}
	}

	reap(tags: Float64Array): number {
		this.#take();
		const pending = this.#pending;
		const count = Math.min(pending.length, tags.length);
		for (let i = 0; i < count; i += 1) tags[i] = pending[i];
		pending.splice(0, count);
		return count;
	}

	/** Puts an empty entry into the submission ring, where the next `#enter` finds it; where it stands, in words. */
	#newEntry(opcode: number, tag: number): number {
		const { tail, mask, array } = this.#submission;
		const position = this.#ring[tail];
		const index = position & mask;
		const at = index * Entry.words;
		this.#entries.fill(0, at, at + Entry.words);
		this.#entries[at + Entry.opcode] = opcode;
		setLong(this.#entries, at + Entry.tag, tag);
		this.#ring[array + index] = index;
		Atomics.store(this.#ring, tail, position + 1);
		return at;
	}

	/** Hands over `count` entries; 0, or the error number. */
	#enter(count: number): number {
		const result = Number(this.#libc.syscall(Call.enter, this.#descriptor, count, 0, ENTER_GET_EVENTS, 0, 0));
		return result < 0 ? errno(this.#libc) : 0;
	}

	/** Moves completions from the ring to `#pending`. */
	#take(): void {
		const { head, tail, mask, events } = this.#completion;
		const end = Atomics.load(this.#ring, tail);
		let position = this.#ring[head];
		while (position !== end) {
			const at = events + (position & mask) * EVENT_WORDS;
			const tag = this.#ring[at] + this.#ring[at + 1] * 0x1_0000_0000;
			if (tag !== NO_TAG) this.#pending.push(tag);
			position = (position + 1) >>> 0;
		}
		Atomics.store(this.#ring, head, position);
	}
}

function registerNotify(libc: Libc, ring: number, notify: number): number {
	const memory = new Memory(8);
	memory.words[0] = notify;
	const result = Number(libc.syscall(Call.register, ring, REGISTER_EVENT_DESCRIPTOR, memory.address, 1, 0, 0));
	return result < 0 ? errno(libc) : 0;
}

function setLong(words: Uint32Array, at: number, value: number): void {
	words[at] = value >>> 0;
	words[at + 1] = Math.floor(value / 0x1_0000_0000);
}

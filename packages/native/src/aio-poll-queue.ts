import { errno, type Libc } from './libc.ts';
import { Memory } from './memory.ts';
import { MAX_WATCHES, type PollQueue } from './poll-queue.ts';

/** System call numbers: asynchronous I/O has no functions in the C library. */
const CALLS = {
	x64: { setup: 206, getEvents: 208, submit: 209, cancel: 210 },
	arm64: { setup: 0, getEvents: 4, submit: 2, cancel: 3 },
} as const;

/** A cancellation completes in some ten microseconds; bounded in case that it was not to be. */
const CANCEL_TRIES = 16;
const CANCEL_WAIT_NANOSECONDS = 20e6;

/** struct iocb. */
const REQUEST_BYTES = 64;
const Request = { data: 0, opcode: 16, descriptor: 20, events: 24, flags: 56, notify: 60 } as const;
const IOCB_CMD_POLL = 5;
const IOCB_FLAG_RESFD = 1;
const POLLIN = 1;

/** struct io_event: data, object, result, result 2. */
const EVENT_BYTES = 32;
const EVENTS = 64;

const EVENTS_AT = MAX_WATCHES * REQUEST_BYTES;
const SCRATCH_AT = EVENTS_AT + EVENTS * EVENT_BYTES;

/**
 * Poll requests by Linux asynchronous I/O: there since 4.18, and allowed in most sandboxes. Its one fault is that the
 * kernel takes some 40 ms to dismantle it when the process ends.
 */
export class AioPollQueue implements PollQueue {
	readonly #libc: Libc;
	readonly #calls: { readonly getEvents: number; readonly submit: number; readonly cancel: number };
	readonly #context: number;
	readonly #notify: number;
	readonly #memory = new Memory(SCRATCH_AT + 64);
	/** Tags of events that the kernel has told and `reap` has not. */
	readonly #pending: number[] = [];

	private constructor(libc: Libc, context: number, notify: number) {
		this.#libc = libc;
		this.#calls = CALLS[process.arch === 'arm64' ? 'arm64' : 'x64'];
		this.#context = context;
		this.#notify = notify;
	}

	/** @param notify an eventfd. Returns the error number where the kernel or a sandbox refuses. */
	static open(libc: Libc, notify: number): AioPollQueue | number {
		const scratch = new Memory(8);
		const call = CALLS[process.arch === 'arm64' ? 'arm64' : 'x64'].setup;
		if (Number(libc.syscall(call, MAX_WATCHES, scratch.address, 0, 0, 0, 0)) < 0) return errno(libc);
		return new AioPollQueue(libc, scratch.getLong(0), notify);
	}

	/** Asks to be notified when `descriptor` is readable. `tag` comes back from `reap`. 0, or the error number. */
	submit(request: number, descriptor: number, tag: number): number {
		const memory = this.#memory;
		const at = request * REQUEST_BYTES;
		memory.bytes.fill(0, at, at + REQUEST_BYTES);
		memory.setLong(at + Request.data, tag);
		memory.words[(at + Request.opcode) >>> 2] = IOCB_CMD_POLL;
		memory.words[(at + Request.descriptor) >>> 2] = descriptor;
		memory.words[(at + Request.events) >>> 2] = POLLIN;
		memory.words[(at + Request.flags) >>> 2] = IOCB_FLAG_RESFD;
		memory.words[(at + Request.notify) >>> 2] = this.#notify;
		memory.setLong(SCRATCH_AT, memory.address + at);
		const submitted = this.#libc.syscall(this.#calls.submit, this.#context, 1, memory.address + SCRATCH_AT, 0, 0, 0);
		return Number(submitted) === 1 ? 0 : errno(this.#libc);
	}

	/**
	 * Takes back the request that was submitted with `tag`, and waits (some ten microseconds) until the kernel has let go
	 * of the descriptor: only then does closing it free its port. Must precede closing it.
	 */
	cancel(request: number, tag: number): void {
		const memory = this.#memory;
		const at = memory.address + request * REQUEST_BYTES;
		this.#libc.syscall(this.#calls.cancel, this.#context, at, memory.address + SCRATCH_AT, 0, 0, 0);
		// Whether the cancellation is still under way, or the request had completed before: its event comes or is there.
		// Events of others that come first are kept for the next `reap`; their notification is in the eventfd already.
		for (let tries = 0; tries < CANCEL_TRIES; tries += 1) {
			if (this.#dropEvent(tag)) return;
			if (this.#wait(CANCEL_WAIT_NANOSECONDS) === 0) return;
		}
	}

	/** Moves the tags of what has become readable into `tags`, at most its length; returns how many. */
	reap(tags: Float64Array): number {
		this.#wait(0);
		const pending = this.#pending;
		const count = Math.min(pending.length, tags.length);
		for (let i = 0; i < count; i += 1) tags[i] = pending[i];
		pending.splice(0, count);
		return count;
	}

	#dropEvent(tag: number): boolean {
		const at = this.#pending.indexOf(tag);
		if (at >= 0) this.#pending.splice(at, 1);
		return at >= 0;
	}

	/** Moves events from the kernel to `#pending`, waiting for one at most that long; returns how many. */
	#wait(nanoseconds: number): number {
		const memory = this.#memory;
		const timeoutAt = SCRATCH_AT + 32;
		memory.setLong(timeoutAt, 0);
		memory.setLong(timeoutAt + 8, nanoseconds);
		const least = nanoseconds > 0 ? 1 : 0;
		const [events, timeout] = [memory.address + EVENTS_AT, memory.address + timeoutAt];
		const call = this.#calls.getEvents;
		const count = Number(this.#libc.syscall(call, this.#context, least, EVENTS, events, timeout, 0));
		for (let i = 0; i < count; i += 1) this.#pending.push(memory.getLong(EVENTS_AT + i * EVENT_BYTES));
		return Math.max(count, 0);
	}
}

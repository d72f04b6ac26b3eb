/**
 * What a sending session gives its shell: requests, which are never lost, and events, which may be.
 *
 * The queue of requests is bounded by construction: of one file after the other each is opened once and then closed
 * once, and the session goes on only when the shell has answered that a file is open.
 */
import { assert } from '../assert.ts';
import { DropCounts, type DropReason } from '../drop-reason.ts';
import type { SenderEvent, SenderProblem, SenderRequest } from '../events.ts';
import { SENDER_REQUESTS_MAX, WARNINGS_MAX } from '../limits.ts';
import type { Endpoint } from '../ports.ts';
import type { Problem } from '../problem.ts';
import { Reports } from '../reports.ts';

export class SenderReports {
	readonly #counts = new DropCounts();
	readonly #reports = new Reports<SenderEvent>({ drop: (reason) => this.#counts.count(reason) });
	readonly #requests: SenderRequest[] = [];
	readonly #warned = new Set<string>();
	/** The file that the shell was asked to open and not yet asked to close. */
	#openFile = -1;
	#last: SenderEvent | undefined;
	#isLastPolled = false;

	emit(event: SenderEvent): void {
		assert(this.#last === undefined, 'an event after the end of the session');
		this.#reports.emit(event);
	}

	/** The last event: it is kept apart, so that it comes however many others wait. */
	emitLast(event: SenderEvent): void {
		assert(this.#last === undefined, 'a session has one end');
		this.#last = event;
	}

	pollEvent(): SenderEvent | undefined {
		const event = this.#reports.poll();
		// A sender refuses no announcements: what is reported besides its events are dropped datagrams.
		if (event !== undefined) return event as SenderEvent;
		const last = this.#isLastPolled ? undefined : this.#last;
		this.#isLastPolled = this.#last !== undefined;
		return last;
	}

	openFile(file: number): void {
		assert(this.#openFile < 0, 'one file is open at a time');
		this.#openFile = file;
		this.#request({ kind: 'openFile', file });
	}

	/** Does nothing if the file is not open: it was never asked for, or could not be opened. */
	closeFile(file: number): void {
		if (this.#openFile !== file) return;
		this.#openFile = -1;
		this.#request({ kind: 'closeFile', file });
	}

	/** The shell could not open the file. */
	fileUnavailable(file: number): void {
		assert(this.#openFile === file, 'a file that was not asked for is unavailable');
		this.#openFile = -1;
	}

	#request(request: SenderRequest): void {
		this.#requests.push(request);
		assert(this.#requests.length <= SENDER_REQUESTS_MAX, 'more requests than the session can have outstanding');
	}

	pollRequest(): SenderRequest | undefined {
		return this.#requests.shift();
	}

	/** Counts a datagram that is not used; says so, but not again for the same reason for a while. */
	drop(now: number, reason: DropReason, from: Endpoint): void {
		this.#reports.drop(now, reason, from);
	}

	/** Counts what is nobody's fault. */
	count(reason: DropReason): void {
		this.#counts.count(reason);
	}

	/** Warns about one thing once, however often it happens; `what` says which thing it is. */
	warnOnce(what: string, message: string, problem: Problem<SenderProblem>): void {
		if (this.#warned.has(what) || this.#warned.size >= WARNINGS_MAX) return;
		this.#warned.add(what);
		this.warn(message, problem);
	}

	warn(message: string, problem: Problem<SenderProblem>): void {
		this.emit({ kind: 'warning', message, problem });
	}

	get counters(): Record<string, number> {
		const result: Record<string, number> = {};
		this.#counts.addTo(result);
		return result;
	}
}

/**
 * What a node asks of its shell, in order and without loss. It has no bound of its own: whoever pushes sees to it that
 * each session and file has at most a fixed number of requests outstanding (`withdraw`). Faults are bounded here.
 */
import { FAULTS_WAITING_MAX } from '../limits.ts';

/** This program has failed: the stack belongs in the log, once. `groupId`: the session that it has ended, if any. */
export interface FaultRequest {
	readonly kind: 'fault';
	readonly groupId: number | undefined;
	readonly error: unknown;
}

export class RequestQueue<Request extends { readonly kind: string }> {
	#queue: (Request | FaultRequest)[] = [];
	/** Entries before this one have been fetched. */
	#next = 0;
	#faults = 0;

	push(request: Request): void {
		this.#queue.push(request);
	}

	poll(): Request | FaultRequest | undefined {
		if (this.#next === this.#queue.length) return undefined;
		const request = this.#queue[this.#next++];
		if (this.#next === this.#queue.length) {
			this.#queue = [];
			this.#next = 0;
		}
		if (request.kind === 'fault') this.#faults--;
		return request;
	}

	/** False, and nothing said, when more faults wait than anybody can want to read. */
	fault(groupId: number | undefined, error: unknown): boolean {
		if (this.#faults >= FAULTS_WAITING_MAX) return false;
		this.#faults++;
		this.#queue.push({ kind: 'fault', groupId, error });
		return true;
	}

	/** Takes a request back that waits; false when none is found. */
	withdraw(isIt: (waiting: Request | FaultRequest) => boolean): boolean {
		for (let i = this.#queue.length - 1; i >= this.#next; i--) {
			if (!isIt(this.#queue[i])) continue;
			this.#queue.splice(i, 1);
			return true;
		}
		return false;
	}
}

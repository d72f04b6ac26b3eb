/**
 * What a receiving node asks of its shell. Nothing is ever left out: the queue is bounded because what is withdrawn
 * before the shell has fetched it leaves no trace, so that at most one end waits for each session and file that the
 * shell knows, and one beginning for each that is under way.
 */
import { assert } from '../assert.ts';
import { FAULTS_WAITING_MAX } from '../limits.ts';
import type { BlockMap, IncomingFile } from '../ports.ts';
import type { ReceiverRequest } from '../receiver-port.ts';

type RequestOf<Kind extends ReceiverRequest['kind']> = Extract<ReceiverRequest, { kind: Kind }>;

export class Requests {
	#queue: ReceiverRequest[] = [];
	/** Entries before this one have been fetched. */
	#next = 0;
	#faults = 0;
	/** Sessions that have been started and not ended, with their files that are neither stored nor discarded. */
	readonly #sessions = new Map<number, Map<number, IncomingFile>>();

	poll(): ReceiverRequest | undefined {
		if (this.#next === this.#queue.length) return undefined;
		const request = this.#queue[this.#next++];
		if (this.#next === this.#queue.length) {
			this.#queue = [];
			this.#next = 0;
		}
		if (request.kind === 'fault') this.#faults--;
		return request;
	}

	startSession(start: Omit<RequestOf<'startSession'>, 'kind'>): void {
		assert(!this.#sessions.has(start.groupId), 'a session is started once');
		this.#sessions.set(start.groupId, new Map());
		this.#queue.push({ kind: 'startSession', ...start });
	}

	offer(file: IncomingFile): void {
		const files = this.#sessions.get(file.groupId);
		assert(files !== undefined, 'a file is offered in a session that is under way');
		assert(!files.has(file.handle), 'every file has a handle of its own');
		files.set(file.handle, file);
		this.#queue.push({ kind: 'offerFile', file });
	}

	finish(file: IncomingFile): void {
		assert(this.#sessions.get(file.groupId)?.has(file.handle), 'a file is finished that was offered');
		this.#queue.push({ kind: 'finishFile', file });
	}

	/** The file is under its name, or was answered without: the shell keeps nothing open for it. */
	isSettled({ groupId, handle }: IncomingFile): void {
		this.#sessions.get(groupId)?.delete(handle);
	}

	discard(file: IncomingFile, arrived?: BlockMap): void {
		if (this.#sessions.get(file.groupId)?.delete(file.handle) !== true) return;
		this.#withdraw((waiting) => waiting.kind === 'finishFile' && waiting.file.handle === file.handle);
		if (this.#withdraw((waiting) => waiting.kind === 'offerFile' && waiting.file.handle === file.handle)) return;
		this.#queue.push({ kind: 'discardFile', file, ...(arrived && { arrived }) });
	}

	/** Discards what is left of the session's files. Does nothing if it has been ended. */
	endSession(groupId: number): void {
		const files = this.#sessions.get(groupId);
		if (files === undefined) return;
		for (const file of [...files.values()]) this.discard(file);
		this.#sessions.delete(groupId);
		if (this.#withdraw((waiting) => waiting.kind === 'startSession' && waiting.groupId === groupId)) return;
		this.#queue.push({ kind: 'endSession', groupId });
	}

	/** False, and nothing said, when more faults wait than anybody can want to read. */
	fault(groupId: number | undefined, error: unknown): boolean {
		if (this.#faults >= FAULTS_WAITING_MAX) return false;
		this.#faults++;
		this.#queue.push({ kind: 'fault', groupId, error });
		return true;
	}

	/** Takes a request back that waits; false when none is found. */
	#withdraw(isIt: (waiting: ReceiverRequest) => boolean): boolean {
		for (let i = this.#queue.length - 1; i >= this.#next; i--) {
			if (!isIt(this.#queue[i])) continue;
			this.#queue.splice(i, 1);
			return true;
		}
		return false;
	}
}

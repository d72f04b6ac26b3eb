/**
 * What a receiving node asks of its shell. Nothing is ever left out: the queue is bounded because what is withdrawn
 * before the shell has fetched it leaves no trace, so that at most one end waits for each session and file that the
 * shell knows, and one beginning for each that is under way.
 */
import { assert } from '../assert.ts';
import type { BlockMap, IncomingFile } from '../ports.ts';
import type { ReceiverRequest } from '../receiver-port.ts';
import { type FaultRequest, RequestQueue } from '../shared/request-queue.ts';

type RequestOf<Kind extends ReceiverRequest['kind']> = Extract<ReceiverRequest, { kind: Kind }>;

export class Requests {
	readonly #queue = new RequestQueue<Exclude<ReceiverRequest, FaultRequest>>();
	/** Sessions that have been started and not ended, with their files that are neither stored nor discarded. */
	readonly #sessions = new Map<number, Map<number, IncomingFile>>();

	poll(): ReceiverRequest | undefined {
		return this.#queue.poll();
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
		this.#queue.withdraw((waiting) => waiting.kind === 'finishFile' && waiting.file.handle === file.handle);
		if (this.#queue.withdraw((waiting) => waiting.kind === 'offerFile' && waiting.file.handle === file.handle)) return;
		this.#queue.push({ kind: 'discardFile', file, ...(arrived && { arrived }) });
	}

	/** Discards what is left of the session's files. Does nothing if it has been ended. */
	endSession(groupId: number): void {
		const files = this.#sessions.get(groupId);
		if (files === undefined) return;
		for (const file of [...files.values()]) this.discard(file);
		this.#sessions.delete(groupId);
		if (this.#queue.withdraw((waiting) => waiting.kind === 'startSession' && waiting.groupId === groupId)) return;
		this.#queue.push({ kind: 'endSession', groupId });
	}

	/** False, and nothing said, when more faults wait than anybody can want to read. */
	fault(groupId: number | undefined, error: unknown): boolean {
		return this.#queue.fault(groupId, error);
	}
}

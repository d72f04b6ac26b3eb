/** A sink that gives the bytes of received files to functions of the application, which may be asynchronous. */
import { CompleteStatus, type FileDecision, FileType, type IncomingFile } from '@uftp/protocol';
import type { LateBlockSink } from '@uftp/transport';
import { withinLimit } from '../running/index.ts';

/** Thrown by a function of a sink, or what its promise rejects with: the file cannot be stored, but others can. */
export class FileRejection extends Error {
	override readonly name = 'FileRejection';
}

/**
 * Takes one file. A `FileRejection` that it throws or rejects with refuses that file alone; whatever else it throws,
 * rejects with, or does not finish within `HOOK_MS_MAX` ends its session.
 */
export interface FileWriter {
	/**
	 * The next bytes that have come, in any order of offsets (bytes of the file): what was lost comes later. They are the
	 * writer's to keep. Calls do not overlap: the next comes when the promise of this one has resolved.
	 */
	write(bytes: Uint8Array, offset: number): void | Promise<void>;
	/** All bytes have been written. The sender gets the receipt when this has returned. */
	end?(): void | Promise<void>;
	/** The file will not be completed. */
	abort?(): void | Promise<void>;
}

/** Asked for each regular file that is offered; undefined: it is not wanted. May be asynchronous. */
export type OpenWriter = (file: IncomingFile) => FileWriter | undefined | Promise<FileWriter | undefined>;

/** Bytes that wait for the writers of a session: with more of them it lags behind, until half of them are written. */
const WAITING_BYTES_MAX = 32 * 1024 * 1024;

/** Bytes that wait for one writer. */
interface Chunk {
	readonly bytes: Uint8Array;
	readonly offset: number;
}

interface OpenFile {
	readonly file: IncomingFile;
	readonly writer: FileWriter;
	waiting: Chunk[];
	isBusy: boolean;
	/** Called when all that waits is written. */
	onIdle: (() => void) | undefined;
	/** Why the writer has refused the file. */
	rejection: string | undefined;
}

export class FunctionSink implements LateBlockSink {
	readonly #openWriter: OpenWriter;
	readonly #callMsMax: number;
	readonly #files = new Map<number, OpenFile>();
	/** Files whose writer is being opened. */
	readonly #opening = new Set<number>();
	readonly #waitingBytes = new Map<number, number>();
	/** Sessions that lag behind: what comes for them is to be lost, and will be repeated. */
	readonly lagging = new Set<number>();
	/** What a writer did wrong in a turn of its own. */
	onFault: (groupId: number, error: unknown) => void = () => {};

	/** `callMsMax`: milliseconds that one call of a function may take. */
	constructor(openWriter: OpenWriter, callMsMax: number) {
		this.#openWriter = openWriter;
		this.#callMsMax = callMsMax;
	}

	offer(file: IncomingFile): FileDecision | Promise<FileDecision> {
		if (file.type !== FileType.Regular) return skipped('this receiver takes the contents of files only');
		if (file.preview) return skipped('nothing is known of what this receiver has already');
		this.#opening.add(file.handle);
		const refused = (error: unknown): FileDecision => {
			this.#opening.delete(file.handle);
			return answer(CompleteStatus.Rejected, reasonOf(error));
		};
		try {
			const writer = this.#openWriter(file);
			if (!(writer instanceof Promise)) return this.#opened(file, writer);
			return withinLimit('The sink', writer, this.#callMsMax).then((late) => this.#opened(file, late), refused);
		} catch (error) {
			return refused(error);
		}
	}

	#opened(file: IncomingFile, writer: FileWriter | undefined): FileDecision {
		const isWanted = this.#opening.delete(file.handle);
		if (writer === undefined) return skipped('the receiver does not want it');
		if (isWanted)
			this.#files.set(file.handle, {
				file,
				writer,
				waiting: [],
				isBusy: false,
				onIdle: undefined,
				rejection: undefined,
			});
		else void this.#abort(file.groupId, writer);
		return { kind: 'accept', status: CompleteStatus.Normal };
	}

	write(handle: number, offset: number, bytes: Uint8Array, at: number, length: number): string | undefined {
		const open = this.#files.get(handle);
		if (open === undefined) return `No file is open under handle ${handle}.`;
		if (open.rejection !== undefined) return open.rejection;
		const chunk = { bytes: bytes.slice(at, at + length), offset };
		if (open.isBusy) {
			open.waiting.push(chunk);
			this.#count(open, length);
			return undefined;
		}
		try {
			this.#write(open, chunk);
			return undefined;
		} catch (error) {
			return reasonOf(error);
		}
	}

	finish(handle: number): string | undefined | Promise<string | undefined> {
		const open = this.#files.get(handle);
		if (open === undefined) return `No file is open under handle ${handle}.`;
		if (!open.isBusy) return this.#end(handle, open);
		return new Promise<void>((resolve) => {
			open.onIdle = resolve;
		}).then(() => this.#end(handle, open));
	}

	discard(handle: number): void {
		this.#opening.delete(handle);
		const open = this.#files.get(handle);
		if (open === undefined) return;
		this.#files.delete(handle);
		this.#forget(open);
		void this.#abort(open.file.groupId, open.writer);
	}

	/** Gives up every file that is not complete. */
	close(): void {
		for (const handle of [...this.#files.keys(), ...this.#opening]) this.discard(handle);
	}

	/** A writer that answers at once costs no promise. */
	#write(open: OpenFile, chunk: Chunk): void {
		const answer = open.writer.write(chunk.bytes, chunk.offset);
		if (!(answer instanceof Promise)) return;
		open.isBusy = true;
		withinLimit('The sink', answer, this.#callMsMax).then(
			() => this.#next(open),
			(error: unknown) => this.#failed(open, error),
		);
	}

	#next(open: OpenFile): void {
		open.isBusy = false;
		try {
			for (let chunk = open.waiting.shift(); chunk !== undefined; chunk = open.waiting.shift()) {
				this.#count(open, -chunk.bytes.length);
				this.#write(open, chunk);
				if (open.isBusy) return;
			}
			open.onIdle?.();
		} catch (error) {
			this.#failed(open, error);
		}
	}

	#failed(open: OpenFile, error: unknown): void {
		this.#forget(open);
		if (error instanceof FileRejection) {
			open.rejection = error.message;
			open.isBusy = false;
			open.onIdle?.();
			return;
		}
		if (this.#files.has(open.file.handle)) this.onFault(open.file.groupId, error);
	}

	/** A file that is refused stays open until it is discarded. */
	async #end(handle: number, { writer, file, rejection }: OpenFile): Promise<string | undefined> {
		if (rejection !== undefined) return rejection;
		try {
			await withinLimit('The sink', writer.end?.(), this.#callMsMax);
		} catch (error) {
			return reasonOf(error);
		}
		this.#files.delete(handle);
		this.#waitingBytes.delete(file.groupId);
		return undefined;
	}

	async #abort(groupId: number, writer: FileWriter): Promise<void> {
		try {
			await withinLimit('The sink', writer.abort?.(), this.#callMsMax);
		} catch (error) {
			this.onFault(groupId, error);
		}
	}

	#count({ file: { groupId } }: OpenFile, bytes: number): void {
		const waiting = (this.#waitingBytes.get(groupId) ?? 0) + bytes;
		if (waiting <= 0) this.#waitingBytes.delete(groupId);
		else this.#waitingBytes.set(groupId, waiting);
		if (waiting > WAITING_BYTES_MAX) this.lagging.add(groupId);
		else if (waiting <= WAITING_BYTES_MAX / 2) this.lagging.delete(groupId);
	}

	#forget(open: OpenFile): void {
		for (const { bytes } of open.waiting) this.#count(open, -bytes.length);
		open.waiting = [];
	}
}

function skipped(reason: string): FileDecision {
	return answer(CompleteStatus.Skipped, reason);
}

function answer(status: CompleteStatus, reason: string): FileDecision {
	return { kind: 'answer', status, reason };
}

/** Throws everything but a refusal again. */
function reasonOf(error: unknown): string {
	if (error instanceof FileRejection) return error.message;
	throw error;
}

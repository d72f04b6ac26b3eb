/**
 * Payload bytes that are to be written next: blocks that continue each other in the file are written with one call.
 * Payloads of clear blocks stand back to back already; between opened ones stand their headers and tags, so they are
 * moved together, which costs a tenth of a call.
 */
import type { BlockSink } from '@uftp/protocol';

const NOTHING = new Uint8Array(0);

export class BlockRun {
	readonly #sink: BlockSink;
	readonly #onProblem: (handle: number, problem: string) => void;
	#bytes: Uint8Array = NOTHING;
	#handle = 0;
	#offset = 0;
	#at = 0;
	#length = 0;

	/** `onProblem` is told the sentence of a write that failed. */
	constructor(sink: BlockSink, onProblem: (handle: number, problem: string) => void) {
		this.#sink = sink;
		this.#onProblem = onProblem;
	}

	/** Where the run ends in `bytes`, 0 if it is not there: what stands before that must stay as it is. */
	endIn(bytes: Uint8Array): number {
		return this.#length > 0 && this.#bytes === bytes ? this.#at + this.#length : 0;
	}

	/**
	 * Adds the block bytes[at .. at+length), to be written to file `handle` at byte `offset`. With `isMovable` nobody else
	 * needs the bytes between the run's end and the block.
	 */
	add(handle: number, offset: number, bytes: Uint8Array, at: number, length: number, isMovable: boolean): void {
		const end = this.endIn(bytes);
		const continues = end > 0 && handle === this.#handle && offset === this.#offset + this.#length;
		if (continues && at > end && isMovable) bytes.copyWithin(end, at, at + length);
		if (continues && (at === end || (at > end && isMovable))) {
			this.#length += length;
			return;
		}
		this.flush();
		this.#bytes = bytes;
		this.#handle = handle;
		this.#offset = offset;
		this.#at = at;
		this.#length = length;
	}

	/** Writes what has come together. */
	flush(): void {
		if (this.#length === 0) return;
		const length = this.#length;
		this.#length = 0;
		const problem = this.#sink.write(this.#handle, this.#offset, this.#bytes, this.#at, length);
		if (problem !== undefined) this.#onProblem(this.#handle, problem);
	}
}

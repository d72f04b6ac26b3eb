/**
 * Payload bytes that are to be written next: blocks that continue each other in the file are written with one call.
 * Payloads of clear blocks stand back to back already; between opened ones stand their headers and tags, so they are
 * moved together, which costs a tenth of a call.
 */
import { type BlockSink, fail, type Placement } from '@uftp/protocol';

const NOTHING = new Uint8Array(0);

export interface BlockRunHooks {
	/** A write failed: the sentence that the sink says. */
	readonly onProblem: (handle: number, problem: string) => void;
	/** The sink threw. */
	readonly onFault: (handle: number, error: unknown) => void;
}

export class BlockRun {
	readonly #sink: Pick<BlockSink, 'write'>;
	readonly #hooks: BlockRunHooks;
	#bytes: Uint8Array = NOTHING;
	#handle = 0;
	#offset = 0;
	#at = 0;
	#length = 0;

	constructor(sink: Pick<BlockSink, 'write'>, hooks: BlockRunHooks) {
		this.#sink = sink;
		this.#hooks = hooks;
	}

	/** Where the run ends in `bytes`, 0 if it is not there: what stands before that must stay as it is. */
	endIn(bytes: Uint8Array): number {
		return this.#length > 0 && this.#bytes === bytes ? this.#at + this.#length : 0;
	}

	/** Adds a block. If it is movable nobody else needs the bytes between the run's end and the block. */
	add({ handle, offset, bytes, at, length, isMovable }: Placement): void {
		if (!(at >= 0 && at + length <= bytes.length)) fail('a block stands in its memory');
		if (!(offset >= 0)) fail('a block belongs into its file');
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
		const handle = this.#handle;
		const length = this.#length;
		this.#length = 0;
		let problem: string | undefined;
		try {
			problem = this.#sink.write(handle, this.#offset, this.#bytes, this.#at, length);
		} catch (error) {
			this.#hooks.onFault(handle, error);
		}
		if (problem !== undefined) this.#hooks.onProblem(handle, problem);
	}
}

/**
 * The bytes of a catalogue: those of files from the disk, and those that come from a function of the program that sends.
 * What such a function throws, or does not answer in time, is a fault of the session; that it has fewer bytes than it
 * announced fails the file.
 */
import type { OutgoingBatch } from '@uftp/protocol';
import { FileSource, type ReadBytes, type SourceEntry } from '@uftp/storage';
import type { LateBlockSource } from '@uftp/transport/sender';
import { withinLimit } from '../running/index.ts';

type Answer = string | undefined;

/** Datagrams [from, to) of a batch, whose payloads are `length` bytes of the file from `offset`. */
interface Run {
	readonly from: number;
	readonly to: number;
	readonly offset: number;
	readonly length: number;
}

export class CatalogueSource implements LateBlockSource {
	readonly #entries: readonly SourceEntry[];
	readonly #files: FileSource;
	readonly #readMsMax: number;

	/** `readMsMax`: milliseconds that a function may take for its bytes. */
	constructor(entries: readonly SourceEntry[], readMsMax: number) {
		this.#entries = entries;
		this.#files = new FileSource(entries);
		this.#readMsMax = readMsMax;
	}

	open(file: number): Answer {
		return this.#entries[file]?.read === undefined ? this.#files.open(file) : undefined;
	}

	fill(batch: OutgoingBatch): Answer | Promise<Answer> {
		const entry = this.#entries[batch.file];
		if (entry?.read === undefined) return this.#files.fill(batch);
		return this.#fillRuns(entry.shown, entry.read, batch, runsOf(batch));
	}

	close(file: number): void {
		if (this.#entries[file]?.read === undefined) this.#files.close(file);
	}

	/** Closes whatever is still open. */
	closeAll(): void {
		this.#files.closeAll();
	}

	/** Run after run; a function that answers at once costs no promise. */
	#fillRuns(name: string, read: ReadBytes, batch: OutgoingBatch, runs: readonly Run[]): Answer | Promise<Answer> {
		for (const [i, run] of runs.entries()) {
			const answer = read(run.offset, run.length);
			if (answer instanceof Promise) {
				const rest = runs.slice(i + 1);
				return withinLimit(`The source of ${name}`, answer, this.#readMsMax).then(
					(bytes) => place(name, bytes, batch, run) ?? this.#fillRuns(name, read, batch, rest),
				);
			}
			const problem = place(name, answer, batch, run);
			if (problem !== undefined) return problem;
		}
		return undefined;
	}
}

/** Neighbours in the file are read at once. */
function runsOf({ count, offsets, payloadBytes, lastPayloadBytes }: OutgoingBatch): Run[] {
	const runs: Run[] = [];
	for (let from = 0; from < count; ) {
		let to = from + 1;
		while (to < count && offsets[to] === offsets[to - 1] + payloadBytes) to++;
		const length = (to - from - 1) * payloadBytes + (to === count ? lastPayloadBytes : payloadBytes);
		runs.push({ from, to, offset: offsets[from], length });
		from = to;
	}
	return runs;
}

function place(name: string, bytes: Uint8Array, batch: OutgoingBatch, { from, to, offset, length }: Run): Answer {
	if (!(bytes instanceof Uint8Array)) throw new TypeError(`the source of ${name} returned no Uint8Array`);
	if (bytes.length !== length) {
		return `${name} has ${bytes.length} bytes from byte ${offset} on where ${length} were asked for.`;
	}
	for (let i = from; i < to; i++) {
		const at = (i - from) * batch.payloadBytes;
		batch.bytes.set(bytes.subarray(at, at + batch.payloadBytes), i * batch.stride + batch.payloadOffset);
	}
	return undefined;
}

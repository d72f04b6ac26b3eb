/** Reads blocks straight from files into the memory of outgoing bursts. */
import fs from 'node:fs';
import { type BlockSource, FileType, type OutgoingBatch } from '@uftp/protocol';
import type { SourceEntry } from './catalogue-entry.ts';
import { UnreachableDirectory } from './directory-handle.ts';
import { because, codeOf } from './failure.ts';
import { PayloadViewCache } from './payload-views.ts';
import { openInRoot } from './source-root.ts';
import { realPath, systemPath } from './system-path.ts';

// O_NONBLOCK: a pipe that took the file's place must not hang the sender; it does nothing to regular files.
const readFlags = fs.constants.O_RDONLY | fs.constants.O_NONBLOCK;

/** The block source of a sender: the files of a catalogue. */
export class FileSource implements BlockSource {
	readonly #entries: readonly SourceEntry[];
	readonly #open = new Map<number, number>();
	readonly #views = new PayloadViewCache();

	/** `entries` is the catalogue that the session announces; the indices of all calls refer to it. */
	constructor(entries: readonly SourceEntry[]) {
		this.#entries = entries;
	}

	open(file: number): string | undefined {
		const entry = this.#entries[file];
		if (entry === undefined) return `The catalogue has no entry ${file}.`;
		if (entry.type !== FileType.Regular || this.#open.has(file)) return undefined;
		let fd: number;
		try {
			fd = openForReading(entry);
		} catch (error) {
			return openFailure(entry, error);
		}
		const fault = changeSince(entry, fd);
		if (fault === undefined) this.#open.set(file, fd);
		else fs.closeSync(fd);
		return fault;
	}

	fill(batch: OutgoingBatch): string | undefined {
		const { count, offsets, payloadBytes, lastPayloadBytes } = batch;
		const fd = this.#open.get(batch.file);
		if (fd === undefined) return `Entry ${batch.file} of the catalogue is not open for reading.`;
		const views = this.#views.of(batch);
		// The last datagram joins a run only when its payload is as long as the others'.
		const full = Math.min(lastPayloadBytes === payloadBytes ? count : count - 1, views.count);
		try {
			let from = 0;
			while (from < count) {
				let to = from + 1;
				while (to < full && offsets[to] === offsets[to - 1] + payloadBytes) to++;
				const wanted = to === count ? (to - from - 1) * payloadBytes + lastPayloadBytes : (to - from) * payloadBytes;
				const got =
					to - from === 1
						? fs.readSync(fd, batch.bytes, from * batch.stride + batch.payloadOffset, wanted, offsets[from])
						: fs.readvSync(fd, views.range(from, to), offsets[from]);
				if (got !== wanted) return this.#shortRead(batch.file, fd, offsets[from] + got);
				from = to;
			}
		} catch (error) {
			return `${this.#entries[batch.file].shown} cannot be read: ${because(error)}.`;
		}
		return undefined;
	}

	close(file: number): void {
		const fd = this.#open.get(file);
		if (fd === undefined) return;
		this.#open.delete(file);
		fs.closeSync(fd);
	}

	/** Closes whatever is still open. */
	closeAll(): void {
		for (const file of [...this.#open.keys()]) this.close(file);
	}

	#shortRead(file: number, fd: number, upTo: number): string {
		const { shown, size } = this.#entries[file];
		const now = fs.fstatSync(fd).size;
		if (now < size) return `${shown} shrank from ${size} to ${now} bytes while it was being sent.`;
		return `${shown} ended at byte ${upTo} of ${size}: something is changing it while it is being sent.`;
	}
}

function openForReading(entry: SourceEntry): number {
	if (entry.root !== undefined) {
		// A followed link was found to stay inside; wherever it leads now, the walk from the root tests it again.
		const real = entry.follow ? realPath(entry.sourcePath) : entry.sourcePath;
		return openInRoot(entry.root, real, readFlags);
	}
	return fs.openSync(systemPath(entry.sourcePath), entry.follow ? readFlags : readFlags | fs.constants.O_NOFOLLOW);
}

function openFailure(entry: SourceEntry, error: unknown): string {
	const code = codeOf(error);
	if (error instanceof UnreachableDirectory) return `${entry.shown} cannot be opened: ${error.message}.`;
	if (code === 'ENOENT') return `${entry.shown} disappeared after it was announced.`;
	if (code === 'ELOOP') return `${entry.shown} became a symbolic link after it was announced.`;
	return `${entry.shown} cannot be opened: ${because(error)}.`;
}

function changeSince(entry: SourceEntry, fd: number): string | undefined {
	const stats = fs.fstatSync(fd);
	if (!stats.isFile()) return `${entry.shown} is no longer a regular file.`;
	if (stats.size === entry.size) return undefined;
	return `${entry.shown} changed from ${entry.size} to ${stats.size} bytes after it was announced.`;
}

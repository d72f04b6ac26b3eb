/**
 * A block source and a block sink without a file system, for tests and simulations. Pure: no platform module is reached
 * from here (`@uftp/storage/memory`).
 */
import {
	type BlockSink,
	type BlockSource,
	type CatalogueEntry,
	CompleteStatus,
	type FileDecision,
	FileType,
	type IncomingFile,
	type OutgoingBatch,
} from '@uftp/protocol';
import { statusOf } from './receiving/sync-decision.ts';
import { linkFault, quoted, splitName } from './wire-name.ts';

/** An entry of a catalogue with its content; `content` is empty for everything but regular files. */
export interface MemoryEntry extends CatalogueEntry {
	readonly content: Uint8Array;
}

/** A regular file of the catalogue. */
export function memoryFile(name: string, content: Uint8Array, modifiedSeconds?: number): MemoryEntry {
	return { type: FileType.Regular, name, size: content.length, modifiedSeconds, link: '', content };
}

/** Blocks from memory. */
export class MemorySource implements BlockSource {
	readonly #entries: readonly MemoryEntry[];
	readonly #open = new Set<number>();

	constructor(entries: readonly MemoryEntry[]) {
		this.#entries = entries;
	}

	open(file: number): string | undefined {
		const entry = this.#entries[file];
		if (entry === undefined) return `The catalogue has no entry ${file}.`;
		if (entry.content.length !== entry.size) {
			return `${quoted(entry.name)} changed from ${entry.size} to ${entry.content.length} bytes after it was announced.`;
		}
		this.#open.add(file);
		return undefined;
	}

	fill(batch: OutgoingBatch): string | undefined {
		if (!this.#open.has(batch.file)) return `Entry ${batch.file} of the catalogue is not open for reading.`;
		const { name, content, size } = this.#entries[batch.file];
		for (let i = 0; i < batch.count; i++) {
			const length = i === batch.count - 1 ? batch.lastPayloadBytes : batch.payloadBytes;
			const offset = batch.offsets[i];
			if (offset + length > size) return `${quoted(name)} ended at byte ${size}: a block covers more.`;
			batch.bytes.set(content.subarray(offset, offset + length), i * batch.stride + batch.payloadOffset);
		}
		return undefined;
	}

	close(file: number): void {
		this.#open.delete(file);
	}
}

/** What a memory sink holds under a name. */
export type StoredFile =
	| {
			readonly type: typeof FileType.Regular;
			readonly content: Uint8Array;
			readonly modifiedSeconds: number | undefined;
	  }
	| { readonly type: typeof FileType.EmptyDirectory }
	| { readonly type: typeof FileType.SymbolicLink; readonly link: string };

interface OpenFile {
	readonly name: string;
	readonly content: Uint8Array;
	readonly modifiedSeconds: number | undefined;
}

/** Blocks into memory, with the decisions of a receiver that has one destination directory. */
export class MemorySink implements BlockSink {
	/** Everything that is complete, by name. */
	readonly stored = new Map<string, StoredFile>();
	readonly #open = new Map<number, OpenFile>();
	readonly #capacityBytes: number;

	/** `capacityBytes`: size of the imagined disk. */
	constructor(capacityBytes = Number.POSITIVE_INFINITY) {
		this.#capacityBytes = capacityBytes;
	}

	/** Files that are open at the moment. */
	get openFiles(): number {
		return this.#open.size;
	}

	offer(file: IncomingFile): FileDecision {
		if (this.#open.has(file.handle)) return rejected(`handle ${file.handle} is in use by another file`);
		const parts = splitName(file.name);
		if (!parts.ok) return rejected(parts.reason);
		if (parts.absolute) return rejected(`the name ${quoted(file.name)} is absolute`);
		if (file.type === FileType.FreeSpace) return { ...answered(), freeSpaceBytes: this.#freeBytes() };
		const name = parts.components.join('/');
		if (name === '') return rejected(`the name ${quoted(file.name)} is the destination directory itself`);
		const barrier = parts.components
			.slice(0, -1)
			.map((_, depth) => parts.components.slice(0, depth + 1).join('/'))
			.find((above) => (this.stored.get(above)?.type ?? FileType.EmptyDirectory) !== FileType.EmptyDirectory);
		if (barrier !== undefined) return rejected(`${quoted(barrier)} is not a directory`);
		return this.#decide(file, name);
	}

	write(handle: number, offset: number, bytes: Uint8Array, at: number, length: number): string | undefined {
		const file = this.#open.get(handle);
		if (file === undefined) return `No file is open under handle ${handle}.`;
		if (offset < 0 || offset + length > file.content.length) {
			const range = `bytes ${offset} to ${offset + length}`;
			return `${quoted(file.name)} has ${file.content.length} bytes, but a block covers ${range}.`;
		}
		file.content.set(bytes.subarray(at, at + length), offset);
		return undefined;
	}

	finish(handle: number): string | undefined {
		const file = this.#open.get(handle);
		if (file === undefined) return `No file is open under handle ${handle}.`;
		this.#open.delete(handle);
		const { name, content, modifiedSeconds } = file;
		this.stored.set(name, { type: FileType.Regular, content, modifiedSeconds });
		return undefined;
	}

	discard(handle: number): void {
		this.#open.delete(handle);
	}

	#decide(file: IncomingFile, name: string): FileDecision {
		const existing = this.stored.get(name);
		switch (file.type) {
			case FileType.Regular:
				return this.#regular(file, name, existing);
			case FileType.EmptyDirectory:
				if (this.#isDirectory(name)) return answered(CompleteStatus.Skipped, 'the directory exists');
				if (existing !== undefined) return rejected(`${quoted(file.name)} exists here and is not a directory`);
				if (!file.preview) this.stored.set(name, { type: FileType.EmptyDirectory });
				return answered();
			case FileType.SymbolicLink: {
				const fault = linkFault(file.link);
				if (fault !== undefined) return rejected(`the symbolic link ${quoted(file.name)} is refused: ${fault}`);
				if (this.#isDirectory(name)) return rejected(`${quoted(file.name)} is a directory here`);
				if (!file.preview) this.stored.set(name, { type: FileType.SymbolicLink, link: file.link });
				return answered();
			}
			case FileType.Delete:
				if (!file.preview) this.#remove(name);
				return answered();
			default:
				return rejected(`it is a thing of unknown type ${String(file.type)}`);
		}
	}

	#regular(file: IncomingFile, name: string, existing: StoredFile | undefined): FileDecision {
		if (this.#isDirectory(name)) return rejected(`${quoted(file.name)} is a directory here`);
		const status = statusOf(file, existing && describe(existing));
		if (status === CompleteStatus.Skipped) return answered(status, 'the file here is as new');
		if (file.preview) return answered(status, 'preview only: nothing is written');
		const free = this.#freeBytes();
		if (file.size > free) {
			return rejected(`Not enough disk space: the file needs ${file.size} bytes, ${free} are available`);
		}
		const { handle, modifiedSeconds } = file;
		this.#open.set(handle, { name, content: new Uint8Array(file.size), modifiedSeconds });
		return { kind: 'accept', status };
	}

	#isDirectory(name: string): boolean {
		if (this.stored.get(name)?.type === FileType.EmptyDirectory) return true;
		for (const other of this.stored.keys()) if (other.startsWith(`${name}/`)) return true;
		return false;
	}

	#remove(name: string): void {
		for (const other of [...this.stored.keys()]) {
			if (other === name || other.startsWith(`${name}/`)) this.stored.delete(other);
		}
	}

	#freeBytes(): number {
		let used = 0;
		for (const file of this.stored.values()) used += file.type === FileType.Regular ? file.content.length : 0;
		for (const file of this.#open.values()) used += file.content.length;
		return this.#capacityBytes - used;
	}
}

function describe(file: StoredFile): { regular: boolean; size: number; modifiedSeconds: number } {
	if (file.type !== FileType.Regular) return { regular: false, size: 0, modifiedSeconds: 0 };
	return { regular: true, size: file.content.length, modifiedSeconds: file.modifiedSeconds ?? 0 };
}

function rejected(reason: string): FileDecision {
	return { kind: 'answer', status: CompleteStatus.Rejected, reason };
}

function answered(
	status: CompleteStatus = CompleteStatus.Normal,
	reason = '',
): { kind: 'answer'; status: CompleteStatus; reason: string } {
	return { kind: 'answer', status, reason };
}

/** Drives a receiving node on the virtual clock; its sink checks every byte instead of keeping it. */
import {
	type BlockMap,
	type BlockSink,
	CompleteStatus,
	type Endpoint,
	type FileDecision,
	FileType,
	type IncomingFile,
	type ReceiverConfig,
	type ReceiverEvent,
	ReceiverNode,
} from '@uftp/protocol';
import { fileSegDataOffset, HEADER_BYTES, MessageType } from '@uftp/wire';
import { findDifference } from './content.ts';
import type { EventQueue } from './event-queue.ts';
import type { Network } from './network.ts';
import { makeBatch } from './simulated-sender.ts';

/** Takes every file, and remembers which are complete and what was wrong with the bytes. */
export class CheckingSink implements BlockSink {
	readonly finished = new Map<string, number>();
	readonly problems: string[] = [];
	readonly #files: ReadonlyMap<string, number>;
	readonly #open = new Map<number, { readonly file: IncomingFile; written: number }>();
	/** What failed sessions left, by name. */
	readonly #kept = new Map<string, { readonly arrived: BlockMap; readonly written: number }>();

	/** `files`: index in the catalogue by name. */
	constructor(files: ReadonlyMap<string, number>) {
		this.#files = files;
	}

	offer(file: IncomingFile): FileDecision {
		if (file.type !== FileType.Regular) {
			this.finished.set(file.name, 0);
			return { kind: 'answer', status: CompleteStatus.Normal, reason: '' };
		}
		if (file.groupInstance > 0 && this.finished.has(file.name)) {
			return { kind: 'answer', status: CompleteStatus.Normal, reason: 'it is here from an earlier run' };
		}
		const kept = file.groupInstance > 0 ? this.#kept.get(file.name) : undefined;
		this.#kept.delete(file.name);
		this.#open.set(file.handle, { file, written: kept?.written ?? 0 });
		return { kind: 'accept', status: CompleteStatus.Normal, ...(kept && { present: kept.arrived }) };
	}

	write(handle: number, offset: number, bytes: Uint8Array, at: number, length: number): string | undefined {
		const entry = this.#open.get(handle);
		if (entry === undefined) return `write to handle ${handle}, which is not open`;
		entry.written += length;
		const index = this.#files.get(entry.file.name) ?? -1;
		const difference = findDifference(index, offset, bytes, at, length);
		if (difference >= 0) this.problems.push(`${entry.file.name} differs at byte ${difference}`);
		return undefined;
	}

	finish(handle: number): string | undefined {
		const entry = this.#open.get(handle);
		if (entry === undefined) return `finish of handle ${handle}, which is not open`;
		const { file, written } = entry;
		if (written !== file.size) this.problems.push(`${file.name}: ${written} of ${file.size} bytes written`);
		this.finished.set(file.name, (this.finished.get(file.name) ?? 0) + 1);
		this.#open.delete(handle);
		return undefined;
	}

	discard(handle: number, arrived?: BlockMap): void {
		const entry = this.#open.get(handle);
		if (entry !== undefined && arrived !== undefined) {
			this.#kept.set(entry.file.name, { arrived, written: entry.written });
		}
		this.#open.delete(handle);
	}

	get openFiles(): number {
		return this.#open.size;
	}
}

export class SimulatedReceiver {
	readonly node: ReceiverNode;
	readonly sink: CheckingSink;
	readonly events: ReceiverEvent[] = [];
	readonly #network: Network;
	readonly #self: Endpoint;
	readonly #queue: EventQueue;
	readonly #batch = makeBatch();
	#wakeAt = Number.POSITIVE_INFINITY;

	constructor(
		queue: EventQueue,
		network: Network,
		self: Endpoint,
		config: ReceiverConfig,
		files: ReadonlyMap<string, number>,
	) {
		this.#queue = queue;
		this.#network = network;
		this.#self = self;
		this.node = new ReceiverNode(config);
		this.sink = new CheckingSink(files);
	}

	receive(from: Endpoint, bytes: Uint8Array, at: number, length: number, isMarked = false): void {
		const { now } = this.#queue;
		this.node.noteMark(isMarked);
		if (bytes[at + 1] === MessageType.FILESEG) this.#receiveBlock(now, bytes, at, length);
		else if (bytes[at + 1] === MessageType.ENCRYPTED) this.#receiveSealed(now, bytes.slice(at, at + length));
		else this.node.handleDatagram(now, from, bytes, at, length);
		this.#settle();
	}

	/** Opens a copy: the others get the same bytes. */
	#receiveSealed(now: number, copy: Uint8Array): void {
		const { node } = this;
		if (node.handleSealed(now, copy, 0, copy.length)) this.#write(now, copy, node.placedAt, node.placedBytes);
	}

	#receiveBlock(now: number, bytes: Uint8Array, at: number, length: number): void {
		const headerBytes = HEADER_BYTES + fileSegDataOffset(bytes, at + HEADER_BYTES, length - HEADER_BYTES);
		if (!this.node.handleBlock(now, bytes, at, length - headerBytes)) return;
		this.#write(now, bytes, at + headerBytes, length - headerBytes);
	}

	#write(now: number, bytes: Uint8Array, at: number, length: number): void {
		const { placedHandle, placedOffset } = this.node;
		const problem = this.sink.write(placedHandle, placedOffset, bytes, at, length);
		if (problem !== undefined) this.node.fileFailed(now, placedHandle, problem);
	}

	/** After a command to the node. */
	settle(): void {
		this.#settle();
	}

	#settle(): void {
		const { now } = this.#queue;
		const { node } = this;
		for (let isDrained = false; !isDrained; ) {
			for (let event = node.pollEvent(); event !== undefined; event = node.pollEvent()) this.#act(now, event);
			isDrained = !node.pollTransmit(now, this.#batch);
			if (isDrained) continue;
			const { bytes, lastLength, destination } = this.#batch;
			this.#network.send(this.#self, destination, bytes, 0, lastLength);
		}
		this.#plan(node.pollTimeout());
	}

	#act(now: number, event: ReceiverEvent): void {
		this.events.push(event);
		if (event.kind === 'fileOffered') this.node.fileDecided(now, event.file.handle, this.sink.offer(event.file));
		else if (event.kind === 'fileDiscarded') this.sink.discard(event.file.handle, event.arrived);
		else if (event.kind === 'fileComplete') {
			const problem = this.sink.finish(event.file.handle);
			if (problem === undefined) this.node.fileStored(now, event.file.handle);
			else this.node.fileFailed(now, event.file.handle, problem);
		}
	}

	#plan(deadline: number): void {
		if (deadline >= this.#wakeAt) return;
		this.#wakeAt = deadline;
		this.#queue.at(deadline, () => {
			if (this.#wakeAt !== deadline) return;
			this.#wakeAt = Number.POSITIVE_INFINITY;
			this.node.handleTimeout(this.#queue.now);
			this.#settle();
		});
	}
}

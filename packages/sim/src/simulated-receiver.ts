/** Drives a receiving node on the virtual clock; its sink checks every byte instead of keeping it. */
import {
	type BlockMap,
	type BlockSink,
	CompleteStatus,
	type Endpoint,
	type FileDecision,
	FileType,
	type IncomingFile,
	makeBatch,
	type ReceiverConfig,
	type ReceiverEvent,
	type ReceiverRequest,
	SingleArrival,
} from '@uftp/protocol';
import { ReceiverNode } from '@uftp/protocol/receiver';
import { MessageType } from '@uftp/wire';
import { findDifference } from './content.ts';
import type { EventQueue } from './event-queue.ts';
import type { Network } from './network.ts';

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

	/** What is opened is opened in a copy: the others get the same bytes. */
	receive(from: Endpoint, bytes: Uint8Array, at: number, length: number, isMarked = false): void {
		const { now } = this.#queue;
		const isSealed = bytes[at + 1] === MessageType.ENCRYPTED;
		const arrival = isSealed
			? new SingleArrival(from, bytes.slice(at, at + length), { isMarked })
			: new SingleArrival(from, bytes, { at, length, isMarked });
		const placement = this.node.handle(now, arrival);
		if (placement !== undefined) {
			const { handle, offset } = placement;
			const problem = this.sink.write(handle, offset, placement.bytes, placement.at, placement.length);
			if (problem !== undefined) this.node.fileRejected(now, handle, problem);
		}
		this.#settle();
	}

	/** After a command to the node. */
	settle(): void {
		this.#settle();
	}

	#settle(): void {
		const { now } = this.#queue;
		const { node } = this;
		for (let isDrained = false; !isDrained; ) {
			for (let request = node.pollRequest(); request !== undefined; request = node.pollRequest()) {
				this.#act(now, request);
			}
			for (let event = node.pollEvent(); event !== undefined; event = node.pollEvent()) this.events.push(event);
			isDrained = !node.pollTransmit(now, this.#batch);
			if (isDrained) continue;
			const { bytes, lastLength, destination } = this.#batch;
			this.#network.send(this.#self, destination, bytes, 0, lastLength);
		}
		this.#plan(node.pollTimeout());
	}

	#act(now: number, request: ReceiverRequest): void {
		if (request.kind === 'fault') throw request.error;
		if (request.kind === 'offerFile') {
			this.node.fileDecided(now, request.file.handle, this.sink.offer(request.file));
		} else if (request.kind === 'discardFile') this.sink.discard(request.file.handle, request.arrived);
		else if (request.kind === 'finishFile') {
			const problem = this.sink.finish(request.file.handle);
			if (problem === undefined) this.node.fileStored(now, request.file.handle);
			else this.node.fileRejected(now, request.file.handle, problem);
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

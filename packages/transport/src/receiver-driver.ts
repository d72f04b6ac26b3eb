/**
 * Runs the receiving nodes of one process on one port. Several nodes may share the port's listener: each datagram goes
 * to all of them, and each answers from a socket of its own. Blocks go from the incoming batch straight to the sink.
 */
import type { BlockSink, IncomingBatch, OutgoingBatch, Receiver, ReceiverEvent } from '@uftp/protocol';
import { fileSegDataOffset, HEADER_BYTES, Header, MessageType, VERSION } from '@uftp/wire';
import { BlockRun } from './block-run.ts';
import { monotonicMs } from './clock.ts';
import type { DatagramSocket } from './datagram-socket.ts';
import type { NetworkInterface } from './interfaces.ts';
import type { MulticastListener } from './listener.ts';
import { SenderHosts } from './sender-hosts.ts';
import { PreciseTimer } from './timer.ts';

/** Batches handled before other work of the process gets its turn. */
const BATCHES_PER_TURN = 64;
/** While blocks pour in, how long datagrams gather before they are fetched: a wake-up costs as much as ten of them. */
const GATHER_MS = 1;
/** Fewer blocks in one go are no stream: they are answered without delay. */
const BLOCKS_OF_A_STREAM = 4;
/** Unicast sessions whose late answers still leave from the port: as many as a receiver remembers after their end. */
const UNICAST_SESSIONS_MAX = 1024;

/** Room to open sealed datagrams in, where the nodes of a port share what came: several, for runs of blocks. */
const SCRATCH_BYTES = 65_536;

export interface ReceiverNodeOptions {
	readonly receiver: Receiver;
	readonly sink: BlockSink;
	/** Answers leave from here, and what is sent back to their source arrives here; but see `Node.#send`. */
	readonly reply: DatagramSocket;
	/** Where private groups are joined. */
	readonly interfaces: readonly NetworkInterface[];
	/** Every event, after the driver has acted on it. */
	readonly onEvent: (event: ReceiverEvent) => void;
	/** For laboratories: the share (0 to 1) of datagrams that this node throws away, and where chance comes from. */
	readonly loss?: { readonly share: number; readonly random: () => number };
}

/** A node that has been attached; `detach` ends it without an ABORT (call `receiver.abort` and `flush` before). */
export interface AttachedNode {
	/** Acts on what a command to the receiver caused. Call it after every command. */
	flush(): void;
	detach(): void;
}

export class ReceiverDriver {
	readonly #listener: MulticastListener;
	readonly #nodes = new Set<Node>();
	readonly #incoming: IncomingBatch;
	readonly #timer = new PreciseTimer();
	#split = 0;
	#payloadBytes = 0;
	#seesMarks = false;
	#isScheduled = false;
	#isClosed = false;

	constructor(listener: MulticastListener) {
		this.#listener = listener;
		this.#incoming = listener.createIncoming();
		this.#timer.onFire(() => this.#turn());
		listener.onReadable(() => this.#turn());
	}

	attach(options: ReceiverNodeOptions): AttachedNode {
		const node = new Node(options, this.#listener);
		this.#nodes.add(node);
		options.reply.onReadable(() => {
			node.readReplies();
			this.#wait();
		});
		// It may have something to say of its own accord: a question to its response proxy.
		this.#wait();
		return {
			flush: () => {
				node.settle();
				this.#wait();
			},
			detach: () => {
				this.#nodes.delete(node);
				node.leaveAll();
			},
		};
	}

	/** Stops reading. The listener is the caller's. */
	close(): void {
		this.#isClosed = true;
		this.#timer.close();
		this.#listener.onReadable(() => {});
		this.#nodes.clear();
	}

	#turn(): void {
		if (this.#isClosed) return;
		const batch = this.#incoming;
		let batches = 0;
		const blocksBefore = this.#blocks();
		while (batches < BATCHES_PER_TURN && this.#listener.receive(batch)) {
			batches++;
			const now = monotonicMs();
			const isShared = this.#nodes.size > 1;
			for (const node of this.#nodes) node.handleBatch(now, batch, isShared, this.#seesMarks);
		}
		const now = monotonicMs();
		for (const node of this.#nodes) {
			if (node.receiver.pollTimeout() <= now) {
				node.receiver.handleTimeout(now);
				node.settle();
			}
		}
		if (batches === BATCHES_PER_TURN) this.#schedule();
		else if (this.#blocks() - blocksBefore >= BLOCKS_OF_A_STREAM) this.#listener.rest(GATHER_MS);
		this.#wait();
	}

	#blocks(): number {
		let blocks = 0;
		for (const node of this.#nodes) blocks += node.blocksPlaced;
		return blocks;
	}

	#schedule(): void {
		if (this.#isScheduled) return;
		this.#isScheduled = true;
		setImmediate(() => {
			this.#isScheduled = false;
			this.#turn();
		});
	}

	#wait(): void {
		if (this.#isClosed) return;
		let deadline = Number.POSITIVE_INFINITY;
		let split = 0;
		let payloadBytes = 0;
		let seesMarks = false;
		for (const { receiver } of this.#nodes) {
			seesMarks ||= receiver.expectsMarks;
			deadline = Math.min(deadline, receiver.pollTimeout());
			if (receiver.expectedSplit === 0) continue;
			split = receiver.expectedSplit;
			payloadBytes = receiver.expectedPayloadBytes;
		}
		if (split !== this.#split || payloadBytes !== this.#payloadBytes) {
			this.#split = split;
			this.#payloadBytes = payloadBytes;
			this.#listener.expectData(split, payloadBytes);
		}
		if (seesMarks !== this.#seesMarks) this.#expectMarks(seesMarks);
		if (deadline === Number.POSITIVE_INFINITY) this.#timer.cancel();
		else this.#timer.arm(deadline);
	}

	/** Congestion-controlled sessions want to see marks; nobody else pays for them. */
	#expectMarks(areWanted: boolean): void {
		this.#seesMarks = areWanted;
		const problem = this.#listener.expectMarks(areWanted);
		if (problem === undefined) return;
		for (const node of this.#nodes) node.tell({ kind: 'warning', message: problem });
	}
}

/** A private group, and the only addresses that its packets are wanted from; undefined: any. */
interface Membership {
	readonly group: string;
	readonly sources: readonly (string | undefined)[];
}

/** One node: its receiver, its files, its reply socket, and the run of payload bytes that is to be written next. */
class Node {
	readonly receiver: Receiver;
	readonly #options: ReceiverNodeOptions;
	readonly #listener: MulticastListener;
	readonly #outgoing: OutgoingBatch;
	readonly #replies: IncomingBatch;
	/** Where sealed datagrams are opened whose bytes other nodes need, too. */
	readonly #scratch = new Uint8Array(SCRATCH_BYTES);
	/** Private groups that this node is in, by session. */
	readonly #groups = new Map<number, Membership>();
	/** Group ids of unicast sessions, oldest first. */
	readonly #unicast = new Set<number>();
	/** Where the blocks of each session must come from. */
	readonly #senders = new Map<number, SenderHosts>();
	/** Blocks written since the node was attached. */
	blocksPlaced = 0;
	readonly #run: BlockRun;

	constructor(options: ReceiverNodeOptions, listener: MulticastListener) {
		this.receiver = options.receiver;
		this.#options = options;
		this.#listener = listener;
		this.#outgoing = options.reply.createOutgoing();
		this.#replies = options.reply.createIncoming();
		this.#run = new BlockRun(options.sink, (handle, problem) => {
			this.receiver.fileFailed(monotonicMs(), handle, problem);
		});
	}

	/** `isShared`: other nodes read the same bytes, so nothing may be opened in place. `seesMarks`: see `expectMarks`. */
	handleBatch(now: number, batch: IncomingBatch, isShared: boolean, seesMarks: boolean): void {
		const { bytes, headerAt, length, count } = batch;
		const { loss } = this.#options;
		for (let i = 0; i < count; i++) {
			if (loss !== undefined && loss.random() < loss.share) continue;
			if (seesMarks) this.receiver.noteMark(batch.isMarked?.(i) === true);
			const at = headerAt[i];
			const func = bytes[at] === VERSION ? bytes[at + 1] : 0;
			if (func === MessageType.FILESEG) this.#block(now, batch, i);
			else if (func === MessageType.ENCRYPTED) this.#sealed(now, bytes, at, length[i], isShared);
			else this.receiver.handleDatagram(now, batch.from(i), bytes, at, length[i]);
		}
		if (seesMarks) this.receiver.noteMark(false);
		this.#run.flush();
		this.settle();
	}

	/** Something that the shell should know and that no session says. */
	tell(event: ReceiverEvent): void {
		this.#options.onEvent(event);
	}

	readReplies(): void {
		while (this.#options.reply.receive(this.#replies)) this.handleBatch(monotonicMs(), this.#replies, false, false);
	}

	/** Acts on events and sends answers until there are none. */
	settle(): void {
		const { receiver } = this;
		for (;;) {
			for (let event = receiver.pollEvent(); event !== undefined; event = receiver.pollEvent()) {
				this.#act(monotonicMs(), event);
				this.#options.onEvent(event);
			}
			if (!receiver.pollTransmit(monotonicMs(), this.#outgoing)) return;
			this.#send();
		}
	}

	/**
	 * An answer in a unicast session leaves from the port to which the sender speaks: a NAT or a firewall between them
	 * lets nothing else back. A full send buffer loses an answer as a network would: it will be asked for again.
	 */
	#send(): void {
		const { reply } = this.#options;
		const isUnicast = this.#unicast.has(Header.fields.groupId.get(this.#outgoing.bytes, 0));
		const canUseBoth = this.#listener.driver === reply.driver;
		(isUnicast && canUseBoth ? this.#listener : reply).send(this.#outgoing, 0);
	}

	#noteUnicast(groupId: number): void {
		this.#unicast.add(groupId);
		if (this.#unicast.size <= UNICAST_SESSIONS_MAX) return;
		for (const oldest of this.#unicast) {
			this.#unicast.delete(oldest);
			return;
		}
	}

	leaveAll(): void {
		for (const group of this.#groups.values()) this.#leave(group);
		this.#groups.clear();
	}

	#block(now: number, batch: IncomingBatch, i: number): void {
		const at = batch.headerAt[i];
		const length = batch.length[i];
		const isFlat = batch.payloadAt[i] === at + batch.split;
		let headerBytes = batch.split;
		if (isFlat) {
			const dataOffset = fileSegDataOffset(batch.bytes, at + HEADER_BYTES, length - HEADER_BYTES);
			if (dataOffset < 0) return;
			headerBytes = HEADER_BYTES + dataOffset;
		}
		const payloadLength = length - headerBytes;
		// Nobody else may write into a file, even in a session without keys.
		if (this.#senders.get(Header.fields.groupId.get(batch.bytes, at))?.has(batch.sourceKey(i)) === false) return;
		if (!this.receiver.handleBlock(now, batch.bytes, at, payloadLength)) return;
		this.#append(batch.bytes, isFlat ? at + headerBytes : batch.payloadAt[i], payloadLength, false);
	}

	#sealed(now: number, bytes: Uint8Array, at: number, length: number, isShared: boolean): void {
		const { receiver } = this;
		if (!isShared) {
			if (receiver.handleSealed(now, bytes, at, length))
				this.#append(bytes, receiver.placedAt, receiver.placedBytes, true);
			return;
		}
		const scratch = this.#scratch;
		let to = this.#run.endIn(scratch);
		if (to + length > scratch.length) {
			this.#run.flush();
			to = 0;
		}
		for (let i = 0; i < length; i++) scratch[to + i] = bytes[at + i];
		if (receiver.handleSealed(now, scratch, to, length)) {
			this.#append(scratch, receiver.placedAt, receiver.placedBytes, true);
		}
	}

	/** The block that the receiver has just taken is to be written. */
	#append(bytes: Uint8Array, payloadAt: number, payloadLength: number, isMovable: boolean): void {
		this.blocksPlaced++;
		const { placedHandle, placedOffset } = this.receiver;
		this.#run.add(placedHandle, placedOffset, bytes, payloadAt, payloadLength, isMovable);
	}

	#act(now: number, event: ReceiverEvent): void {
		const { sink } = this.#options;
		switch (event.kind) {
			case 'sessionStarted':
				this.#unicast.delete(event.groupId);
				this.#senders.set(event.groupId, new SenderHosts(event.sender.host));
				if (event.privateGroup === undefined) this.#noteUnicast(event.groupId);
				else this.#join(event.groupId, { group: event.privateGroup, sources: sourcesOf(event) });
				return;
			case 'sessionEnded': {
				const group = this.#groups.get(event.groupId);
				this.#senders.delete(event.groupId);
				this.#groups.delete(event.groupId);
				if (group !== undefined) this.#leave(group);
				return;
			}
			case 'fileOffered':
				this.receiver.fileDecided(now, event.file.handle, sink.offer(event.file));
				return;
			case 'fileComplete': {
				const problem = sink.finish(event.file.handle);
				if (problem === undefined) this.receiver.fileStored(now, event.file.handle);
				else this.receiver.fileFailed(now, event.file.handle, problem);
				return;
			}
			case 'fileDiscarded':
				sink.discard(event.file.handle, event.arrived);
				return;
			default:
				return;
		}
	}

	#join(groupId: number, membership: Membership): void {
		const { group, sources } = membership;
		this.#groups.set(groupId, membership);
		try {
			for (const networkInterface of this.#options.interfaces) {
				for (const source of sources) this.#listener.join(group, networkInterface, source);
			}
		} catch (error) {
			this.receiver.abort(monotonicMs(), `cannot join ${group}: ${(error as Error).message}`, groupId);
		}
	}

	#leave({ group, sources }: Membership): void {
		for (const networkInterface of this.#options.interfaces) {
			for (const source of sources) this.#listener.leave(group, networkInterface, source);
		}
	}
}

/** A response proxy speaks to the private group as well as the sender: it hands on the group key. */
function sourcesOf({ source, proxy }: ReceiverEvent & { kind: 'sessionStarted' }): readonly (string | undefined)[] {
	return source === undefined || proxy === undefined ? [source] : [...new Set([source, proxy.host])];
}

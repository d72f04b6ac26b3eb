/**
 * One receiving node at its driver: its receiver, its files, its reply socket, and the run of payload bytes that is to
 * be written next.
 *
 * What a sink, a hook or the network stack throws while something is done for a session ends that session. What
 * concerns no session is let out: the driver ends the node then.
 */
import {
	type Arrival,
	BatchArrival,
	type BlockSink,
	type FileDecision,
	type IncomingBatch,
	type IncomingFile,
	type OutgoingBatch,
	type Receiver,
	type ReceiverEvent,
	type ReceiverRequest,
} from '@uftp/protocol';
import { assert, copyBytes, Header, MessageType } from '@uftp/wire';
import { BlockRun } from './block-run.ts';
import { monotonicMs } from './clock.ts';
import type { DatagramSocket } from './datagram-socket.ts';
import type { NetworkInterface } from './interfaces.ts';
import type { MulticastListener } from './listener.ts';

/** Unicast sessions whose late answers still leave from the port: as many as a receiver remembers after their end. */
const UNICAST_SESSIONS_MAX = 1024;
/** Room to open sealed datagrams in, where the nodes of a port share what came: several, for runs of blocks. */
const SCRATCH_BYTES = 65_536;
/** Messages that a node which has failed may still send. */
const LAST_MESSAGES_MAX = 4096;

/** This program has failed: an assertion, or something that was thrown by what it was given. */
export interface NodeFault {
	readonly error: unknown;
	/** The session that it has ended; undefined: none. */
	readonly groupId: number | undefined;
	/** The node is detached, and its sessions with it. Otherwise they go on. */
	readonly endsNode: boolean;
}

/** A `BlockSink` that may answer later to what takes long; the session waits for it, others go on. */
export interface LateBlockSink {
	offer(file: IncomingFile): FileDecision | Promise<FileDecision>;
	write: BlockSink['write'];
	finish(handle: number): string | undefined | Promise<string | undefined>;
	discard: BlockSink['discard'];
}

export interface ReceiverNodeOptions {
	readonly receiver: Receiver;
	/** A promise of it that rejects ends the session as an exception does; one that never settles holds it up for ever. */
	readonly sink: BlockSink | LateBlockSink;
	/** Answers leave from here, and what is sent back to their source arrives here; but see `ReceivingNode.#send`. */
	readonly reply: DatagramSocket;
	/** Where private groups are joined. */
	readonly interfaces: readonly NetworkInterface[];
	/** Every event, after the driver has done what belongs to it and before it looks at the next control message. */
	readonly onEvent: (event: ReceiverEvent) => void;
	/** Every fault, once: its stack belongs in the log. */
	readonly onFault: (fault: NodeFault) => void;
	/** For laboratories: the share (0 to 1) of datagrams that this node throws away, and where chance comes from. */
	readonly loss?: { readonly share: number; readonly random: () => number };
}

/** A private group, and the only addresses that its packets are wanted from; undefined: any. */
interface Membership {
	readonly group: string;
	readonly sources: readonly (string | undefined)[];
}

export class ReceivingNode {
	readonly receiver: Receiver;
	readonly #options: ReceiverNodeOptions;
	readonly #listener: MulticastListener;
	readonly #outgoing: OutgoingBatch;
	readonly #replies: IncomingBatch;
	readonly #reply: BatchArrival;
	readonly #copy = new CopiedArrival(new Uint8Array(SCRATCH_BYTES));
	/** Private groups that this node is in, by session. */
	readonly #groups = new Map<number, Membership>();
	/** Group ids of unicast sessions, oldest first. */
	readonly #unicast = new Set<number>();
	readonly #run: BlockRun;
	readonly #actLater: (action: () => void) => void;
	#now = 0;
	/** Blocks written since the node was attached. */
	blocksPlaced = 0;
	/** Nothing is done for it any more. */
	isDetached = false;

	/** `act`: does something in a turn of its own, whose exceptions are contained, and settles afterwards. */
	constructor(options: ReceiverNodeOptions, listener: MulticastListener, act: (action: () => void) => void) {
		const { receiver, sink, reply } = options;
		this.#actLater = act;
		this.receiver = receiver;
		this.#options = options;
		this.#listener = listener;
		this.#outgoing = reply.createOutgoing();
		this.#replies = reply.createIncoming();
		this.#reply = new BatchArrival(this.#replies);
		this.#run = new BlockRun(sink, {
			onProblem: (handle, problem) => receiver.fileRejected(this.#time(), handle, problem),
			onFault: (handle, error) => {
				const groupId = receiver.groupOf(handle);
				if (groupId === undefined) this.#report({ error, groupId, endsNode: false });
				else receiver.fail(this.#time(), groupId, error);
			},
		});
	}

	/** Takes the first `count` datagrams of the batch that `arrival` moves over. */
	handleBatch(arrival: BatchArrival, count: number): void {
		const { loss } = this.#options;
		this.#time();
		for (let i = 0; i < count; i++) {
			if (loss !== undefined && loss.random() < loss.share) continue;
			arrival.at(i);
			const isCopied = arrival.isShared && isSealed(arrival);
			const placement = this.receiver.handle(this.#now, isCopied ? this.#copied(arrival) : arrival);
			if (placement === undefined) this.#drain();
			else {
				this.blocksPlaced++;
				this.#run.add(placement);
			}
		}
		this.#run.flush();
		this.settle();
	}

	/** The time, asked for once per batch and command: what is handled in between counts as of the same moment. */
	#time(): number {
		this.#now = monotonicMs();
		return this.#now;
	}

	/** Other nodes need the same bytes: a copy is opened, behind those of the run that is not written yet. */
	#copied(arrival: Arrival): Arrival {
		const copy = this.#copy;
		let at = this.#run.endIn(copy.bytes);
		if (at + arrival.length > copy.bytes.length) {
			this.#run.flush();
			at = 0;
		}
		return copy.of(arrival, at);
	}

	/** Something that the shell should know and that no session says. */
	tell(event: ReceiverEvent): void {
		this.#options.onEvent(event);
	}

	/** Calls what is due. */
	timePassed(now: number): void {
		if (this.receiver.pollTimeout() > now) return;
		this.receiver.handleTimeout(now);
		this.settle();
	}

	readReplies(): void {
		while (!this.isDetached && this.#options.reply.receive(this.#replies)) {
			this.handleBatch(this.#reply, this.#replies.count);
		}
	}

	/** Carries out requests, tells of events and sends answers until there are none. */
	settle(): void {
		for (;;) {
			this.#drain();
			if (!this.receiver.pollTransmit(this.#time(), this.#outgoing)) return;
			this.#send();
		}
	}

	/**
	 * Requests, and the events that belong to them: after every control message, so that what a hook does at one event
	 * comes before what the next message leads to.
	 */
	#drain(): void {
		const { receiver } = this;
		for (let request = receiver.pollRequest(); request !== undefined; request = receiver.pollRequest()) {
			this.#carryOut(request);
		}
		for (let event = receiver.pollEvent(); event !== undefined; event = receiver.pollEvent()) {
			this.#tell(event);
		}
	}

	#carryOut(request: ReceiverRequest): void {
		this.#run.flush();
		if (request.kind === 'fault') {
			this.#report({ error: request.error, groupId: request.groupId, endsNode: false });
			return;
		}
		try {
			this.#act(request);
		} catch (error) {
			const groupId = 'file' in request ? request.file.groupId : request.groupId;
			this.receiver.fail(this.#time(), groupId, error);
		}
	}

	#act(request: Exclude<ReceiverRequest, { kind: 'fault' }>): void {
		const { receiver } = this;
		const { sink } = this.#options;
		switch (request.kind) {
			case 'startSession': {
				const { groupId, privateGroup: group, sources } = request;
				this.#unicast.delete(groupId);
				if (group === undefined) this.#noteUnicast(groupId);
				else this.#join(groupId, { group, sources });
				return;
			}
			case 'endSession': {
				const membership = this.#groups.get(request.groupId);
				this.#groups.delete(request.groupId);
				if (membership !== undefined) this.#leave(membership);
				return;
			}
			case 'offerFile': {
				const { handle, groupId } = request.file;
				this.#answered(groupId, sink.offer(request.file), (decision) => {
					receiver.fileDecided(this.#time(), handle, decision);
				});
				return;
			}
			case 'finishFile': {
				const { handle, groupId } = request.file;
				this.#answered(groupId, sink.finish(handle), (problem) => {
					if (problem === undefined) receiver.fileStored(this.#time(), handle);
					else receiver.fileRejected(this.#time(), handle, problem);
				});
				return;
			}
			case 'discardFile':
				sink.discard(request.file.handle, request.arrived);
				return;
			default:
				request satisfies never;
		}
	}

	/** Goes on with what the sink answered, at once or when it has. */
	#answered<Answer>(groupId: number, answer: Answer | Promise<Answer>, goOn: (answer: Answer) => void): void {
		if (!(answer instanceof Promise)) {
			goOn(answer);
			return;
		}
		answer.then(
			(late) => this.#actLater(() => goOn(late)),
			(error: unknown) => this.#actLater(() => this.receiver.fail(this.#time(), groupId, error)),
		);
	}

	#tell(event: ReceiverEvent): void {
		try {
			this.#options.onEvent(event);
		} catch (error) {
			const groupId = 'groupId' in event ? event.groupId : 'file' in event ? event.file.groupId : undefined;
			if (groupId === undefined) throw error;
			this.receiver.fail(this.#time(), groupId, error);
		}
		// A hook may have given the receiver commands of a later moment.
		this.#time();
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

	#join(groupId: number, membership: Membership): void {
		const { group, sources } = membership;
		this.#groups.set(groupId, membership);
		try {
			for (const networkInterface of this.#options.interfaces) {
				for (const source of sources) this.#listener.join(group, networkInterface, source);
			}
		} catch (error) {
			this.receiver.abort(this.#time(), `cannot join ${group}: ${(error as Error).message}`, groupId);
		}
	}

	#leave({ group, sources }: Membership): void {
		for (const networkInterface of this.#options.interfaces) {
			for (const source of sources) this.#listener.leave(group, networkInterface, source);
		}
	}

	/** Leaves all groups, and takes part in nothing more. */
	detach(): void {
		this.isDetached = true;
		for (const membership of this.#groups.values()) attempt(() => this.#leave(membership));
		this.#groups.clear();
	}

	/** Something has failed that concerns no session alone: all of them end, as far as that is still possible. */
	failed(error: unknown): void {
		if (this.isDetached) return;
		this.isDetached = true;
		const { receiver } = this;
		const { sink, onEvent, reply } = this.#options;
		attempt(() => receiver.abort(this.#time(), 'The receiver has failed'));
		attempt(() => {
			for (let request = receiver.pollRequest(); request !== undefined; request = receiver.pollRequest()) {
				if (request.kind !== 'discardFile') continue;
				const { file, arrived } = request;
				attempt(() => sink.discard(file.handle, arrived));
			}
		});
		attempt(() => {
			for (let sent = 0; sent < LAST_MESSAGES_MAX; sent++) {
				if (!receiver.pollTransmit(this.#time(), this.#outgoing)) return;
				reply.send(this.#outgoing, 0);
			}
		});
		this.detach();
		for (let event = receiver.pollEvent(); event !== undefined; event = receiver.pollEvent()) {
			const told = event;
			attempt(() => onEvent(told));
		}
		this.#report({ error, groupId: undefined, endsNode: true });
	}

	#report(fault: NodeFault): void {
		// A fault in the hook for faults cannot be reported to anybody.
		attempt(() => this.#options.onFault(fault));
	}
}

/** A sealed datagram in memory of its own. One object for all: nothing is allocated per packet. */
class CopiedArrival implements Arrival {
	readonly bytes: Uint8Array;
	readonly isShared = false;
	headerAt = 0;
	length = 0;
	isMarked = false;
	sourceKey = Number.NaN;
	sourcePort = 0;
	#original: Arrival | undefined;

	constructor(bytes: Uint8Array) {
		this.bytes = bytes;
	}

	/** Copies the flat datagram of `arrival` to `at`. */
	of(arrival: Arrival, at: number): this {
		copyBytes(arrival.bytes, arrival.headerAt, this.bytes, at, arrival.length);
		this.headerAt = at;
		this.length = arrival.length;
		this.isMarked = arrival.isMarked;
		this.sourceKey = arrival.sourceKey;
		this.sourcePort = arrival.sourcePort;
		this.#original = arrival;
		return this;
	}

	get split(): number {
		return this.length;
	}

	get payloadAt(): number {
		return this.headerAt + this.length;
	}

	source() {
		assert(this.#original !== undefined, 'an arrival has been copied');
		return this.#original.source();
	}
}

function isSealed({ bytes, headerAt, length }: Arrival): boolean {
	return length > 1 && bytes[headerAt + 1] === MessageType.ENCRYPTED;
}

/** Does what may fail where everything else has failed already. */
function attempt(action: () => void): void {
	try {
		action();
	} catch {
		// The first fault is the one that is reported.
	}
}

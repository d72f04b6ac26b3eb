/**
 * Runs the receiving nodes of one process on one port. Several nodes may share the port's listener: each datagram goes
 * to all of them, and each answers from a socket of its own. Blocks go from the incoming batch straight to the sink.
 *
 * Nothing that is thrown in any turn escapes to the process: a fault ends its session (see `receiving-node.ts`), the
 * node if it is no session's, or all nodes of the port if it is the listener's.
 */
import { BatchArrival, type IncomingBatch } from '@uftp/protocol';
import { monotonicMs } from './clock.ts';
import type { MulticastListener } from './listener.ts';
import { type ReceiverNodeOptions, ReceivingNode } from './receiving-node.ts';
import { PreciseTimer } from './timer.ts';

/** Batches handled before other work of the process gets its turn. */
const BATCHES_PER_TURN = 64;
/** While blocks pour in, how long datagrams gather before they are fetched: a wake-up costs as much as ten of them. */
const GATHER_MS = 1;
/** Fewer blocks in one go are no stream: they are answered without delay. */
const BLOCKS_OF_A_STREAM = 4;

/** A node that has been attached; `detach` ends it without an ABORT (call `receiver.abort` and `flush` before). */
export interface AttachedNode {
	/** Acts on what a command to the receiver caused. Call it after every command. */
	flush(): void;
	detach(): void;
}

export class ReceiverDriver {
	readonly #listener: MulticastListener;
	readonly #nodes = new Set<ReceivingNode>();
	readonly #incoming: IncomingBatch;
	readonly #arrival: BatchArrival;
	readonly #timer = new PreciseTimer();
	#split = 0;
	#payloadBytes = 0;
	#isScheduled = false;
	#isClosed = false;

	constructor(listener: MulticastListener) {
		this.#listener = listener;
		this.#incoming = listener.createIncoming();
		this.#arrival = new BatchArrival(this.#incoming);
		this.#timer.onFire(() => this.#turn());
		listener.onReadable(() => this.#turn());
	}

	attach(options: ReceiverNodeOptions): AttachedNode {
		const node: ReceivingNode = new ReceivingNode(options, this.#listener, (action) => {
			this.#contain(node, () => {
				action();
				node.settle();
			});
			this.#wait();
		});
		this.#nodes.add(node);
		options.reply.onReadable(() => {
			this.#contain(node, () => node.readReplies());
			this.#wait();
		});
		// It may have something to say of its own accord: a question to its response proxy.
		this.#wait();
		return {
			flush: () => {
				this.#contain(node, () => node.settle());
				this.#wait();
			},
			detach: () => {
				this.#nodes.delete(node);
				node.detach();
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

	/** Allocates: not for the path of the data. */
	#contain(node: ReceivingNode, action: () => void): void {
		if (node.isDetached) return;
		try {
			action();
		} catch (error) {
			this.#fault(node, error);
		}
	}

	#fault(node: ReceivingNode, error: unknown): void {
		this.#nodes.delete(node);
		node.failed(error);
	}

	#turn(): void {
		if (this.#isClosed) return;
		try {
			this.#receive();
		} catch (error) {
			this.#failed(error);
		}
		this.#wait();
	}

	/** The listener, which all nodes share, has failed. */
	#failed(error: unknown): void {
		const nodes = [...this.#nodes];
		this.close();
		for (const node of nodes) node.failed(error);
	}

	#receive(): void {
		let batches = 0;
		const blocksBefore = this.#blocks();
		while (batches < BATCHES_PER_TURN && this.#listener.receive(this.#incoming)) {
			batches++;
			this.#arrival.isShared = this.#nodes.size > 1;
			for (const node of this.#nodes) this.#giveBatch(node);
		}
		const now = monotonicMs();
		for (const node of this.#nodes) this.#contain(node, () => node.timePassed(now));
		if (batches === BATCHES_PER_TURN) this.#schedule();
		else if (this.#blocks() - blocksBefore >= BLOCKS_OF_A_STREAM) this.#listener.rest(GATHER_MS);
	}

	#giveBatch(node: ReceivingNode): void {
		if (node.isDetached) return;
		try {
			node.handleBatch(this.#arrival, this.#incoming.count);
		} catch (error) {
			this.#fault(node, error);
		}
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

	/** Sets the timer, and says what is expected to come. */
	#wait(): void {
		if (this.#isClosed) return;
		let deadline = Number.POSITIVE_INFINITY;
		let split = 0;
		let payloadBytes = 0;
		let seesMarks = false;
		for (const node of this.#nodes) {
			this.#contain(node, () => {
				const { receiver } = node;
				deadline = Math.min(deadline, receiver.pollTimeout());
				seesMarks ||= receiver.expectsMarks;
				if (receiver.expectedSplit === 0) return;
				split = receiver.expectedSplit;
				payloadBytes = receiver.expectedPayloadBytes;
			});
		}
		try {
			if (split !== this.#split || payloadBytes !== this.#payloadBytes) {
				this.#split = split;
				this.#payloadBytes = payloadBytes;
				this.#listener.expectData(split, payloadBytes);
			}
			if (seesMarks !== this.#arrival.seesMarks) this.#expectMarks(seesMarks);
		} catch (error) {
			this.#failed(error);
			return;
		}
		if (deadline === Number.POSITIVE_INFINITY) this.#timer.cancel();
		else this.#timer.arm(deadline);
	}

	/** Congestion-controlled sessions want to see marks; nobody else pays for them. */
	#expectMarks(areWanted: boolean): void {
		this.#arrival.seesMarks = areWanted;
		const problem = this.#listener.expectMarks(areWanted);
		if (problem === undefined) return;
		for (const node of this.#nodes) this.#contain(node, () => node.tell({ kind: 'warning', message: problem }));
	}
}

/** Drives a proxy on the virtual clock: forwards what it routes, hands it the rest. */
import { type Endpoint, makeBatch, type ProxyEvent, type Proxy as ProxyNode, SingleArrival } from '@uftp/protocol';
import type { EventQueue } from './event-queue.ts';
import type { Network } from './network.ts';

export class SimulatedProxy {
	readonly node: ProxyNode;
	readonly events: ProxyEvent[] = [];
	readonly self: Endpoint;
	readonly #queue: EventQueue;
	readonly #network: Network;
	readonly #batch = makeBatch();
	#wakeAt = Number.POSITIVE_INFINITY;
	#isDead = false;

	constructor(queue: EventQueue, network: Network, self: Endpoint, node: ProxyNode) {
		this.#queue = queue;
		this.#network = network;
		this.self = self;
		this.node = node;
	}

	start(): void {
		this.#settle();
	}

	/** As with kill -9: nothing more is heard of it. */
	die(): void {
		this.#isDead = true;
		this.#network.detach(this.self.host);
	}

	receive(from: Endpoint, bytes: Uint8Array, at: number, length: number): void {
		if (this.#isDead) return;
		const { now } = this.#queue;
		// It may be changed in place, and others get the same bytes.
		const way = this.node.handle(now, new SingleArrival(from, bytes.slice(at, at + length)));
		if (way !== undefined) {
			for (const to of this.node.destinations(way)) this.#network.relay(this.self, to, bytes, at, length);
		}
		this.#settle();
	}

	#settle(): void {
		const { now } = this.#queue;
		const { node } = this;
		for (let isDrained = false; !isDrained; ) {
			for (let request = node.pollRequest(); request !== undefined; request = node.pollRequest()) {
				// A simulation has no faults to live on with; groups are joined by the network's script.
				if (request.kind === 'fault') throw request.error;
			}
			for (let event = node.pollEvent(); event !== undefined; event = node.pollEvent()) this.events.push(event);
			isDrained = !node.pollTransmit(now, this.#batch);
			if (isDrained) continue;
			const { bytes, count, stride, lastLength, destination } = this.#batch;
			for (let i = 0; i < count; i++) {
				this.#network.relay(this.self, destination, bytes, i * stride, i === count - 1 ? lastLength : stride);
			}
		}
		this.#plan(node.pollTimeout());
	}

	#plan(deadline: number): void {
		if (deadline >= this.#wakeAt) return;
		this.#wakeAt = deadline;
		this.#queue.at(deadline, () => {
			if (this.#wakeAt !== deadline || this.#isDead) return;
			this.#wakeAt = Number.POSITIVE_INFINITY;
			this.node.handleTimeout(this.#queue.now);
			this.#settle();
		});
	}
}

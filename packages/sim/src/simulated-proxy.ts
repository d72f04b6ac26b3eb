/** Drives a proxy on the virtual clock: forwards what it routes, hands it the rest. */
import type { Endpoint, ProxyEvent, Proxy as ProxyNode } from '@uftp/protocol';
import { Route } from '@uftp/protocol';
import { hostKey } from '@uftp/wire';
import type { EventQueue } from './event-queue.ts';
import type { Network } from './network.ts';
import { makeBatch } from './simulated-sender.ts';

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
		const way = this.node.route(now, hostKey(from.host), from.port, bytes, at, length);
		if (way >= 0) {
			for (const to of this.node.destinations(way)) this.#network.relay(this.self, to, bytes, at, length);
		} else if (way === Route.Handle) {
			// It may be opened in place, and others get the same bytes.
			this.node.handleDatagram(now, from, bytes.slice(at, at + length), 0, length);
		}
		this.#settle();
	}

	#settle(): void {
		const { now } = this.#queue;
		const { node } = this;
		for (let isDrained = false; !isDrained; ) {
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

/** A shell around a proxy: does what its driver does, and keeps what was sent. Time is the tests' own. */
import {
	type Endpoint,
	makeBatch,
	type ProxyEvent,
	type Proxy as ProxyNode,
	type ProxyRequest,
	SingleArrival,
} from '../../src/index.ts';

export interface Sent {
	readonly to: Endpoint;
	readonly bytes: Uint8Array;
}

export class ProxyShell<Node extends ProxyNode> {
	now = 1000;
	readonly proxy: Node;
	readonly events: ProxyEvent[] = [];
	readonly requests: ProxyRequest[] = [];
	readonly sent: Sent[] = [];
	readonly #batch = makeBatch(9000);

	constructor(make: (now: number) => Node) {
		this.proxy = make(this.now);
		this.drain();
	}

	/** One datagram comes in; what was sent because of it. */
	receive(from: Endpoint, bytes: Uint8Array): Sent[] {
		// Not at the start of the memory, as in a batch.
		const memory = new Uint8Array(bytes.length + 100).fill(0xee);
		memory.set(bytes, 50);
		const before = this.sent.length;
		const way = this.proxy.handle(this.now, new SingleArrival(from, memory, { at: 50, length: bytes.length }));
		if (way !== undefined) for (const to of this.proxy.destinations(way)) this.sent.push({ to, bytes });
		// The memory is another datagram's from now on.
		memory.fill(0xdd);
		this.drain();
		return this.sent.slice(before);
	}

	/** Time passes, and every timeout on the way comes when it is due. What was sent. */
	advance(ms: number): Sent[] {
		const before = this.sent.length;
		const until = this.now + ms;
		for (let due = this.proxy.pollTimeout(); due <= until; due = this.proxy.pollTimeout()) {
			this.now = Math.max(this.now, due);
			this.proxy.handleTimeout(this.now);
			this.drain();
		}
		this.now = until;
		return this.sent.slice(before);
	}

	drain(): void {
		const { proxy } = this;
		for (let next = proxy.pollRequest(); next !== undefined; next = proxy.pollRequest()) this.requests.push(next);
		for (let event = proxy.pollEvent(); event !== undefined; event = proxy.pollEvent()) this.events.push(event);
		const batch = this.#batch;
		while (proxy.pollTransmit(this.now, batch)) {
			this.sent.push({ to: batch.destination, bytes: batch.bytes.slice(0, batch.lastLength) });
		}
	}

	/** The events of one kind so far. */
	of<K extends ProxyEvent['kind']>(kind: K): Extract<ProxyEvent, { kind: K }>[] {
		return this.events.filter((event): event is Extract<ProxyEvent, { kind: K }> => event.kind === kind);
	}

	/** The faults so far. */
	get faults(): Extract<ProxyRequest, { kind: 'fault' }>[] {
		return this.requests.filter((request) => request.kind === 'fault');
	}
}

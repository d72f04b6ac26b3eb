import { type Endpoint, type OutgoingBatch, type Proxy as ProxyCore, type ProxyEvent, Route } from '@uftp/protocol';

/** What a test wants a proxy to say: the first byte of a datagram decides on its way. */
export class ScriptedProxy implements ProxyCore {
	/** Where datagrams whose first byte is this number go. */
	readonly ways = new Map<number, readonly Endpoint[]>();
	/** First byte of those that are handled; all others without a way are dropped. */
	handleByte = -1;
	readonly handled: { from: Endpoint; bytes: Uint8Array }[] = [];
	readonly routed: { key: number; port: number; length: number }[] = [];
	readonly aborts: { reason: string; groupId: number | undefined }[] = [];
	readonly events: ProxyEvent[] = [];
	readonly transmits: { to: Endpoint; bytes: Uint8Array }[] = [];
	timeouts = 0;
	deadline = Number.POSITIVE_INFINITY;
	/** What a handled datagram causes. */
	onHandled: (from: Endpoint, bytes: Uint8Array) => void = () => {};
	readonly sessionCount = 0;
	readonly sessions = [];
	readonly counters = {};

	route(_now: number, key: number, port: number, bytes: Uint8Array, at: number, length: number): number {
		this.routed.push({ key, port, length });
		if (bytes[at] === this.handleByte) return Route.Handle;
		return this.ways.has(bytes[at]) ? bytes[at] : Route.Drop;
	}

	destinations(way: number): readonly Endpoint[] {
		return this.ways.get(way) ?? [];
	}

	handleDatagram(_now: number, from: Endpoint, bytes: Uint8Array, at: number, length: number): void {
		const copy = bytes.slice(at, at + length);
		this.handled.push({ from, bytes: copy });
		this.onHandled(from, copy);
	}

	handleTimeout(): void {
		this.timeouts += 1;
		this.deadline = Number.POSITIVE_INFINITY;
	}

	pollTimeout(): number {
		return this.deadline;
	}

	pollTransmit(_now: number, batch: OutgoingBatch): boolean {
		const next = this.transmits.shift();
		if (next === undefined) return false;
		batch.bytes.set(next.bytes);
		batch.count = 1;
		batch.stride = next.bytes.length;
		batch.lastLength = next.bytes.length;
		batch.file = -1;
		batch.destination = next.to;
		return true;
	}

	pollEvent(): ProxyEvent | undefined {
		return this.events.shift();
	}

	abort(_now: number, reason: string, groupId?: number): void {
		this.aborts.push({ reason, groupId });
	}
}

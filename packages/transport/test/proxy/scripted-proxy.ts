import type { Arrival, Endpoint, OutgoingBatch, Proxy as ProxyCore, ProxyEvent, ProxyRequest } from '@uftp/protocol';

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
	readonly requests: ProxyRequest[] = [];
	readonly failed: { groupId: number; error: unknown }[] = [];
	readonly transmits: { to: Endpoint; bytes: Uint8Array }[] = [];
	timeouts = 0;
	deadline = Number.POSITIVE_INFINITY;
	/** What a handled datagram causes. */
	onHandled: (from: Endpoint, bytes: Uint8Array) => void = () => {};
	onTimeout: () => void = () => {};
	onAbort: () => void = () => {};
	readonly sessionCount = 0;
	readonly sessions = [];
	readonly counters = {};

	handle(_now: number, arrival: Arrival): number | undefined {
		const { bytes, headerAt: at, length, sourceKey: key, sourcePort: port } = arrival;
		this.routed.push({ key, port, length });
		if (this.ways.has(bytes[at])) return bytes[at];
		if (bytes[at] !== this.handleByte) return undefined;
		const from = arrival.source();
		const copy = bytes.slice(at, at + length);
		this.handled.push({ from, bytes: copy });
		this.onHandled(from, copy);
		return undefined;
	}

	destinations(way: number): readonly Endpoint[] {
		return this.ways.get(way) ?? [];
	}

	handleTimeout(): void {
		this.onTimeout();
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

	pollRequest(): ProxyRequest | undefined {
		return this.requests.shift();
	}

	fail(_now: number, groupId: number, error: unknown): void {
		this.failed.push({ groupId, error });
		this.requests.push({ kind: 'fault', groupId, error });
	}

	pollEvent(): ProxyEvent | undefined {
		return this.events.shift();
	}

	abort(_now: number, reason: string, groupId?: number): void {
		this.aborts.push({ reason, groupId });
		this.onAbort();
	}
}

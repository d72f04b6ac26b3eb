/** A shell around a server proxy: does what its driver does, and keeps what was sent. Time is the tests' own. */
import { encodeAnnounce, encodeRtt, HEADER_BYTES, hostKey, type MessageType, writeHeader } from '@uftp/wire';
import {
	type DownstreamSite,
	type Endpoint,
	type OutgoingBatch,
	PROXY_DEFAULTS,
	type ProxyEvent,
	Route,
	type ServerProxyConfig,
} from '../../src/index.ts';
import { ServerProxy } from '../../src/proxy/index.ts';

export const SENDER: Endpoint = { host: '10.0.0.1', port: 40_000 };
export const SENDER_ID = 0x0a000001;
export const GROUP_ID = 0x1111_2222;
export const PROXY: Endpoint = { host: '10.0.0.9', port: 1044 };
export const PROXY_ID = 0x0a000009;
export const EAST: Endpoint = { host: '10.1.0.1', port: 1044 };
export const WEST: Endpoint = { host: '10.2.0.1', port: 2044 };

export interface Sent {
	readonly to: Endpoint;
	readonly bytes: Uint8Array;
}

export const atAddress = (endpoint: Endpoint): DownstreamSite => ({ kind: 'address', endpoint });

export class ServerProxyShell {
	now = 1000;
	readonly proxy: ServerProxy;
	readonly events: ProxyEvent[] = [];
	readonly sent: Sent[] = [];
	readonly #batch: OutgoingBatch = {
		bytes: new Uint8Array(9000),
		capacity: 64,
		count: 0,
		stride: 0,
		lastLength: 0,
		file: -1,
		payloadOffset: 0,
		payloadBytes: 0,
		lastPayloadBytes: 0,
		offsets: new Float64Array(64),
		destination: PROXY,
	};

	constructor(changes: Partial<ServerProxyConfig> = {}) {
		const config: ServerProxyConfig = {
			kind: 'server',
			proxyId: PROXY_ID,
			ownAddresses: [PROXY.host],
			ownPort: PROXY.port,
			instance: [1, 2],
			sessionsMax: 3,
			seed: 1,
			sites: [atAddress(EAST), atAddress(WEST)],
			publicGroups: ['230.4.4.1'],
			pinholeMs: PROXY_DEFAULTS.pinholeMs,
			...changes,
		};
		this.proxy = new ServerProxy(config, this.now);
		this.drain();
	}

	/** One datagram comes in; what was sent because of it. */
	receive(from: Endpoint, bytes: Uint8Array): Sent[] {
		// Not at the start of the memory, as in a batch.
		const memory = new Uint8Array(bytes.length + 100).fill(0xee);
		memory.set(bytes, 50);
		const before = this.sent.length;
		const way = this.proxy.route(this.now, hostKey(from.host), from.port, memory, 50, bytes.length);
		if (way >= 0) for (const to of this.proxy.destinations(way)) this.sent.push({ to, bytes });
		if (way === Route.Handle) this.proxy.handleDatagram(this.now, from, memory, 50, bytes.length);
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
		for (let event = this.proxy.pollEvent(); event; event = this.proxy.pollEvent()) this.events.push(event);
		const batch = this.#batch;
		while (this.proxy.pollTransmit(this.now, batch)) {
			this.sent.push({ to: batch.destination, bytes: batch.bytes.slice(0, batch.lastLength) });
		}
	}

	/** The events of one kind so far. */
	of<K extends ProxyEvent['kind']>(kind: K): Extract<ProxyEvent, { kind: K }>[] {
		return this.events.filter((event): event is Extract<ProxyEvent, { kind: K }> => event.kind === kind);
	}
}

interface HeaderChoices {
	groupId: number;
	sourceId: number;
	instance: number;
	sequence: number;
	grttMs: number;
}

/** A datagram of the session that consists of a header and twelve bytes which nobody reads. */
export function datagram(func: MessageType, choices: Partial<HeaderChoices> = {}): Uint8Array {
	const bytes = new Uint8Array(HEADER_BYTES + 12).fill(7);
	header(bytes, func, choices);
	bytes[HEADER_BYTES] = func;
	bytes[HEADER_BYTES + 1] = 3;
	return bytes;
}

function header(bytes: Uint8Array, func: MessageType, choices: Partial<HeaderChoices>): void {
	const { groupId = GROUP_ID, sourceId = SENDER_ID, instance = 0, sequence = 0, grttMs = 10 } = choices;
	const grtt = encodeRtt(grttMs / 1000);
	writeHeader(bytes, 0, { func, sequence, sourceId, groupId, groupInstance: instance, grtt, groupSize: 0 });
}

interface AnnounceChoices extends HeaderChoices {
	publicAddress: string;
	privateAddress: string;
	family: 4 | 6;
}

export function announce(choices: Partial<AnnounceChoices> = {}): Uint8Array {
	const { publicAddress = '230.4.4.1', privateAddress = '230.5.5.7', family = 4 } = choices;
	const bytes = new Uint8Array(200);
	header(bytes, 1, choices);
	const length = encodeAnnounce(bytes, HEADER_BYTES, {
		...{ sync: false, preview: false, family, robust: 20, ccType: 0, blockBytes: 1300 },
		...{ timestamp: { seconds: 1, microseconds: 2 }, publicAddress, privateAddress, ids: [] },
	});
	return bytes.slice(0, HEADER_BYTES + length);
}

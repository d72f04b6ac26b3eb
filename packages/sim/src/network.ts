/**
 * The networks of one sender, its receivers and the proxies between them: one shared uplink of the sender with a rate and
 * a queue, then a line to each host and back, with delay, jitter, loss, duplication, reordering and times at which it is
 * cut. Multicast stays on its network; unicast reaches every host.
 */
import type { Endpoint } from '@uftp/protocol';
import { isMulticast, LOWER_HEADER_BYTES, MessageType, messageName } from '@uftp/wire';
import type { EventQueue } from './event-queue.ts';
import type { Prng } from './prng.ts';

/** A half-open time [from, to) in milliseconds. */
export interface Cut {
	readonly fromMs: number;
	readonly toMs: number;
}

export interface PathOptions {
	readonly delayMs: number;
	/** Added to the delay: uniform in [0, jitterMs). Datagrams may overtake each other by it. */
	readonly jitterMs: number;
	/** Share of datagrams lost on the way to the receiver, and on the way back. */
	readonly loss: number;
	readonly lossBack: number;
	/** Share of datagrams that arrive twice, and share that arrive `reorderMs` late, behind younger ones. */
	readonly duplicate: number;
	readonly reorder: number;
	readonly reorderMs: number;
	readonly cuts: readonly Cut[];
}

/** From `fromMs` on the uplink has another rate. */
export interface RateStep {
	readonly fromMs: number;
	readonly rateBytesPerSecond: number;
}

export interface UplinkOptions {
	/** Bytes per second, IP and UDP headers included; Infinity: no limit. */
	readonly rateBytesPerSecond: number;
	/** Bytes that may wait; more are dropped. */
	readonly queueBytes: number;
	/** When so many bytes wait, datagrams get a congestion mark; undefined: never. */
	readonly markBytes?: number | undefined;
	/** Changes of the rate, in the order of their times. */
	readonly steps?: readonly RateStep[] | undefined;
}

/** What the network has done so far. */
export interface NetworkCounters {
	forward: number;
	forwardBytes: number;
	/** What receivers sent, and what proxies did. */
	backward: number;
	relayed: number;
	lost: number;
	queueDrops: number;
	marked: number;
	/** Bytes that the uplink has carried in each `SERIES_MS`. */
	readonly series: number[];
}

export const SERIES_MS = 100;

export type Deliver = (from: Endpoint, bytes: Uint8Array, at: number, length: number, isMarked: boolean) => void;

/** One host: which network it is on, and what its own line to that network does. */
interface Host {
	readonly lan: number;
	readonly path: PathOptions;
	readonly deliver: Deliver;
}

/** Where the sender is: its multicast goes through the uplink. */
export const SENDER_LAN = 0;

export class Network {
	/** Names of the messages that travelled in the clear. */
	readonly clearFunctions = new Set<string>();
	readonly counters: NetworkCounters = {
		forward: 0,
		forwardBytes: 0,
		backward: 0,
		relayed: 0,
		lost: 0,
		queueDrops: 0,
		marked: 0,
		series: [],
	};
	readonly #queue: EventQueue;
	readonly #random: Prng;
	readonly #uplink: UplinkOptions;
	readonly #hosts = new Map<string, Host>();
	/** When the uplink has sent all that waits. */
	#uplinkFreeAt = 0;

	constructor(queue: EventQueue, random: Prng, uplink: UplinkOptions) {
		this.#queue = queue;
		this.#random = random;
		this.#uplink = uplink;
	}

	/** Adds a host, or puts another program on a host that is there. */
	attach(host: string, lan: number, path: PathOptions, deliver: Deliver): void {
		this.#hosts.set(host, { lan, path, deliver });
	}

	/** The host is gone, and whatever is on its way to it. */
	detach(host: string): void {
		this.#hosts.delete(host);
	}

	/** The sender's datagrams: multicast goes through the uplink to everybody of its network. `bytes` must stay as they are. */
	sendForward(from: Endpoint, to: Endpoint, bytes: Uint8Array, at: number, length: number): void {
		this.counters.forward++;
		this.#note(bytes, at);
		const wireBytes = length + LOWER_HEADER_BYTES[4];
		this.counters.forwardBytes += wireBytes;
		const { now } = this.#queue;
		let departsAt = now;
		const { queueBytes, markBytes = Number.POSITIVE_INFINITY } = this.#uplink;
		const rateBytesPerSecond = this.#rateAt(now);
		let isMarked = false;
		if (rateBytesPerSecond !== Number.POSITIVE_INFINITY) {
			const waitingMs = Math.max(0, this.#uplinkFreeAt - now);
			const waitingBytes = (waitingMs / 1000) * rateBytesPerSecond;
			if (waitingBytes + wireBytes > queueBytes) {
				this.counters.queueDrops++;
				return;
			}
			isMarked = waitingBytes > markBytes;
			if (isMarked) this.counters.marked++;
			departsAt = now + waitingMs + (wireBytes / rateBytesPerSecond) * 1000;
			this.#uplinkFreeAt = departsAt;
		}
		const slot = Math.floor(departsAt / SERIES_MS);
		this.counters.series[slot] = (this.counters.series[slot] ?? 0) + wireBytes;
		this.#distribute(from, to, departsAt, SENDER_LAN, bytes, at, length, isMarked);
	}

	/** What receivers send: over their own line, then on to one host or to all of their network. Copies the bytes. */
	send(from: Endpoint, to: Endpoint, bytes: Uint8Array, at: number, length: number): void {
		this.counters.backward++;
		this.#carry(from, to, bytes, at, length);
	}

	/** What proxies send, likewise. */
	relay(from: Endpoint, to: Endpoint, bytes: Uint8Array, at: number, length: number): void {
		this.counters.relayed++;
		this.#carry(from, to, bytes, at, length);
	}

	#carry(from: Endpoint, to: Endpoint, bytes: Uint8Array, at: number, length: number): void {
		const sender = this.#hosts.get(from.host);
		if (sender === undefined) return;
		this.#note(bytes, at);
		const copy = bytes.slice(at, at + length);
		this.#travel(sender.path, sender.path.lossBack, this.#queue.now, () => {
			this.#distribute(from, to, this.#queue.now, sender.lan, copy, 0, length, false);
		});
	}

	#distribute(
		from: Endpoint,
		to: Endpoint,
		departsAt: number,
		lan: number,
		bytes: Uint8Array,
		at: number,
		length: number,
		isMarked: boolean,
	): void {
		const hand = (name: string, host: Host): void => {
			// It may be another program by then, or none.
			const arrive = () => this.#hosts.get(name)?.deliver(from, bytes, at, length, isMarked);
			this.#travel(host.path, host.path.loss, departsAt, arrive);
		};
		if (isMulticast(to.host)) {
			for (const [name, host] of this.#hosts) if (host.lan === lan && name !== from.host) hand(name, host);
			return;
		}
		const host = this.#hosts.get(to.host);
		if (host !== undefined) hand(to.host, host);
	}

	#rateAt(now: number): number {
		const { rateBytesPerSecond, steps = [] } = this.#uplink;
		return steps.findLast((step) => step.fromMs <= now)?.rateBytesPerSecond ?? rateBytesPerSecond;
	}

	#note(bytes: Uint8Array, at: number): void {
		const func = bytes[at + 1];
		if (func !== MessageType.ENCRYPTED) this.clearFunctions.add(messageName(func));
	}

	#travel(options: PathOptions, loss: number, departsAt: number, arrive: () => void): void {
		const random = this.#random;
		if (random.fraction() < loss || options.cuts.some((cut) => departsAt >= cut.fromMs && departsAt < cut.toMs)) {
			this.counters.lost++;
			return;
		}
		let arrivesAt = departsAt + options.delayMs;
		if (options.jitterMs > 0) arrivesAt += random.fraction() * options.jitterMs;
		if (options.reorder > 0 && random.fraction() < options.reorder) arrivesAt += options.reorderMs;
		this.#queue.at(arrivesAt, arrive);
		if (options.duplicate > 0 && random.fraction() < options.duplicate) this.#queue.at(arrivesAt, arrive);
	}
}

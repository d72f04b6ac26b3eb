/**
 * A network between one sender and its receivers: one shared uplink with a rate and a queue, then a path to each
 * receiver and back, with delay, jitter, loss, duplication, reordering and times at which it is cut.
 */
import { MessageType, messageName } from '@uftp/wire';
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

const LOWER_HEADER_BYTES = 28;

/** What the network has done so far. */
export interface NetworkCounters {
	forward: number;
	forwardBytes: number;
	backward: number;
	lost: number;
	queueDrops: number;
	marked: number;
	/** Bytes that the uplink has carried in each `SERIES_MS`. */
	readonly series: number[];
}

export const SERIES_MS = 100;

export type Deliver = (bytes: Uint8Array, at: number, length: number, isMarked?: boolean) => void;

export class Network {
	/** Names of the messages that travelled in the clear. */
	readonly clearFunctions = new Set<string>();
	readonly counters: NetworkCounters = {
		forward: 0,
		forwardBytes: 0,
		backward: 0,
		lost: 0,
		queueDrops: 0,
		marked: 0,
		series: [],
	};
	readonly #queue: EventQueue;
	readonly #random: Prng;
	readonly #uplink: UplinkOptions;
	readonly #paths: { readonly options: PathOptions; readonly deliver: Deliver }[] = [];
	/** When the uplink has sent all that waits. */
	#uplinkFreeAt = 0;

	constructor(queue: EventQueue, random: Prng, uplink: UplinkOptions) {
		this.#queue = queue;
		this.#random = random;
		this.#uplink = uplink;
	}

	/** Adds a receiver's path; returns how the receiver sends back. */
	connect(options: PathOptions, deliver: Deliver, deliverBack: Deliver): Deliver {
		this.#paths.push({ options, deliver });
		return (bytes, at, length) => {
			this.counters.backward++;
			this.#note(bytes, at);
			const copy = bytes.slice(at, at + length);
			this.#travel(options, options.lossBack, this.#queue.now, () => deliverBack(copy, 0, length));
		};
	}

	/** Sends one datagram to every receiver, through the uplink. `bytes` must stay as they are. */
	multicast(bytes: Uint8Array, at: number, length: number): void {
		const { now } = this.#queue;
		const wireBytes = length + LOWER_HEADER_BYTES;
		this.counters.forward++;
		this.#note(bytes, at);
		this.counters.forwardBytes += wireBytes;
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
		for (const { options, deliver } of this.#paths) {
			this.#travel(options, options.loss, departsAt, () => deliver(bytes, at, length, isMarked));
		}
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

/**
 * One datagram as a driver hands it to a node: its bytes, and every fact about it that decides what is done with it.
 */
import { hostKey } from '@uftp/wire';
import type { Endpoint, IncomingBatch } from './ports.ts';

/**
 * A received datagram of `length` bytes. Its first `split` bytes (or all, if it is shorter) stand at `headerAt`, the
 * rest at `payloadAt`; it is flat, that is in one piece, when `payloadAt === headerAt + split`. Only a clear FILESEG
 * whose header is exactly `split` bytes long may come in two pieces. A driver reuses one object for all datagrams: a
 * node reads what it needs during `handle` and keeps no reference.
 */
export interface Arrival {
	readonly bytes: Uint8Array;
	readonly headerAt: number;
	readonly payloadAt: number;
	readonly split: number;
	readonly length: number;
	/** The host that it came from, as `hostKey` makes a number of its address. */
	readonly sourceKey: number;
	/** The UDP port that it came from. */
	readonly sourcePort: number;
	/** It bore the mark "congestion experienced" (ECN, RFC 3168); false where the socket was not asked to look. */
	readonly isMarked: boolean;
	/**
	 * Other nodes are given the same bytes: what is sealed must be opened in a copy. Otherwise a node may change the
	 * bytes in place.
	 */
	readonly isShared: boolean;
	/** Where it came from, as an endpoint. Allocates: for control messages, not for blocks. */
	source(): Endpoint;
}

/**
 * The datagrams of an incoming batch, one after the other: `at(i)` moves this object to datagram i. Allocates nothing.
 * What every node reads of every datagram is copied, as plain fields are read several times and are cheaper than getters.
 */
export class BatchArrival implements Arrival {
	readonly #batch: IncomingBatch;
	readonly bytes: Uint8Array;
	headerAt = 0;
	payloadAt = 0;
	split = 0;
	length = 0;
	/** See `Arrival.isShared`. */
	isShared = false;
	/** Congestion marks are looked at; without it `isMarked` is false. */
	seesMarks = false;
	#index = 0;

	constructor(batch: IncomingBatch) {
		this.#batch = batch;
		this.bytes = batch.bytes;
	}

	at(index: number): this {
		const batch = this.#batch;
		this.#index = index;
		this.headerAt = batch.headerAt[index];
		this.payloadAt = batch.payloadAt[index];
		this.split = batch.split;
		this.length = batch.length[index];
		return this;
	}

	get sourceKey(): number {
		return this.#batch.sourceKey(this.#index);
	}

	get sourcePort(): number {
		return this.#batch.sourcePort(this.#index);
	}

	get isMarked(): boolean {
		return this.seesMarks && this.#batch.isMarked?.(this.#index) === true;
	}

	source(): Endpoint {
		return this.#batch.from(this.#index);
	}
}

/** One datagram in a buffer of its own, bytes[at .. at+length), from `from`: for simulations, tests, and what was kept. */
export class SingleArrival implements Arrival {
	readonly bytes: Uint8Array;
	readonly headerAt: number;
	readonly length: number;
	readonly isMarked: boolean;
	readonly isShared: boolean;
	readonly sourceKey: number;
	readonly #from: Endpoint;

	constructor(from: Endpoint, bytes: Uint8Array, facts: SingleFacts = {}) {
		this.bytes = bytes;
		this.headerAt = facts.at ?? 0;
		this.length = facts.length ?? bytes.length - this.headerAt;
		this.isMarked = facts.isMarked ?? false;
		this.isShared = facts.isShared ?? false;
		this.sourceKey = keyOf(from.host);
		this.#from = from;
	}

	/** In one piece. */
	get split(): number {
		return this.length;
	}

	get payloadAt(): number {
		return this.headerAt + this.length;
	}

	get sourcePort(): number {
		return this.#from.port;
	}

	source(): Endpoint {
		return this.#from;
	}
}

/** What may be said of a `SingleArrival`; by default it is all of the buffer, unmarked, and nobody else's. */
export interface SingleFacts {
	readonly at?: number;
	readonly length?: number;
	readonly isMarked?: boolean;
	readonly isShared?: boolean;
}

/** The key of the last host: simulated datagrams come from one host for a long time, to many. */
let last = { host: '', key: Number.NaN };

function keyOf(host: string): number {
	if (host !== last.host) last = { host, key: hostKey(host) };
	return last.key;
}

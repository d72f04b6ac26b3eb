/** The places of payloads in a burst's memory, made once per layout so that reading a burst allocates nothing per packet. */
import type { OutgoingBatch } from '@uftp/protocol';

/** More views than this are never handed to one system call (IOV_MAX on Linux). */
const maxViews = 1024;
/** Layouts remembered per batch: clear and encrypted headers, two block sizes. */
const maxLayouts = 4;

/** Where full payloads stand in a batch of one stride, payload offset and payload size. */
export class PayloadViews {
	readonly stride: number;
	readonly payloadOffset: number;
	readonly payloadBytes: number;
	readonly #views: Uint8Array[] = [];
	/** Arrays of the first n views, which is what almost every burst needs. */
	readonly #prefixes: Uint8Array[][] = [];

	constructor(batch: OutgoingBatch) {
		const { bytes, stride, payloadOffset, payloadBytes } = batch;
		this.stride = stride;
		this.payloadOffset = payloadOffset;
		this.payloadBytes = payloadBytes;
		const count = Math.min(batch.capacity, maxViews);
		for (let i = 0; i < count && i * stride + payloadOffset + payloadBytes <= bytes.length; i++) {
			const start = i * stride + payloadOffset;
			this.#views.push(bytes.subarray(start, start + payloadBytes));
		}
	}

	get count(): number {
		return this.#views.length;
	}

	matches(batch: OutgoingBatch): boolean {
		return (
			this.stride === batch.stride &&
			this.payloadOffset === batch.payloadOffset &&
			this.payloadBytes === batch.payloadBytes
		);
	}

	/** The places of datagrams `from` to `to` - 1. */
	range(from: number, to: number): Uint8Array[] {
		if (from !== 0) return this.#views.slice(from, to);
		this.#prefixes[to] ??= this.#views.slice(0, to);
		return this.#prefixes[to];
	}
}

/** Finds the views of a batch, or makes them. Forgets a batch when its memory goes. */
export class PayloadViewCache {
	readonly #layouts = new WeakMap<Uint8Array, PayloadViews[]>();

	of(batch: OutgoingBatch): PayloadViews {
		let known = this.#layouts.get(batch.bytes);
		if (known === undefined) {
			known = [];
			this.#layouts.set(batch.bytes, known);
		}
		for (let i = 0; i < known.length; i++) if (known[i].matches(batch)) return known[i];
		const views = new PayloadViews(batch);
		if (known.length >= maxLayouts) known.shift();
		known.push(views);
		return views;
	}
}

/** Datagrams of a proxy that are complete as they stand and wait to be sent: heartbeats, answers to them, announcements. */
import { assert } from '../assert.ts';
import type { Endpoint, OutgoingBatch } from '../ports.ts';

interface Waiting {
	readonly bytes: Uint8Array;
	readonly destination: Endpoint;
}

export class DatagramQueue {
	readonly #lengthMax: number;
	#queue: Waiting[] = [];
	#next = 0;

	/** `lengthMax`: so many may wait; what comes beyond that is lost, as on the network. */
	constructor(lengthMax: number) {
		this.#lengthMax = lengthMax;
	}

	/** Keeps the bytes as they are: the caller changes them no more. False if there is no room. */
	push(destination: Endpoint, bytes: Uint8Array): boolean {
		if (this.#queue.length - this.#next >= this.#lengthMax) return false;
		assert(bytes.length > 0, 'a datagram has bytes');
		this.#queue.push({ bytes, destination });
		return true;
	}

	/** Puts the next one into the batch; false when none waits. */
	poll(batch: OutgoingBatch): boolean {
		while (this.#next < this.#queue.length) {
			const { bytes, destination } = this.#queue[this.#next++];
			if (this.#next === this.#queue.length) {
				this.#queue = [];
				this.#next = 0;
			}
			assert(bytes.length <= batch.bytes.length, 'a datagram fits into a batch');
			batch.bytes.set(bytes);
			batch.count = 1;
			batch.stride = bytes.length;
			batch.lastLength = bytes.length;
			batch.file = -1;
			batch.destination = destination;
			return true;
		}
		return false;
	}
}

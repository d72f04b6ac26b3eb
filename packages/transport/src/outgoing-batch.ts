import { Memory } from '@uftp/native';
import type { Endpoint, OutgoingBatch } from '@uftp/protocol';
import { assert } from '@uftp/wire';
import { OUTGOING_BATCH_BYTES, OUTGOING_BATCH_DATAGRAMS } from './datagram-socket.ts';

const NOWHERE: Endpoint = { host: '', port: 0 };

/** An outgoing batch in ordinary memory. */
export class PortableOutgoingBatch implements OutgoingBatch {
	readonly bytes: Uint8Array;
	readonly capacity = OUTGOING_BATCH_DATAGRAMS;
	count = 0;
	stride = 0;
	lastLength = 0;
	file = -1;
	payloadOffset = 0;
	payloadBytes = 0;
	lastPayloadBytes = 0;
	readonly offsets = new Float64Array(OUTGOING_BATCH_DATAGRAMS);
	destination = NOWHERE;

	constructor(bytes: Uint8Array = new Uint8Array(OUTGOING_BATCH_BYTES)) {
		this.bytes = bytes;
	}
}

/** What must hold of a burst before any of it is given to the kernel, which would send other bytes of this process. */
export function checkBurst({ bytes, capacity, count, stride, lastLength }: OutgoingBatch, from: number): void {
	assert(from >= 0 && from <= count && count <= capacity, 'a burst is sent from one of its datagrams on');
	assert(lastLength >= 0 && (lastLength <= stride || count === 1), 'no datagram of a burst is longer than its stride');
	assert(stride > 0 || count <= 1, 'several datagrams of a burst have a length');
	assert((count - 1) * stride + lastLength <= bytes.length, 'a burst stands in its memory');
}

/** An outgoing batch in memory that the kernel reads by its address. */
export class LinuxOutgoingBatch extends PortableOutgoingBatch {
	/** Keeps the bytes at their address. */
	readonly memory: Memory;

	constructor() {
		const memory = new Memory(OUTGOING_BATCH_BYTES);
		assert(memory.bytes.length >= OUTGOING_BATCH_BYTES, 'the memory is as large as a burst');
		super(memory.bytes.subarray(0, OUTGOING_BATCH_BYTES));
		this.memory = memory;
	}
}

import type { Endpoint, IncomingBatch } from '@uftp/protocol';
import { assert, hostKey } from '@uftp/wire';
import { INCOMING_BATCH_DATAGRAMS } from '../datagram-socket.ts';
import { MAX_SPLIT_BYTES, startsClearFileSegment } from '../expected-data.ts';

/** Most datagrams that one `receive` hands over. */
const DATAGRAMS = 128;
const DATAGRAM_BYTES = 65_536;
const AREA_BYTES = 4 * DATAGRAM_BYTES;

const HEADERS_AT = 0;
const PAYLOADS_AT = HEADERS_AT + DATAGRAMS * MAX_SPLIT_BYTES;
const FLAT_AT = PAYLOADS_AT + AREA_BYTES;
const TOTAL_BYTES = FLAT_AT + AREA_BYTES;

/** An incoming batch in ordinary memory, filled by copying. Payloads of blocks stand back to back, as in the other. */
export class PortableIncomingBatch implements IncomingBatch {
	readonly bytes = new Uint8Array(TOTAL_BYTES);
	count = 0;
	split = 0;
	readonly headerAt = new Int32Array(INCOMING_BATCH_DATAGRAMS);
	readonly payloadAt = new Int32Array(INCOMING_BATCH_DATAGRAMS);
	readonly length = new Int32Array(INCOMING_BATCH_DATAGRAMS);
	readonly #sources: Endpoint[] = [];
	#payloadEnd = PAYLOADS_AT;
	#flatEnd = FLAT_AT;

	/** Empties the batch; the following datagrams have headers of `split` bytes if they are blocks. */
	reset(split: number): void {
		assert(split >= 0 && split <= MAX_SPLIT_BYTES, 'the header area has room for every header');
		this.count = 0;
		this.split = split;
		this.#payloadEnd = PAYLOADS_AT;
		this.#flatEnd = FLAT_AT;
	}

	/** Copies a datagram in. False when the batch is full. */
	add(datagram: Uint8Array, from: Endpoint): boolean {
		const { count, split } = this;
		const { length } = datagram;
		const isBlock = split > 0 && length > split && startsClearFileSegment(datagram, 0, split);
		const isFull =
			count >= DATAGRAMS || (isBlock ? this.#payloadEnd + length > FLAT_AT : this.#flatEnd + length > TOTAL_BYTES);
		if (isFull) return false;
		if (isBlock) {
			const headerAt = HEADERS_AT + count * MAX_SPLIT_BYTES;
			this.bytes.set(datagram.subarray(0, split), headerAt);
			this.bytes.set(datagram.subarray(split), this.#payloadEnd);
			this.headerAt[count] = headerAt;
			this.payloadAt[count] = this.#payloadEnd;
			this.#payloadEnd += length - split;
		} else {
			this.bytes.set(datagram, this.#flatEnd);
			this.headerAt[count] = this.#flatEnd;
			this.payloadAt[count] = this.#flatEnd + split;
			this.#flatEnd += length;
		}
		assert(this.#payloadEnd <= FLAT_AT && this.#flatEnd <= TOTAL_BYTES, 'a datagram stands in the memory of its batch');
		this.length[count] = length;
		this.#sources[count] = from;
		this.count = count + 1;
		return true;
	}

	from(i: number): Endpoint {
		return this.#sources[i];
	}

	sourceKey(i: number): number {
		return hostKey(this.#sources[i].host);
	}

	sourcePort(i: number): number {
		return this.#sources[i].port;
	}
}

import { type Libc, Memory, RECEIVE_SLOTS, ReceiveMessages } from '@uftp/native';
import type { Endpoint, IncomingBatch } from '@uftp/protocol';
import { assert } from '@uftp/wire';
import { INCOMING_BATCH_DATAGRAMS } from '../datagram-socket.ts';
import { MAX_PAYLOAD_BYTES, MAX_SPLIT_BYTES, startsClearFileSegment } from '../expected-data.ts';

/** Longest datagram or train, and some: so that slots do not fall on the same lines of the processor's cache. */
const SLOT_BYTES = 65_536 + 1088;
const TRAIN_SEGMENTS = 128;

/** The two bits of the traffic class that routers mark (RFC 3168). */
const ECN_MASK = 3;
const ECN_CONGESTION_EXPERIENCED = 3;

const HEADERS_AT = 0;
const PAYLOADS_AT = HEADERS_AT + TRAIN_SEGMENTS * MAX_SPLIT_BYTES;
const OVERFLOW_AT = PAYLOADS_AT + RECEIVE_SLOTS * MAX_PAYLOAD_BYTES;
const FLAT_AT = OVERFLOW_AT + RECEIVE_SLOTS * SLOT_BYTES;
/** About 4.7 MB of addresses; memory only where something was received. */
const TOTAL_BYTES = FLAT_AT + RECEIVE_SLOTS * SLOT_BYTES;

/**
 * Memory for one receive call, in four areas: headers, payloads, overflow, flat.
 *
 * With a hint (`split`, `payloadBytes`) the kernel scatters: the k-th header goes to the header area, the k-th payload
 * behind the (k-1)-th one, and what is longer than predicted to the overflow area, so that nothing is ever cut off.
 * What then turns out not to be a clear FILESEG with that header is put together again in the flat area. Without a
 * hint, messages are received straight into the flat area.
 */
export class LinuxIncomingBatch implements IncomingBatch {
	readonly bytes: Uint8Array;
	count = 0;
	split = 0;
	readonly headerAt = new Int32Array(INCOMING_BATCH_DATAGRAMS);
	readonly payloadAt = new Int32Array(INCOMING_BATCH_DATAGRAMS);
	readonly length = new Int32Array(INCOMING_BATCH_DATAGRAMS);
	readonly #slotOf = new Uint8Array(INCOMING_BATCH_DATAGRAMS);
	/** Keeps the bytes at their address. */
	readonly memory: Memory;
	readonly #messages: ReceiveMessages;
	#payloadBytes = 0;
	#trainSegments = 0;

	constructor(libc: Libc) {
		this.memory = new Memory(TOTAL_BYTES);
		this.bytes = this.memory.bytes;
		this.#messages = new ReceiveMessages(libc, this.memory);
		this.#layOut(0, 0);
	}

	/** Says what to expect of the following calls; see `DatagramSocket.expectData`. */
	expect(split: number, payloadBytes: number): void {
		if (split !== this.split || payloadBytes !== this.#payloadBytes) this.#layOut(split, payloadBytes);
	}

	/** Receives one message, a datagram or a train of them: 1, or minus the error number. */
	receiveTrain(descriptor: number): number {
		this.count = 0;
		const result = this.#messages.receiveTrain(descriptor);
		if (result === 1) this.#unpack(0, this.#trainSegments);
		return result;
	}

	/** Receives up to `RECEIVE_SLOTS` messages: how many, or minus the error number. */
	receiveSlots(descriptor: number): number {
		this.count = 0;
		const messages = this.#messages.receiveSlots(descriptor);
		for (let slot = 0; slot < messages; slot += 1) this.#unpack(slot, 1);
		return messages;
	}

	from(i: number): Endpoint {
		const { host, port, scope } = this.#messages.source(this.#slotOf[i]);
		return { host: scope === 0 ? host : `${host}%${scope}`, port };
	}

	sourceKey(i: number): number {
		return this.#messages.sourceKey(this.#slotOf[i]);
	}

	sourcePort(i: number): number {
		return this.#messages.sourcePort(this.#slotOf[i]);
	}

	isMarked(i: number): boolean {
		return (this.#messages.trafficClass(this.#slotOf[i]) & ECN_MASK) === ECN_CONGESTION_EXPERIENCED;
	}

	#layOut(split: number, payloadBytes: number): void {
		assert(split >= 0 && split <= MAX_SPLIT_BYTES, 'the header area has room for every header');
		assert(payloadBytes >= 0 && payloadBytes <= MAX_PAYLOAD_BYTES, 'the payload area has room for every payload');
		this.split = split;
		this.#payloadBytes = payloadBytes;
		const messages = this.#messages;
		const isFlat = split === 0;
		for (let slot = 0; slot < RECEIVE_SLOTS; slot += 1) {
			messages.setSlotVector(slot, 0, HEADERS_AT + slot * split, split);
			messages.setSlotVector(slot, 1, PAYLOADS_AT + slot * payloadBytes, payloadBytes);
			messages.setSlotVector(slot, 2, (isFlat ? FLAT_AT : OVERFLOW_AT) + slot * SLOT_BYTES, SLOT_BYTES);
		}
		this.#trainSegments = isFlat ? 0 : Math.min(TRAIN_SEGMENTS, Math.ceil(65_535 / (split + payloadBytes)));
		for (let k = 0; k < this.#trainSegments; k += 1) {
			messages.setTrainVector(2 * k, HEADERS_AT + k * split, split);
			messages.setTrainVector(2 * k + 1, PAYLOADS_AT + k * payloadBytes, payloadBytes);
		}
		messages.setTrainVector(2 * this.#trainSegments, isFlat ? FLAT_AT : OVERFLOW_AT, SLOT_BYTES);
		assert(this.#trainSegments * payloadBytes <= OVERFLOW_AT - PAYLOADS_AT, 'the payload area has room for a train');
		messages.setTrainVectorCount(2 * this.#trainSegments + 1);
	}

	/** Adds the datagrams of the message in `slot`, which was scattered over `predicted` headers and payloads. */
	#unpack(slot: number, predicted: number): void {
		const total = this.#messages.messageLength(slot);
		assert(total >= 0 && total <= SLOT_BYTES, 'a message is not longer than its slot');
		const segment = this.#messages.segmentLength(slot) || total;
		const segments = segment === 0 ? 1 : Math.ceil(total / segment);
		const stride = this.split + this.#payloadBytes;
		const isAsPredicted = segments === 1 ? total <= stride : segment === stride && segments <= predicted;
		if (this.split > 0 && isAsPredicted) {
			this.#addScattered(slot, total, segments);
		} else {
			if (this.split > 0) this.#gather(slot, total, predicted);
			this.#addFlat(slot, total, segment, segments);
		}
	}

	#addScattered(slot: number, total: number, segments: number): void {
		const { split } = this;
		const payloadBytes = this.#payloadBytes;
		const stride = split + payloadBytes;
		assert(slot + segments <= TRAIN_SEGMENTS, 'the areas of headers and payloads have room for the train');
		const flatAt = FLAT_AT + slot * SLOT_BYTES;
		for (let k = 0; k < segments; k += 1) {
			const length = k === segments - 1 ? total - k * stride : stride;
			const headerAt = HEADERS_AT + (slot + k) * split;
			const payloadAt = PAYLOADS_AT + (slot + k) * payloadBytes;
			if (length <= split) {
				this.#add(slot, headerAt, headerAt + split, length);
			} else if (startsClearFileSegment(this.bytes, headerAt, split)) {
				this.#add(slot, headerAt, payloadAt, length);
			} else {
				const at = flatAt + k * stride;
				this.bytes.copyWithin(at, headerAt, headerAt + split);
				this.bytes.copyWithin(at + split, payloadAt, payloadAt + length - split);
				this.#add(slot, at, at + split, length);
			}
		}
	}

	#addFlat(slot: number, total: number, segment: number, segments: number): void {
		let at = FLAT_AT + slot * SLOT_BYTES;
		for (let k = 0; k < segments; k += 1) {
			const length = k === segments - 1 ? total - k * segment : segment;
			this.#add(slot, at, at + this.split, length);
			at += length;
		}
	}

	/** Copies a scattered message of `total` bytes into the flat area of its slot, in one piece. */
	#gather(slot: number, total: number, predicted: number): void {
		const { bytes, split } = this;
		const payloadBytes = this.#payloadBytes;
		let to = FLAT_AT + slot * SLOT_BYTES;
		const end = to + total;
		for (let k = 0; k < predicted && to < end; k += 1) {
			const headerAt = HEADERS_AT + (slot + k) * split;
			const payloadAt = PAYLOADS_AT + (slot + k) * payloadBytes;
			bytes.copyWithin(to, headerAt, headerAt + Math.min(split, end - to));
			to += split;
			if (to >= end) return;
			bytes.copyWithin(to, payloadAt, payloadAt + Math.min(payloadBytes, end - to));
			to += payloadBytes;
		}
		const overflowAt = OVERFLOW_AT + slot * SLOT_BYTES;
		assert(end <= TOTAL_BYTES && overflowAt + end - to <= FLAT_AT, 'what is gathered comes from the area of its slot');
		if (to < end) bytes.copyWithin(to, overflowAt, overflowAt + end - to);
	}

	#add(slot: number, headerAt: number, payloadAt: number, length: number): void {
		const i = this.count;
		// The kernel merges at most 128 datagrams, so that 32 messages always find room; a guard all the same.
		if (i >= INCOMING_BATCH_DATAGRAMS) return;
		assert(length >= 0 && headerAt >= 0 && payloadAt <= TOTAL_BYTES, 'a datagram stands in the memory of its batch');
		this.headerAt[i] = headerAt;
		this.payloadAt[i] = payloadAt;
		this.length[i] = length;
		this.#slotOf[i] = slot;
		this.count = i + 1;
	}
}

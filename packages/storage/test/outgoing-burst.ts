import type { OutgoingBatch } from '@uftp/protocol';

/** What a burst looks like. */
export interface BurstShape {
	readonly stride: number;
	readonly payloadOffset: number;
	readonly payloadBytes: number;
	readonly lastPayloadBytes: number;
	readonly offsets: readonly number[];
	readonly file?: number;
	/** Memory to compose into; made anew if not given. */
	readonly bytes?: Uint8Array;
}

/** What stands in a burst's memory before it is filled. */
export const untouched = 0xa5;

/** A composed data burst as a sender session hands it to a block source. */
export function burst(shape: BurstShape): OutgoingBatch {
	const { stride, payloadOffset, payloadBytes, lastPayloadBytes, offsets } = shape;
	const capacity = Math.max(offsets.length, 48);
	return {
		bytes: shape.bytes ?? new Uint8Array(capacity * stride).fill(untouched),
		capacity,
		count: offsets.length,
		stride,
		lastLength: payloadOffset + lastPayloadBytes,
		file: shape.file ?? 0,
		payloadOffset,
		payloadBytes,
		lastPayloadBytes,
		offsets: Float64Array.from(offsets),
		destination: { host: '230.5.5.1', port: 1044 },
	};
}

/** What the memory of the burst must hold once it is filled from `content`. */
export function expectedBytes(batch: OutgoingBatch, content: Uint8Array): Uint8Array {
	const bytes = new Uint8Array(batch.bytes.length).fill(untouched);
	for (let i = 0; i < batch.count; i++) {
		const length = i === batch.count - 1 ? batch.lastPayloadBytes : batch.payloadBytes;
		const offset = batch.offsets[i];
		bytes.set(content.subarray(offset, offset + length), i * batch.stride + batch.payloadOffset);
	}
	return bytes;
}

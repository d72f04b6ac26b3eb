import { HEADER_BYTES, MessageType, VERSION } from '@uftp/wire';

/** Longest header of a FILESEG: 16 bytes, and `hlen` up to 255 words. */
export const MAX_SPLIT_BYTES = HEADER_BYTES + 255 * 4;
/** Longest payload that is received scattered; UFTP's blocks are shorter. */
export const MAX_PAYLOAD_BYTES = 9216;

/** Where a FILESEG says how long its second header is, in words. */
const HEADER_WORDS_AT = HEADER_BYTES + 1;

/** Whether a hint describes data that can be received scattered. */
export function isScatterable(split: number, payloadBytes: number): boolean {
	return (
		Number.isInteger(split) &&
		Number.isInteger(payloadBytes) &&
		split > HEADER_WORDS_AT &&
		split <= MAX_SPLIT_BYTES &&
		payloadBytes > 0 &&
		payloadBytes <= MAX_PAYLOAD_BYTES
	);
}

/** Whether the `split` bytes at `at` are the whole header of a clear FILESEG: then what follows is file data. */
export function startsClearFileSegment(bytes: Uint8Array, at: number, split: number): boolean {
	return (
		bytes[at] === VERSION &&
		bytes[at + 1] === MessageType.FILESEG &&
		bytes[at + HEADER_WORDS_AT] * 4 + HEADER_BYTES === split
	);
}

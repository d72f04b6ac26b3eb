/** Longest header of a FILESEG: 16 bytes, and `hlen` up to 255 words. */
export const MAX_SPLIT_BYTES = 16 + 255 * 4;
/** Longest payload that is received scattered; UFTP's blocks are shorter. */
export const MAX_PAYLOAD_BYTES = 9216;

/** Clear UFTP 4, and its message number of file data (docs/protocol.md, sections 3.1 and 4.9). */
const VERSION = 0x40;
const FILESEG = 9;
const HEADER_WORDS_AT = 17;

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
	return bytes[at] === VERSION && bytes[at + 1] === FILESEG && bytes[at + HEADER_WORDS_AT] * 4 + 16 === split;
}

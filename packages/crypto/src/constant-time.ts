/** Comparisons that take the same time whatever they find: nothing about a secret can be learned by measuring them. */

/** Whether a[aAt .. aAt+length) and b[bAt .. bAt+length) are the same bytes. Allocates nothing. */
export function equalRanges(a: Uint8Array, aAt: number, b: Uint8Array, bAt: number, length: number): boolean {
	if (aAt + length > a.length || bAt + length > b.length) return false;
	let difference = 0;
	for (let i = 0; i < length; i += 1) difference |= a[aAt + i] ^ b[bAt + i];
	return difference === 0;
}

/** Whether two arrays have the same length (no secret) and the same bytes. */
export function equalBytes(a: Uint8Array, b: Uint8Array): boolean {
	return a.length === b.length && equalRanges(a, 0, b, 0, a.length);
}

/** All ones if a < b, else 0; for numbers below 2^31. */
export function lessMask(a: number, b: number): number {
	return (a - b) >> 31;
}

/** All ones if a is 0, else 0; for numbers below 2^31. */
export function zeroMask(a: number): number {
	return ~((a | -a) >> 31);
}

/** The bytes of `chosen` where `mask` is all ones, of `other` where it is 0; both of one length. */
export function selectBytes(mask: number, chosen: Uint8Array, other: Uint8Array): Uint8Array {
	const selected = new Uint8Array(chosen.length);
	for (let i = 0; i < selected.length; i += 1) selected[i] = (chosen[i] & mask) | (other[i] & ~mask);
	return selected;
}

/**
 * The length of the PKCS#7 padding at the end of bytes[at .. at+length), or 0 if it is none; looks at a whole block in
 * any case. `length` is a multiple of `blockBytes` and not 0.
 */
export function pkcs7PaddingBytes(bytes: Uint8Array, at: number, length: number, blockBytes: number): number {
	const end = at + length;
	const count = bytes[end - 1];
	let wrong = ~lessMask(0, count) | lessMask(blockBytes, count);
	for (let i = 0; i < blockBytes; i += 1) wrong |= lessMask(i, count) & (bytes[end - 1 - i] ^ count);
	return count & zeroMask(wrong);
}

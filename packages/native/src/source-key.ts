/**
 * A host as a number that can be compared without making text of its address: for IPv4 the address itself, for IPv6 a
 * hash of it. Negative for IPv6, so that the two never meet.
 */
export function sourceKey(bytes: Uint8Array, at: number, length: number): number {
	if (length === 4) {
		return ((bytes[at] << 24) | (bytes[at + 1] << 16) | (bytes[at + 2] << 8) | bytes[at + 3]) >>> 0;
	}
	let high = 0x811c9dc5;
	let low = 0x01000193;
	for (let i = at; i < at + length; i += 1) {
		high = Math.imul(high ^ bytes[i], 0x01000193);
		low = Math.imul(low ^ bytes[i], 0x5bd1e995) + i - at;
	}
	return -((high >>> 0) * 0x20_0000 + (low >>> 11)) - 1;
}

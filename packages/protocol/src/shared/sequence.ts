/** 16-bit sequence numbers (docs/protocol.md, section 3.5). */

export function nextSequence(sequence: number): number {
	return (sequence + 1) & 0xffff;
}

/** How far `a` is ahead of `b`, -32768 .. 32767: negative when it is older. */
export function sequenceAhead(a: number, b: number): number {
	return ((a - b) << 16) >> 16;
}

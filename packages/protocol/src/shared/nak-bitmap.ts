/**
 * The bitmaps of STATUS (docs/protocol.md, section 8.5): bit i of a section is byte i >> 3, mask 1 << (i & 7), 1 =
 * missing.
 *
 * Plain functions over `(bytes, at)`, so that a bitmap can stand alone, inside a larger one, or in a received datagram,
 * and nothing is allocated. `n` is the number of blocks in the section; bits from n on are junk on the wire and are
 * never read here.
 */

/** Bytes of a bitmap for n blocks: one more than needed when n is a multiple of 8, as C peers demand. */
export function nakBytes(n: number): number {
	return (n >> 3) + 1;
}

export function setNak(bytes: Uint8Array, at: number, i: number): void {
	bytes[at + (i >> 3)] |= 1 << (i & 7);
}

export function clearNak(bytes: Uint8Array, at: number, i: number): void {
	bytes[at + (i >> 3)] &= ~(1 << (i & 7));
}

export function isNak(bytes: Uint8Array, at: number, i: number): boolean {
	return (bytes[at + (i >> 3)] & (1 << (i & 7))) !== 0;
}

/** Marks all n blocks missing and zeroes the junk bits behind them: `nakBytes(n)` bytes are written. */
export function fillNaks(bytes: Uint8Array, at: number, n: number): void {
	const whole = n >> 3;
	bytes.fill(0xff, at, at + whole);
	bytes[at + whole] = (1 << (n & 7)) - 1;
}

const BITS_IN_BYTE = Uint8Array.from({ length: 256 }, (_, byte) => {
	let bits = 0;
	for (let rest = byte; rest !== 0; rest &= rest - 1) bits++;
	return bits;
});

/** How many of the n blocks are missing. */
export function countNaks(bytes: Uint8Array, at: number, n: number): number {
	const whole = at + (n >> 3);
	let count = 0;
	for (let i = at; i < whole; i++) count += BITS_IN_BYTE[bytes[i]];
	const rest = n & 7;
	if (rest !== 0) count += BITS_IN_BYTE[bytes[whole] & ((1 << rest) - 1)];
	return count;
}

/**
 * Adds the missing blocks of one bitmap to another and returns how many of them were new there.
 * Only the n real bits are read and written.
 */
export function orNaks(into: Uint8Array, intoAt: number, from: Uint8Array, fromAt: number, n: number): number {
	const whole = n >> 3;
	let added = 0;
	for (let i = 0; i < whole; i++) {
		const byte = from[fromAt + i];
		if (byte === 0) continue;
		added += BITS_IN_BYTE[byte & ~into[intoAt + i] & 0xff];
		into[intoAt + i] |= byte;
	}
	const rest = n & 7;
	if (rest !== 0) {
		const byte = from[fromAt + whole] & ((1 << rest) - 1);
		added += BITS_IN_BYTE[byte & ~into[intoAt + whole] & 0xff];
		into[intoAt + whole] |= byte;
	}
	return added;
}

/** The first missing block at or after `start`, or -1 when there is none below n. */
export function nextNak(bytes: Uint8Array, at: number, n: number, start: number): number {
	if (start >= n) return -1;
	let index = start >> 3;
	let byte = bytes[at + index] & (0xff << (start & 7));
	const last = (n - 1) >> 3;
	while (byte === 0) {
		if (++index > last) return -1;
		byte = bytes[at + index];
	}
	const block = index * 8 + 31 - Math.clz32(byte & -byte);
	return block < n ? block : -1;
}

/** The first block at or after `start` that is not missing, or n: with `nextNak` this walks runs of missing blocks. */
export function nextClear(bytes: Uint8Array, at: number, n: number, start: number): number {
	if (start >= n) return n;
	let index = start >> 3;
	let byte = ~bytes[at + index] & 0xff & (0xff << (start & 7));
	const last = (n - 1) >> 3;
	while (byte === 0) {
		if (++index > last) return n;
		byte = ~bytes[at + index] & 0xff;
	}
	const block = index * 8 + 31 - Math.clz32(byte & -byte);
	return block < n ? block : n;
}

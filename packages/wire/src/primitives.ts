/**
 * Big-endian integers in a byte array. `at` is an absolute index. Nothing is allocated and nothing is checked: the
 * caller has made sure that the bytes are there.
 */

export function getU16(bytes: Uint8Array, at: number): number {
	return (bytes[at] << 8) | bytes[at + 1];
}

export function setU16(bytes: Uint8Array, at: number, value: number): void {
	bytes[at] = value >>> 8;
	bytes[at + 1] = value;
}

export function getU32(bytes: Uint8Array, at: number): number {
	return ((bytes[at] << 24) | (bytes[at + 1] << 16) | (bytes[at + 2] << 8) | bytes[at + 3]) >>> 0;
}

export function setU32(bytes: Uint8Array, at: number, value: number): void {
	bytes[at] = value >>> 24;
	bytes[at + 1] = value >>> 16;
	bytes[at + 2] = value >>> 8;
	bytes[at + 3] = value;
}

/** 48 bits always fit in a number exactly. */
export function getU48(bytes: Uint8Array, at: number): number {
	return getU16(bytes, at) * 0x1_0000_0000 + getU32(bytes, at + 2);
}

export function setU48(bytes: Uint8Array, at: number, value: number): void {
	setU16(bytes, at, Math.floor(value / 0x1_0000_0000));
	setU32(bytes, at + 2, value);
}

/** Exact up to 2^53 - 1; larger values are rounded to the nearest number. See `getU64Exact` where that matters. */
export function getU64(bytes: Uint8Array, at: number): number {
	return getU32(bytes, at) * 0x1_0000_0000 + getU32(bytes, at + 4);
}

export function setU64(bytes: Uint8Array, at: number, value: number): void {
	setU32(bytes, at, Math.floor(value / 0x1_0000_0000));
	setU32(bytes, at + 4, value);
}

/** All 64 bits. Allocates: not for the data path. */
export function getU64Exact(bytes: Uint8Array, at: number): bigint {
	return (BigInt(getU32(bytes, at)) << 32n) | BigInt(getU32(bytes, at + 4));
}

export function setU64Exact(bytes: Uint8Array, at: number, value: bigint): void {
	setU32(bytes, at, Number((value >> 32n) & 0xffff_ffffn));
	setU32(bytes, at + 4, Number(value & 0xffff_ffffn));
}

/** Copies `length` bytes between arrays (or within one) without a view. */
export function copyBytes(from: Uint8Array, fromAt: number, to: Uint8Array, toAt: number, length: number): void {
	if (from === to) {
		to.copyWithin(toAt, fromAt, fromAt + length);
		return;
	}
	for (let i = 0; i < length; i++) to[toAt + i] = from[fromAt + i];
}

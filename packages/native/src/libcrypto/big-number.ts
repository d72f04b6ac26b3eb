import { Memory } from '../memory.ts';
import { withSecret } from './address.ts';
import type { Libcrypto } from './library.ts';

/** A new number of libcrypto from big-endian bytes. Its owner frees it. */
export function makeNumber(libcrypto: Libcrypto, bytes: Uint8Array): number {
	return withSecret(bytes, (address) => Number(libcrypto.BN_bin2bn(address, bytes.length, 0)));
}

/** A number as big-endian bytes: `width` of them, or as few as it needs. */
export function numberBytes(libcrypto: Libcrypto, number: number, width?: number): Uint8Array {
	const length = width ?? Math.ceil(libcrypto.BN_num_bits(number) / 8);
	const memory = new Memory(Math.max(length, 1));
	if (libcrypto.BN_bn2binpad(number, memory.address, length) !== length) {
		throw new RangeError(`a number that does not fit ${length} bytes`);
	}
	const bytes = memory.bytes.slice(0, length);
	memory.bytes.fill(0);
	return bytes;
}

import { type Pointer, ptr, toArrayBuffer } from 'bun:ffi';
import { errno, type Libc } from './libc.ts';

/**
 * A piece of memory at a fixed address, seen by the kernel by that address and by us through typed arrays.
 *
 * The collector frees memory to which only an address (a number) is left, and moves small typed arrays when their
 * buffer is first touched. Both happened. Hence: the buffer is made first, the views second, the address last; and
 * whoever uses `address` keeps this object for as long, as a field of his own.
 */
export class Memory {
	readonly bytes: Uint8Array<ArrayBuffer>;
	readonly words: Uint32Array<ArrayBuffer>;
	readonly address: number;

	/** @param length in bytes; rounded up to a multiple of 8. */
	constructor(length: number) {
		const buffer = new ArrayBuffer((length + 7) & ~7);
		this.bytes = new Uint8Array(buffer);
		this.words = new Uint32Array(buffer);
		this.address = Number(ptr(this.bytes));
	}

	/** Writes a 64-bit number (an address, a length; below 2^53) at byte `at`, a multiple of 4. */
	setLong(at: number, value: number): void {
		this.words[at >>> 2] = value >>> 0;
		this.words[(at >>> 2) + 1] = Math.floor(value / 0x1_0000_0000);
	}

	/** Reads a 64-bit number below 2^53 at byte `at`, a multiple of 4. */
	getLong(at: number): number {
		return this.words[at >>> 2] + this.words[(at >>> 2) + 1] * 0x1_0000_0000;
	}
}

const PROT_READ_WRITE = 3;
const MAP_SHARED_POPULATE = 0x8001;

/** Memory that the kernel shares through `descriptor`, mapped until the process ends; or the error number. */
export function mapShared(libc: Libc, descriptor: number, length: number, offset: number): Uint32Array | number {
	const address = Number(libc.mmap(0, length, PROT_READ_WRITE, MAP_SHARED_POPULATE, descriptor, offset));
	if (address > Number.MAX_SAFE_INTEGER) return errno(libc);
	return new Uint32Array(toArrayBuffer(address as Pointer, 0, length & ~3));
}

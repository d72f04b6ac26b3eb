import { ptr } from 'bun:ffi';
import { Memory } from '../memory.ts';

let lastBytes: Uint8Array | undefined;
let lastAddress = 0;

/**
 * Where bytes[at .. at+length) stand in memory, for the duration of one foreign call. RangeError if they reach outside
 * the array: a wrong length must never become a foreign write.
 */
export function addressOf(bytes: Uint8Array, at: number, length: number): number {
	if (!(at >= 0 && length >= 0 && at + length <= bytes.length)) {
		throw new RangeError(`bytes ${at} to ${at + length} of an array of ${bytes.length}; pass a range inside it`);
	}
	if (bytes !== lastBytes) {
		if (bytes.length === 0) return 0;
		// Asking for the buffer pins a small array: the collector moves it until then.
		if (bytes.buffer.byteLength < bytes.length) throw new RangeError('an array without its memory');
		lastAddress = Number(ptr(bytes));
		lastBytes = bytes;
	}
	return lastAddress + at;
}

/** A name as the C functions want it, ASCII and a zero byte, for the length of a call. */
export function withName<T>(name: string, use: (address: number) => T): T {
	const bytes = new Uint8Array(name.length + 1);
	for (let i = 0; i < name.length; i += 1) bytes[i] = name.charCodeAt(i);
	return withSecret(bytes, use);
}

/** A secret in foreign reach for the length of a call: copied in, and zeroed as soon as `use` has returned. */
export function withSecret<T>(secret: Uint8Array, use: (address: number) => T): T {
	const memory = new Memory(Math.max(secret.length, 1));
	memory.bytes.set(secret);
	try {
		return use(memory.address);
	} finally {
		memory.bytes.fill(0);
	}
}

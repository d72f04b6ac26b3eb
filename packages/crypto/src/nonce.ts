/** IVs (docs/protocol.md, section 11.6): from the salt of the keys, the source id and the counter of the message. */
import { CryptographyError } from './cryptography-error.ts';
import type { RandomBytes } from './ports.ts';

const COUNTER_LIMIT = Number.MAX_SAFE_INTEGER;
const START_BYTES = 6;

/**
 * The 64-bit counter of one node, shared by KEYINFO and ENCRYPTED. It goes up by one before each use, so that no two
 * packets of a node have the same IV.
 */
export class NonceCounter {
	#value: number;

	/** `start` is 0 for the packets of 4.10.2, which counts from 1 in every session. */
	constructor(start = 0) {
		this.#value = start;
	}

	/**
	 * A counter that starts at a random place below 2^48. All nodes of a group have one key, and IVs differ by source id
	 * and counter: a sender and a receiver on one host have the same id by default, and a receiver that comes back into a
	 * session has had its key before. Nobody minds where a counter starts, and so they never meet.
	 */
	static anywhere(random: RandomBytes): NonceCounter {
		let start = 0;
		for (const byte of random(START_BYTES)) start = start * 0x100 + byte;
		return new NonceCounter(start);
	}

	/** The last counter that was used; at first, the start. */
	get value(): number {
		return this.#value;
	}

	/** The next counter. Throws an Error after 2^53 - 1 packets, rather than ever give one twice. */
	next(): number {
		if (this.#value >= COUNTER_LIMIT)
			throw new CryptographyError('the IV counter is used up; start a new session with new keys');
		this.#value += 1;
		return this.#value;
	}
}

/**
 * Writes an IV into `iv`, whose length says the form: 16 (AES-CBC), 12 (GCM, CCM), 8 (3DES). The source id (4 bytes) and
 * the counter (8 bytes) stand in `bytes`, in network order. Allocates nothing.
 */
export function writeIv(
	iv: Uint8Array,
	salt: Uint8Array,
	bytes: Uint8Array,
	sourceIdAt: number,
	counterAt: number,
): void {
	if (iv.length === 16) {
		for (let i = 0; i < 4; i += 1) iv[i] = salt[i];
		for (let i = 0; i < 4; i += 1) iv[4 + i] = bytes[sourceIdAt + i];
		for (let i = 0; i < 8; i += 1) iv[8 + i] = bytes[counterAt + i];
	} else if (iv.length === 12) {
		for (let i = 0; i < 4; i += 1) iv[i] = salt[i] ^ bytes[sourceIdAt + i];
		for (let i = 0; i < 8; i += 1) iv[4 + i] = bytes[counterAt + i];
	} else {
		for (let i = 0; i < 4; i += 1) iv[i] = salt[i] ^ bytes[counterAt + i];
		for (let i = 0; i < 4; i += 1) iv[4 + i] = bytes[sourceIdAt + i] ^ bytes[counterAt + 4 + i];
	}
}

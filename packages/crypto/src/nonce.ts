/** IVs (wire facts, section 12.6): from the salt of the keys, the source id and the counter of the message. */

const COUNTER_LIMIT = Number.MAX_SAFE_INTEGER;

/**
 * The 64-bit counter of one node in one session, shared by KEYINFO and ENCRYPTED. It starts at 0 and goes up by one
 * before each use, so that no two packets of a node have the same IV. One counter belongs to one group key.
 */
export class NonceCounter {
	#value: number;

	/**
	 * `start` is 0 where the group key is made with the counter, at the sender. A receiver may come back into a session
	 * whose key it has used before: it starts at a random place, so that it cannot repeat itself.
	 */
	constructor(start = 0) {
		this.#value = start;
	}

	/** The last counter that was used; at first, the start. */
	get value(): number {
		return this.#value;
	}

	/** The next counter. Throws an Error after 2^53 - 1 packets, rather than ever give one twice. */
	next(): number {
		if (this.#value >= COUNTER_LIMIT) throw new Error('the IV counter is used up; start a new session with new keys');
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

/** CCM (RFC 3610) with a 12-byte nonce and a 16-byte tag, composed of CBC and CTR, for libraries without CCM. */
import { equalRanges } from '../constant-time.ts';
import type { PacketCipher } from '../ports.ts';

const BLOCK_BYTES = 16;
const NONCE_BYTES = 12;
const TAG_BYTES = 16;
/** "There is additional data", tag of 16 bytes, length in 3 bytes. */
const AUTHENTICATION_FLAGS = 0x7a;
/** Counter in 3 bytes. */
const COUNTER_FLAGS = 0x02;

export interface CcmParts {
	/** The last block of the CBC encryption of whole blocks, with an IV of zeros. May change `blocks`. */
	lastCbcBlock(blocks: Uint8Array): Uint8Array;
	/** The bytes XOR the key stream that starts with the encryption of `counter`. */
	applyCounter(counter: Uint8Array, bytes: Uint8Array): Uint8Array;
}

export class ComposedCcm implements PacketCipher {
	readonly iv = new Uint8Array(NONCE_BYTES);
	readonly #parts: CcmParts;
	readonly #counter = new Uint8Array(BLOCK_BYTES);

	constructor(parts: CcmParts) {
		this.#parts = parts;
	}

	seal(bytes: Uint8Array, at: number, length: number, aadAt: number, aadBytes: number): boolean {
		const tag = this.#authenticate(bytes, at, length, aadAt, aadBytes);
		// The first block of the key stream is the tag's.
		const stream = new Uint8Array(BLOCK_BYTES + length);
		stream.set(tag);
		stream.set(bytes.subarray(at, at + length), BLOCK_BYTES);
		const sealed = this.#crypt(stream);
		bytes.set(sealed.subarray(BLOCK_BYTES), at);
		bytes.set(sealed.subarray(0, TAG_BYTES), at + length);
		return true;
	}

	open(bytes: Uint8Array, at: number, length: number, aadAt: number, aadBytes: number): boolean {
		const stream = new Uint8Array(BLOCK_BYTES + length);
		stream.set(bytes.subarray(at + length, at + length + TAG_BYTES));
		stream.set(bytes.subarray(at, at + length), BLOCK_BYTES);
		const opened = this.#crypt(stream);
		const expected = this.#authenticate(opened, BLOCK_BYTES, length, 0, 0, bytes.subarray(aadAt, aadAt + aadBytes));
		if (!equalRanges(expected, 0, opened, 0, TAG_BYTES)) return false;
		bytes.set(opened.subarray(BLOCK_BYTES), at);
		return true;
	}

	#crypt(stream: Uint8Array): Uint8Array {
		const counter = this.#counter;
		counter.fill(0);
		counter[0] = COUNTER_FLAGS;
		counter.set(this.iv, 1);
		return this.#parts.applyCounter(counter, stream);
	}

	#authenticate(
		bytes: Uint8Array,
		at: number,
		length: number,
		aadAt: number,
		aadBytes: number,
		aad = bytes.subarray(aadAt, aadAt + aadBytes),
	): Uint8Array {
		const aadBlocks = Math.ceil((2 + aad.length) / BLOCK_BYTES);
		const messageAt = BLOCK_BYTES * (1 + aadBlocks);
		const blocks = new Uint8Array(messageAt + Math.ceil(length / BLOCK_BYTES) * BLOCK_BYTES);
		blocks[0] = AUTHENTICATION_FLAGS;
		blocks.set(this.iv, 1);
		blocks[13] = length >>> 16;
		blocks[14] = length >>> 8;
		blocks[15] = length;
		blocks[16] = aad.length >>> 8;
		blocks[17] = aad.length;
		blocks.set(aad, 18);
		blocks.set(bytes.subarray(at, at + length), messageAt);
		return this.#parts.lastCbcBlock(blocks);
	}
}

/**
 * PKCS#1 paddings around a message of known length (RFC 8017). They are ours so that every backend needs only bare RSA,
 * and so that taking them off never tells by time or error what was wrong.
 */
import { concatBytes } from './bytes.ts';
import { selectBytes, zeroMask } from './constant-time.ts';
import type { Backend, RandomBytes } from './ports.ts';
import { HASHES, HashType } from './suites.ts';

const SHA1_BYTES = 20;
/** What SHA-1 makes of the empty label. */
const EMPTY_LABEL_HASH = Uint8Array.fromHex('da39a3ee5e6b4b0d3255bfef95601890afd80709');
/** Zero, block type, at least eight bytes, zero. */
const PKCS1_LEAST_BYTES = 11;

/** DER of a DigestInfo without the digest. */
const DIGEST_INFO: Readonly<Record<HashType, Uint8Array>> = {
	[HashType.SHA1]: Uint8Array.fromHex('3021300906052b0e03021a05000414'),
	[HashType.SHA256]: Uint8Array.fromHex('3031300d060960864801650304020105000420'),
	[HashType.SHA384]: Uint8Array.fromHex('3041300d060960864801650304020205000430'),
	[HashType.SHA512]: Uint8Array.fromHex('3051300d060960864801650304020305000440'),
};

/** What taking a padding off gave; where it was wrong, `message` is the fallback, found in the same time. */
export interface Unpadded {
	readonly message: Uint8Array;
	readonly isGenuine: boolean;
}

/** OAEP with SHA-1, MGF1-SHA1 and an empty label, to `blockBytes`. RangeError if the message is too long for it. */
export function padOaep(backend: Backend, message: Uint8Array, blockBytes: number, random: RandomBytes): Uint8Array {
	const fillBytes = blockBytes - 2 * SHA1_BYTES - 2 - message.length;
	if (fillBytes < 0) throw tooLong(message.length, blockBytes);
	const data = concatBytes(EMPTY_LABEL_HASH, new Uint8Array(fillBytes), ONE, message);
	const seed = random(SHA1_BYTES).slice();
	xor(data, mask(backend, seed, data.length));
	xor(seed, mask(backend, data, SHA1_BYTES));
	return concatBytes(ZERO, seed, data);
}

/** Takes OAEP off a block whose message must be as long as `fallback`. */
export function unpadOaep(backend: Backend, block: Uint8Array, fallback: Uint8Array): Unpadded {
	const messageAt = block.length - fallback.length;
	if (messageAt < 2 * SHA1_BYTES + 2) return { message: fallback, isGenuine: false };
	const seed = block.slice(1, 1 + SHA1_BYTES);
	const data = block.slice(1 + SHA1_BYTES);
	xor(seed, mask(backend, data, SHA1_BYTES));
	xor(data, mask(backend, seed, data.length));
	const end = data.length - fallback.length;
	let wrong = block[0];
	for (let i = 0; i < SHA1_BYTES; i += 1) wrong |= data[i] ^ EMPTY_LABEL_HASH[i];
	for (let i = SHA1_BYTES; i < end - 1; i += 1) wrong |= data[i];
	wrong |= data[end - 1] ^ 1;
	return select(wrong, data.subarray(end), fallback);
}

/** PKCS#1 v1.5 for encryption, to `blockBytes`. RangeError if the message is too long for it. */
export function padForEncryption(message: Uint8Array, blockBytes: number, random: RandomBytes): Uint8Array {
	const fillBytes = blockBytes - 3 - message.length;
	if (message.length > blockBytes - PKCS1_LEAST_BYTES) throw tooLong(message.length, blockBytes);
	const fill = new Uint8Array(fillBytes);
	for (let filled = 0; filled < fillBytes; ) {
		for (const byte of random(fillBytes - filled)) if (byte !== 0) fill[filled++] = byte;
	}
	return concatBytes(Uint8Array.of(0, 2), fill, ZERO, message);
}

/** Takes PKCS#1 v1.5 off a block whose message must be as long as `fallback`. */
export function unpadEncrypted(block: Uint8Array, fallback: Uint8Array): Unpadded {
	const messageAt = block.length - fallback.length;
	if (messageAt < PKCS1_LEAST_BYTES) return { message: fallback, isGenuine: false };
	let wrong = block[0] | (block[1] ^ 2) | block[messageAt - 1];
	for (let i = 2; i < messageAt - 1; i += 1) wrong |= zeroMask(block[i]);
	return select(wrong, block.subarray(messageAt), fallback);
}

/** Whether a signature with this hash fits a modulus: SHA-384 and SHA-512 do not fit 512 bits. */
export function fitsSignature(hash: HashType, blockBytes: number): boolean {
	return DIGEST_INFO[hash].length + HASHES[hash].bytes + PKCS1_LEAST_BYTES <= blockBytes;
}

/** Writes PKCS#1 v1.5 for signatures around a digest into `block`. RangeError if it does not fit; allocates nothing. */
export function padForSignature(block: Uint8Array, hash: HashType, digest: Uint8Array): void {
	const prefix = DIGEST_INFO[hash];
	const digestAt = block.length - digest.length;
	const prefixAt = digestAt - prefix.length;
	if (!fitsSignature(hash, block.length)) {
		throw new RangeError(
			`an RSA key of ${block.length * 8} bits is too short to sign with ${HASHES[hash].name}; ` +
				'use a longer key, or sha256',
		);
	}
	block.fill(0xff);
	block[0] = 0;
	block[1] = 1;
	block[prefixAt - 1] = 0;
	block.set(prefix, prefixAt);
	block.set(digest, digestAt);
}

const ZERO = Uint8Array.of(0);
const ONE = Uint8Array.of(1);

function select(wrong: number, message: Uint8Array, fallback: Uint8Array): Unpadded {
	const right = zeroMask(wrong);
	return { message: selectBytes(right, message, fallback), isGenuine: right !== 0 };
}

/** MGF1 with SHA-1. */
function mask(backend: Backend, seed: Uint8Array, length: number): Uint8Array {
	const hash = backend.hash(HashType.SHA1);
	const input = concatBytes(seed, new Uint8Array(4));
	const bytes = new Uint8Array(length);
	for (let at = 0, round = 0; at < length; at += SHA1_BYTES, round += 1) {
		input[input.length - 1] = round;
		hash.compute(input, 0, input.length);
		bytes.set(hash.output.subarray(0, Math.min(SHA1_BYTES, length - at)), at);
	}
	return bytes;
}

function xor(bytes: Uint8Array, by: Uint8Array): void {
	for (let i = 0; i < bytes.length; i += 1) bytes[i] ^= by[i];
}

function tooLong(messageBytes: number, blockBytes: number): RangeError {
	return new RangeError(
		`a message of ${messageBytes} bytes does not fit an RSA key of ${blockBytes * 8} bits; use a longer key`,
	);
}

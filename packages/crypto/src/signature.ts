/** Signatures: RSA and ECDSA as UFTP lays them out, and HMAC (docs/protocol.md, sections 11.3 and 11.8). */
import { copyBytes, getU16, setU16 } from '@uftp/wire';
import { equalBytes, equalRanges } from './constant-time.ts';
import { CryptographyError } from './cryptography-error.ts';
import { coordinateBytes, scalarBytes } from './curves.ts';
import type { EcPrivateKey, EcPublicKey, PrivateKey, PublicKey, RsaPrivateKey, RsaPublicKey } from './keys/key.ts';
import type { Backend, Digester } from './ports.ts';
import { fitsSignature, padForSignature } from './rsa-padding.ts';
import { HASHES, type HashType } from './suites.ts';

/** Lengths of r and s. */
const EC_HEAD_BYTES = 4;
/** Longest signature: RSA with 2048 bits. */
export const MAX_SIGNATURE_BYTES = 256;

/** Makes signatures over messages; `output` is the last one. An HMAC `Digester` is one, too. */
export type Signer = Digester;

/** Checks signatures that somebody else made. */
export interface Verifier {
	/** Whether signature[signatureAt .. +signatureBytes) signs bytes[at .. at+length). Never throws. */
	verify(
		bytes: Uint8Array,
		at: number,
		length: number,
		signature: Uint8Array,
		signatureAt: number,
		signatureBytes: number,
	): boolean;
}

/** Bytes of every signature of a key: the modulus; for a curve, 4 and twice a coordinate in whole words. */
export function signatureBytes(key: PublicKey): number {
	if (key.kind === 'rsa') return key.modulus.length;
	return EC_HEAD_BYTES + Math.ceil((2 * coordinateBytes(key.curve)) / 4) * 4;
}

/** A sentence if the key cannot sign with this hash (RSA of 512 bits cannot with SHA-384 and SHA-512). */
export function signingRefusal(key: PublicKey, hash: HashType): string | undefined {
	if (key.kind === 'ec' || fitsSignature(hash, key.modulus.length)) return undefined;
	const bits = 8 * key.modulus.length;
	return `an RSA key of ${bits} bits is too short to sign with ${HASHES[hash].name}; use a longer key, or sha256`;
}

/** Signs with a private key. RangeError if the key cannot sign with this hash. */
export function keySigner(backend: Backend, hash: HashType, key: PrivateKey): Signer {
	const refusal = signingRefusal(key.publicKey, hash);
	if (refusal !== undefined) throw new RangeError(refusal);
	return key.kind === 'rsa' ? new RsaSigner(backend, hash, key) : new EcSigner(hash, key);
}

/** Checks what a key's owner signed. */
export function keyVerifier(backend: Backend, hash: HashType, key: PublicKey): Verifier {
	return key.kind === 'rsa' ? new RsaVerifier(backend, hash, key) : new EcVerifier(hash, key);
}

/** Signs bytes[at .. at+length) into a field inside them, which counts as zero. */
export function signField(
	signer: Signer,
	bytes: Uint8Array,
	at: number,
	length: number,
	fieldAt: number,
	fieldBytes: number,
): void {
	const { output } = signer;
	if (fieldBytes !== output.length || fieldAt < at || fieldAt + fieldBytes > at + length) {
		throw new RangeError(`a signature of ${output.length} bytes for a field of ${fieldBytes} at ${fieldAt}`);
	}
	bytes.fill(0, fieldAt, fieldAt + fieldBytes);
	signer.compute(bytes, at, length);
	copyBytes(output, 0, bytes, fieldAt, fieldBytes);
}

const kept = new Uint8Array(MAX_SIGNATURE_BYTES);

/**
 * Whether the field inside bytes[at .. at+length) signs them, itself counted as zero. The bytes are afterwards as they
 * were. This is how an ANNOUNCE is signed: over its whole datagram.
 */
export function verifyField(
	verifier: Verifier,
	bytes: Uint8Array,
	at: number,
	length: number,
	fieldAt: number,
	fieldBytes: number,
): boolean {
	if (fieldBytes > MAX_SIGNATURE_BYTES || fieldAt < at || fieldAt + fieldBytes > at + length) return false;
	copyBytes(bytes, fieldAt, kept, 0, fieldBytes);
	bytes.fill(0, fieldAt, fieldAt + fieldBytes);
	const verdict = verifier.verify(bytes, at, length, kept, 0, fieldBytes);
	copyBytes(kept, 0, bytes, fieldAt, fieldBytes);
	return verdict;
}

/** Checks HMACs, in constant time. */
export class HmacVerifier implements Verifier {
	readonly #hmac: Digester;

	constructor(hmac: Digester) {
		this.#hmac = hmac;
	}

	readonly verify: Verifier['verify'] = (bytes, at, length, signature, signatureAt, signatureBytes) => {
		const hmac = this.#hmac;
		if (signatureBytes !== hmac.output.length) return false;
		hmac.compute(bytes, at, length);
		return equalRanges(hmac.output, 0, signature, signatureAt, signatureBytes);
	};
}

class RsaSigner implements Signer {
	readonly output: Uint8Array;
	readonly #hash: HashType;
	readonly #hasher: Digester;
	readonly #key: RsaPrivateKey;

	constructor(backend: Backend, hash: HashType, key: RsaPrivateKey) {
		this.output = new Uint8Array(key.publicKey.modulus.length);
		this.#hash = hash;
		this.#hasher = backend.hash(hash);
		this.#key = key;
	}

	compute(bytes: Uint8Array, at: number, length: number): void {
		this.#hasher.compute(bytes, at, length);
		padForSignature(this.output, this.#hash, this.#hasher.output);
		if (!this.#key.operation.apply(this.output))
			throw new CryptographyError('the RSA key does not sign; is its file damaged?');
	}
}

class RsaVerifier implements Verifier {
	readonly #hash: HashType;
	readonly #hasher: Digester;
	readonly #key: RsaPublicKey;
	readonly #opened: Uint8Array;
	readonly #expected: Uint8Array;

	constructor(backend: Backend, hash: HashType, key: RsaPublicKey) {
		this.#hash = hash;
		this.#hasher = backend.hash(hash);
		this.#key = key;
		this.#opened = new Uint8Array(key.modulus.length);
		this.#expected = new Uint8Array(key.modulus.length);
	}

	readonly verify: Verifier['verify'] = (bytes, at, length, signature, signatureAt, signatureBytes) => {
		const opened = this.#opened;
		if (signatureBytes !== opened.length || !fitsSignature(this.#hash, opened.length)) return false;
		copyBytes(signature, signatureAt, opened, 0, signatureBytes);
		if (!this.#key.operation.apply(opened)) return false;
		this.#hasher.compute(bytes, at, length);
		padForSignature(this.#expected, this.#hash, this.#hasher.output);
		return equalBytes(opened, this.#expected);
	};
}

class EcSigner implements Signer {
	readonly output: Uint8Array;
	readonly #hash: HashType;
	readonly #key: EcPrivateKey;
	/** r || s in full width. */
	readonly #halves: Uint8Array;

	constructor(hash: HashType, key: EcPrivateKey) {
		this.output = new Uint8Array(signatureBytes(key.publicKey));
		this.#hash = hash;
		this.#key = key;
		this.#halves = new Uint8Array(2 * scalarBytes(key.publicKey.curve));
	}

	compute(bytes: Uint8Array, at: number, length: number): void {
		const halves = this.#halves;
		const { output } = this;
		const width = halves.length / 2;
		this.#key.operation.sign(this.#hash, bytes, at, length, halves);
		const rAt = firstSet(halves, 0, width);
		const sAt = firstSet(halves, width, 2 * width);
		const rBytes = width - rAt;
		const sBytes = 2 * width - sAt;
		output.fill(0);
		setU16(output, 0, rBytes);
		setU16(output, 2, sBytes);
		copyBytes(halves, rAt, output, EC_HEAD_BYTES, rBytes);
		copyBytes(halves, sAt, output, EC_HEAD_BYTES + rBytes, sBytes);
	}
}

class EcVerifier implements Verifier {
	readonly #hash: HashType;
	readonly #key: EcPublicKey;
	readonly #halves: Uint8Array;
	readonly #signatureBytes: number;

	constructor(hash: HashType, key: EcPublicKey) {
		this.#hash = hash;
		this.#key = key;
		this.#halves = new Uint8Array(2 * scalarBytes(key.curve));
		this.#signatureBytes = signatureBytes(key);
	}

	readonly verify: Verifier['verify'] = (bytes, at, length, signature, signatureAt, signatureBytes) => {
		if (signatureBytes !== this.#signatureBytes) return false;
		const rBytes = getU16(signature, signatureAt);
		const sBytes = getU16(signature, signatureAt + 2);
		if (EC_HEAD_BYTES + rBytes + sBytes > signatureBytes) return false;
		const halves = this.#halves;
		const width = halves.length / 2;
		const rAt = signatureAt + EC_HEAD_BYTES;
		if (!putHalf(signature, rAt, rBytes, halves, 0, width)) return false;
		if (!putHalf(signature, rAt + rBytes, sBytes, halves, width, width)) return false;
		return this.#key.operation.verify(this.#hash, bytes, at, length, halves);
	};
}

function firstSet(bytes: Uint8Array, from: number, end: number): number {
	let at = from;
	while (at < end && bytes[at] === 0) at += 1;
	return at;
}

/** Puts a number of any length, leading zeros allowed, into `width` bytes; false if it is too large. */
function putHalf(
	from: Uint8Array,
	fromAt: number,
	length: number,
	to: Uint8Array,
	toAt: number,
	width: number,
): boolean {
	const start = firstSet(from, fromAt, fromAt + length);
	const bytes = fromAt + length - start;
	if (bytes > width) return false;
	to.fill(0, toAt, toAt + width);
	copyBytes(from, start, to, toAt + width - bytes, bytes);
	return true;
}

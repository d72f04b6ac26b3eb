/** Keys ready for use with one backend. Printing a private key shows nothing of it. */
import { trimmedNumber } from '../bytes.ts';
import { type Curve, scalarBytes } from '../curves.ts';
import type {
	Backend,
	EcPrivateOperation,
	EcPublicOperation,
	RandomBytes,
	RsaNumbers,
	RsaOperation,
} from '../ports.ts';
import { fingerprint } from './fingerprint.ts';
import { decodeKeyBlob, encodeEcBlob, encodeRsaBlob, MAX_RSA_BITS, MIN_RSA_BITS } from './key-blob.ts';
import { KeyError } from './key-error.ts';

export interface RsaPublicKey {
	readonly kind: 'rsa';
	readonly modulus: Uint8Array;
	readonly exponent: number;
	/** As it travels; its SHA-1 is the fingerprint. */
	readonly blob: Uint8Array;
	readonly fingerprint: Uint8Array;
	readonly operation: RsaOperation;
}

export interface EcPublicKey {
	readonly kind: 'ec';
	readonly curve: Curve;
	/** X || Y. */
	readonly point: Uint8Array;
	readonly blob: Uint8Array;
	readonly fingerprint: Uint8Array;
	readonly operation: EcPublicOperation;
}

/** A public key, RSA or on a curve, with its bytes on the wire and its fingerprint. */
export type PublicKey = RsaPublicKey | EcPublicKey;

/** The secret of a key, as it stands in a file. */
export type PrivateNumbers =
	| { readonly kind: 'rsa'; readonly numbers: RsaNumbers }
	| { readonly kind: 'ec'; readonly curve: Curve; readonly scalar: Uint8Array };

/** What keeps a secret out of logs: only who asks for it gets it. */
class Secret<Public extends PublicKey, Operation, Numbers extends PrivateNumbers> {
	readonly publicKey: Public;
	readonly #operation: Operation;
	readonly #numbers: Numbers;

	constructor(publicKey: Public, operation: Operation, numbers: Numbers) {
		this.publicKey = publicKey;
		this.#operation = operation;
		this.#numbers = numbers;
	}

	get operation(): Operation {
		return this.#operation;
	}

	/** For writing it to a file, and for nothing else. */
	exportNumbers(): Numbers {
		return this.#numbers;
	}
}

export class RsaPrivateKey extends Secret<RsaPublicKey, RsaOperation, PrivateNumbers & { readonly kind: 'rsa' }> {
	readonly kind = 'rsa';
}

export class EcPrivateKey extends Secret<EcPublicKey, EcPrivateOperation, PrivateNumbers & { readonly kind: 'ec' }> {
	readonly kind = 'ec';
}

const MAX_TRIES = 256;

/** A node's private key, RSA or on a curve; `publicKey` is its other half. */
export type PrivateKey = RsaPrivateKey | EcPrivateKey;

/**
 * A public key from the blob in bytes[at .. at+length). Undefined if the blob is malformed, its point is not on its
 * curve, or the backend lacks RSA or the curve (`keyBlobRefusal` says which). Never throws.
 */
export function importKeyBlob(backend: Backend, bytes: Uint8Array, at: number, length: number): PublicKey | undefined {
	const content = decodeKeyBlob(bytes, at, length);
	if (content?.kind === 'rsa') {
		return backend.rsa ? rsaPublicKey(backend, content.modulus, content.exponent) : undefined;
	}
	if (content === undefined || !backend.curves.has(content.curve.id)) return undefined;
	return ecPublicKey(backend, content.curve, content.point);
}

/** Why `importKeyBlob` refused a blob, as a sentence. */
export function keyBlobRefusal(backend: Backend, bytes: Uint8Array, at: number, length: number): string {
	const content = decodeKeyBlob(bytes, at, length);
	if (content === undefined) return 'the public key is malformed, or not between 512 and 2048 bits of RSA';
	if (content.kind === 'rsa') return `${lacking(backend, 'RSA')}; install OpenSSL 3 here`;
	if (backend.curves.has(content.curve.id)) return `the public key is not on its curve ${content.curve.name}`;
	return `${lacking(backend, `the curve ${content.curve.name}`)}; install OpenSSL 3 here`;
}

/** A private key from its numbers. Throws a KeyError that contains none of them. */
export function importPrivateNumbers(backend: Backend, secret: PrivateNumbers): PrivateKey {
	return secret.kind === 'rsa' ? rsaPrivateKey(backend, secret.numbers) : ecPrivateKey(backend, secret);
}

/** A new RSA key of 512 to 2048 bits, a multiple of 8; drawn by the backend from the system's randomness. */
export function generateRsaKey(backend: Backend, bits: number): RsaPrivateKey {
	if (!(bits >= MIN_RSA_BITS && bits <= MAX_RSA_BITS && bits % 8 === 0)) {
		throw new KeyError(`an RSA key of ${bits} bits; UFTP 4 knows 512 to 2048 bits, in steps of 8`);
	}
	if (!backend.rsa) throw new KeyError(`${lacking(backend, 'RSA')}; install OpenSSL 3 here`);
	const key = rsaPrivateKey(backend, backend.generateRsa(bits));
	if (key.publicKey.modulus.length * 8 === bits) return key;
	throw new KeyError(
		`${backend.name} makes no RSA keys of ${bits} bits; choose a multiple of 128, such as 1024 or 2048`,
	);
}

/** A new key on a curve, drawn from `random`. KeyError if the backend lacks the curve. */
export function generateEcKey(backend: Backend, curve: Curve, random: RandomBytes): EcPrivateKey {
	const unused = 8 * scalarBytes(curve) - curve.orderBits;
	// As good as always the first will do, but with an order just above a power of two every other one.
	for (let tries = 0; tries < MAX_TRIES; tries += 1) {
		const scalar = random(scalarBytes(curve)).slice();
		scalar[0] &= 0xff >> unused;
		const key = tryEcPrivateKey(backend, curve, scalar);
		if (key !== undefined) return key;
	}
	throw new KeyError('the source of random bytes gives no usable key; it is broken');
}

/** Whether a receiver with `own` can take part in a session of `other`: same kind, and same size or curve. */
export function isCompatible(own: PublicKey, other: PublicKey): boolean {
	if (own.kind === 'rsa') return other.kind === 'rsa' && own.modulus.length === other.modulus.length;
	return other.kind === 'ec' && own.curve === other.curve;
}

/** "RSA, 1024 bits" or "EC, secp256r1": for logs. */
export function describeKey(key: PublicKey): string {
	return key.kind === 'rsa' ? `RSA, ${8 * key.modulus.length} bits` : `EC, ${key.curve.name}`;
}

function lacking({ name }: Backend, what: string): string {
	return `this side lacks ${what} (cryptography by ${name})`;
}

function rsaPublicKey(backend: Backend, modulus: Uint8Array, exponent: number): RsaPublicKey | undefined {
	const blob = encodeRsaBlob(modulus, exponent);
	const exponentBytes = trimmedNumber(blob.slice(4, 8));
	const operation = backend.rsaPublic(modulus, exponentBytes);
	if (operation === undefined) return undefined;
	return { kind: 'rsa', modulus, exponent, blob, fingerprint: fingerprint(backend, blob), operation };
}

function rsaPrivateKey(backend: Backend, numbers: RsaNumbers): RsaPrivateKey {
	if (!backend.rsa) throw new KeyError(`${lacking(backend, 'RSA')}; install OpenSSL 3 here`);
	let exponent = 0;
	for (const byte of numbers.publicExponent) exponent = exponent * 0x100 + byte;
	const blob = encodeRsaBlob(numbers.modulus, exponent);
	if (exponent > 0xffff_ffff || decodeKeyBlob(blob, 0, blob.length) === undefined) {
		const bits = 8 * numbers.modulus.length;
		throw new KeyError(`an RSA key of ${bits} bits; UFTP 4 takes 512 to 2048 bits and exponents of 32 bits`);
	}
	const publicKey = rsaPublicKey(backend, numbers.modulus, exponent);
	if (publicKey === undefined) throw new KeyError(`the RSA key is refused by ${backend.name}; make a new one`);
	return new RsaPrivateKey(publicKey, backend.rsaPrivate(numbers), { kind: 'rsa', numbers });
}

function ecPublicKey(backend: Backend, curve: Curve, point: Uint8Array): EcPublicKey | undefined {
	const operation = backend.ecPublic(curve, point);
	if (operation === undefined) return undefined;
	const blob = encodeEcBlob(curve, point);
	return { kind: 'ec', curve, point, blob, fingerprint: fingerprint(backend, blob), operation };
}

function ecPrivateKey(backend: Backend, secret: PrivateNumbers & { kind: 'ec' }): EcPrivateKey {
	const key = tryEcPrivateKey(backend, secret.curve, secret.scalar);
	if (key !== undefined) return key;
	throw new KeyError(`the key is no valid key on its curve ${secret.curve.name}; make a new one`);
}

function tryEcPrivateKey(backend: Backend, curve: Curve, scalar: Uint8Array): EcPrivateKey | undefined {
	if (!backend.curves.has(curve.id)) {
		throw new KeyError(`${lacking(backend, `the curve ${curve.name}`)}; use secp256r1, or install OpenSSL 3 here`);
	}
	const operation = backend.ecPrivate(curve, scalar);
	const publicKey = operation && ecPublicKey(backend, curve, operation.point());
	return operation && publicKey ? new EcPrivateKey(publicKey, operation, { kind: 'ec', curve, scalar }) : undefined;
}

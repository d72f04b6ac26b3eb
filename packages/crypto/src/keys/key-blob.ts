/** How public keys travel (docs/protocol.md, section 11.2). */
import { concatBytes } from '../bytes.ts';
import { type Curve, coordinateBytes, curveById } from '../curves.ts';

const RSA_BLOB = 1;
const EC_BLOB = 2;
const HEAD_BYTES = 4;
const RSA_HEAD_BYTES = 8;

export const MIN_RSA_BITS = 512;
export const MAX_RSA_BITS = 2048;
const MIN_MODULUS_BYTES = MIN_RSA_BITS / 8;
const MAX_MODULUS_BYTES = MAX_RSA_BITS / 8;

export interface RsaPublicNumbers {
	readonly kind: 'rsa';
	/** Big-endian without leading zeros. */
	readonly modulus: Uint8Array;
	readonly exponent: number;
}

export interface EcPublicPoint {
	readonly kind: 'ec';
	readonly curve: Curve;
	/** X || Y. */
	readonly point: Uint8Array;
}

/** 1, 0, modulus length, exponent, modulus: 8 bytes and the modulus. */
export function encodeRsaBlob(modulus: Uint8Array, exponent: number): Uint8Array {
	const blob = new Uint8Array(RSA_HEAD_BYTES + modulus.length);
	const view = new DataView(blob.buffer);
	blob[0] = RSA_BLOB;
	view.setUint16(2, modulus.length);
	view.setUint32(4, exponent);
	blob.set(modulus, RSA_HEAD_BYTES);
	return blob;
}

/** 2, curve, length of X || Y, X || Y, and zeros to whole words, which the length does not count. */
export function encodeEcBlob(curve: Curve, point: Uint8Array): Uint8Array {
	const padding = new Uint8Array((4 - (point.length % 4)) % 4);
	return concatBytes(Uint8Array.of(EC_BLOB, curve.id, point.length >> 8, point.length), point, padding);
}

/** Bytes of the blob of any key on a curve. */
export function ecBlobBytes(curve: Curve): number {
	return HEAD_BYTES + Math.ceil((2 * coordinateBytes(curve)) / 4) * 4;
}

/**
 * Reads the blob in bytes[at .. at+length), copying it. Undefined if it is not the one and only encoding of a key
 * between 512 and 2048 bits, or on a curve of the table. Whether the point is on the curve, the backend says.
 */
export function decodeKeyBlob(
	bytes: Uint8Array,
	at: number,
	length: number,
): RsaPublicNumbers | EcPublicPoint | undefined {
	if (length < RSA_HEAD_BYTES || at + length > bytes.length) return undefined;
	const blob = bytes.slice(at, at + length);
	if (blob[0] === RSA_BLOB) return decodeRsa(blob);
	return blob[0] === EC_BLOB ? decodeEc(blob) : undefined;
}

function decodeRsa(blob: Uint8Array): RsaPublicNumbers | undefined {
	const view = new DataView(blob.buffer, blob.byteOffset);
	const modulusBytes = view.getUint16(2);
	const exponent = view.getUint32(4);
	if (blob[1] !== 0 || blob.length !== RSA_HEAD_BYTES + modulusBytes) return undefined;
	if (modulusBytes < MIN_MODULUS_BYTES || modulusBytes > MAX_MODULUS_BYTES) return undefined;
	const modulus = blob.subarray(RSA_HEAD_BYTES);
	const isOdd = (modulus[modulusBytes - 1] & exponent & 1) === 1;
	if (modulus[0] === 0 || exponent < 3 || !isOdd) return undefined;
	return { kind: 'rsa', modulus, exponent };
}

function decodeEc(blob: Uint8Array): EcPublicPoint | undefined {
	const curve = curveById(blob[1]);
	if (curve === undefined || blob.length !== ecBlobBytes(curve)) return undefined;
	const pointBytes = (blob[2] << 8) | blob[3];
	if (pointBytes !== 2 * coordinateBytes(curve)) return undefined;
	for (let i = HEAD_BYTES + pointBytes; i < blob.length; i += 1) if (blob[i] !== 0) return undefined;
	return { kind: 'ec', curve, point: blob.subarray(HEAD_BYTES, HEAD_BYTES + pointBytes) };
}

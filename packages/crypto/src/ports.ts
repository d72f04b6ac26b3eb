/**
 * What the core asks of a cryptography library. Three implement it, in `backends/`; the core adds everything that is
 * UFTP's own. Objects are made once per key and then work in place: with libcrypto nothing is allocated per packet.
 */
import type { Curve } from './curves.ts';
import type { CipherType, HashType, Offer } from './suites.ts';

/** So many fresh random bytes from the system; in simulations, from a seed. */
export type RandomBytes = (length: number) => Uint8Array;

/** One cipher with one key. Works in place; `iv` is read at every call. */
export interface PacketCipher {
	/** The caller writes the IV of the next packet here. */
	readonly iv: Uint8Array;
	/**
	 * Encrypts bytes[at .. at+length); with GCM and CCM, puts the 16-byte tag behind. CBC takes whole blocks and knows
	 * no padding and no additional data. False: the library refused (never for good arguments).
	 */
	seal(bytes: Uint8Array, at: number, length: number, aadAt: number, aadBytes: number): boolean;
	/** Decrypts bytes[at .. at+length); false if the tag behind is wrong, the bytes are undefined then. */
	open(bytes: Uint8Array, at: number, length: number, aadAt: number, aadBytes: number): boolean;
}

/** A hash, or an HMAC with its key. */
export interface Digester {
	/** The result of the last `compute`. */
	readonly output: Uint8Array;
	compute(bytes: Uint8Array, at: number, length: number): void;
}

/** The numbers of an RSA private key, big-endian without leading zeros, as PKCS#1 names them. */
export interface RsaNumbers {
	readonly modulus: Uint8Array;
	readonly publicExponent: Uint8Array;
	readonly privateExponent: Uint8Array;
	readonly prime1: Uint8Array;
	readonly prime2: Uint8Array;
	readonly exponent1: Uint8Array;
	readonly exponent2: Uint8Array;
	readonly coefficient: Uint8Array;
}

/** RSA without padding, in place on a block of the modulus's length. False: the block is not below the modulus. */
export interface RsaOperation {
	apply(block: Uint8Array): boolean;
}

export interface EcPublicOperation {
	/** Whether r || s (equal widths, big-endian) signs the hash of bytes[at .. at+length). Never throws. */
	verify(hash: HashType, bytes: Uint8Array, at: number, length: number, signature: Uint8Array): boolean;
}

export interface EcPrivateOperation {
	/** The public point, X || Y. */
	point(): Uint8Array;
	/** X of the shared point in full width; undefined if the other point is not one of this curve. */
	agree(otherPoint: Uint8Array): Uint8Array | undefined;
	/** Writes r || s, each as wide as the scalar, into `signature`. */
	sign(hash: HashType, bytes: Uint8Array, at: number, length: number, signature: Uint8Array): void;
}

export type BackendName = 'libcrypto' | 'node' | 'noble';

/** Hashes of the PRF: those of sessions, and MD5. */
export type HmacHash = HashType | 'md5';

/**
 * A cryptography library. What it offers stands in `ciphers`, `hashes`, `rsa` and `curves`; asking for anything else is
 * a mistake of the caller and throws a RangeError. Nothing that it throws contains a key.
 */
export interface Backend extends Offer {
	readonly name: BackendName;
	/** The ids of the curves. */
	readonly curves: ReadonlySet<number>;
	cipher(type: CipherType, key: Uint8Array): PacketCipher;
	hash(type: HashType): Digester;
	hmac(hash: HmacHash, key: Uint8Array): Digester;
	/** From the system's randomness, exponent 65537. */
	generateRsa(bits: number): RsaNumbers;
	/** Undefined if the library refuses such a key. */
	rsaPublic(modulus: Uint8Array, exponent: Uint8Array): RsaOperation | undefined;
	/** Throws if the library refuses such a key, without saying anything of it. */
	rsaPrivate(numbers: RsaNumbers): RsaOperation;
	/** Undefined if the point (X || Y) is not on the curve. */
	ecPublic(curve: Curve, point: Uint8Array): EcPublicOperation | undefined;
	/** Undefined if the scalar is zero or not below the order. */
	ecPrivate(curve: Curve, scalar: Uint8Array): EcPrivateOperation | undefined;
}

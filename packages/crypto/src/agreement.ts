/**
 * How sender and receiver come to the premaster, the secret from which all keys follow (docs/protocol.md,
 * section 11.4).
 */
import { CryptographyError } from './cryptography-error.ts';
import type { EcPrivateKey, EcPublicKey, RsaPrivateKey, RsaPublicKey } from './keys/key.ts';
import type { Backend, RandomBytes } from './ports.ts';
import { padForEncryption, padOaep, type Unpadded, unpadEncrypted, unpadOaep } from './rsa-padding.ts';
import { HashType } from './suites.ts';

export const RSA_PREMASTER_BYTES = 48;
/** Keys of at least so many bytes are used with OAEP, shorter ones with PKCS#1 v1.5: 768 bits. */
const OAEP_MODULUS_BYTES = 96;

/** A premaster for key exchange RSA: 48 random bytes, without the version of TLS. */
export function newPremaster(random: RandomBytes): Uint8Array {
	return random(RSA_PREMASTER_BYTES).slice();
}

/** The key info of a REGISTER: the premaster, encrypted with the sender's RSA key. */
export function encryptPremaster(
	backend: Backend,
	key: RsaPublicKey,
	premaster: Uint8Array,
	random: RandomBytes,
): Uint8Array {
	const modulusBytes = key.modulus.length;
	const isOaep = modulusBytes >= OAEP_MODULUS_BYTES;
	const block = isOaep
		? padOaep(backend, premaster, modulusBytes, random)
		: padForEncryption(premaster, modulusBytes, random);
	if (!key.operation.apply(block))
		throw new CryptographyError('the cryptography library refused to encrypt the premaster');
	return block;
}

export interface OpenedPremaster {
	/** The premaster, or the fallback. */
	readonly premaster: Uint8Array;
	/** For this side's log only: nothing that the other side can see may depend on it. */
	readonly isGenuine: boolean;
}

/**
 * Decrypts the key info of a REGISTER. If it is not a premaster for this key, `premaster` is the fallback: the caller
 * goes on with it as with a good one, and the receiver fails at KEYINFO. So nobody can find out by asking again and
 * again how a block decrypts (Bleichenbacher's attack). Undefined if its length is not that of the key.
 *
 * @param random for the fallback.
 */
export function decryptPremaster(
	backend: Backend,
	key: RsaPrivateKey,
	keyInfo: Uint8Array,
	random: RandomBytes,
): OpenedPremaster | undefined {
	const modulusBytes = key.publicKey.modulus.length;
	if (keyInfo.length !== modulusBytes) return undefined;
	const fallback = newPremaster(random);
	const block = keyInfo.slice();
	if (!key.operation.apply(block)) return { premaster: fallback, isGenuine: false };
	const isOaep = modulusBytes >= OAEP_MODULUS_BYTES;
	const opened: Unpadded = isOaep ? unpadOaep(backend, block, fallback) : unpadEncrypted(block, fallback);
	return { premaster: opened.message, isGenuine: opened.isGenuine };
}

/**
 * The premaster of an ECDH key exchange: SHA-1 of the X coordinate, whatever the hash of the session. Undefined if the
 * keys are on different curves.
 */
export function agreePremaster(backend: Backend, own: EcPrivateKey, other: EcPublicKey): Uint8Array | undefined {
	if (own.publicKey.curve !== other.curve) return undefined;
	const x = own.operation.agree(other.point);
	if (x === undefined) return undefined;
	const hash = backend.hash(HashType.SHA1);
	hash.compute(x, 0, x.length);
	x.fill(0);
	return hash.output.slice();
}

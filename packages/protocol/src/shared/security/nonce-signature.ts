/**
 * How a node shows in HB_REQ and PROXY_KEY that a key is its own (docs/protocol.md, section 12.3): a signature with
 * SHA-1 over the four bytes of a nonce, and over nothing else.
 */
import { type Backend, HashType, keySigner, keyVerifier, type PrivateKey, type PublicKey } from '@uftp/crypto';
import { type Span, setU32 } from '@uftp/wire';

const NONCE_BYTES = 4;

/** The signature of a 32-bit nonce, as long as every signature of this key (`signatureBytes`). */
export function signNonce(backend: Backend, key: PrivateKey, nonce: number): Uint8Array {
	const signer = keySigner(backend, HashType.SHA1, key);
	signer.compute(nonceBytes(nonce), 0, NONCE_BYTES);
	return signer.output;
}

/** Whether the owner of the key has signed the nonce. Never throws. */
export function isNonceSigned(backend: Backend, key: PublicKey, nonce: number, signature: Span): boolean {
	const { bytes, at, length } = signature;
	return keyVerifier(backend, HashType.SHA1, key).verify(nonceBytes(nonce), 0, NONCE_BYTES, bytes, at, length);
}

function nonceBytes(nonce: number): Uint8Array {
	const bytes = new Uint8Array(NONCE_BYTES);
	setU32(bytes, 0, nonce);
	return bytes;
}

/** Who signs a challenge of a proxy: SHA-1 over the four bytes of the nonce, and nothing else (wire facts, section 13). */
import {
	type Backend,
	HashType,
	importKeyBlob,
	keySigner,
	keyVerifier,
	type PrivateKey,
	type Signer,
} from '@uftp/crypto';
import { type HbReq, type Span, setU32, spanOf } from '@uftp/wire';

const NONCE_BYTES = 4;

export class NonceSigner {
	readonly publicKey: Span;
	readonly #signer: Signer;
	readonly #nonce = new Uint8Array(NONCE_BYTES);

	/** RangeError if the key cannot sign with SHA-1, which every key of UFTP can. */
	constructor(backend: Backend, key: PrivateKey) {
		this.publicKey = spanOf(key.publicKey.blob);
		this.#signer = keySigner(backend, HashType.SHA1, key);
	}

	/** The signature, good until the next one is made. */
	sign(nonce: number): Span {
		setU32(this.#nonce, 0, nonce);
		this.#signer.compute(this.#nonce, 0, NONCE_BYTES);
		return spanOf(this.#signer.output);
	}
}

/** Whether a heartbeat's own key has signed its nonce. Says nothing of whose key that is. Never throws. */
export function isNonceSigned(backend: Backend, { nonce, publicKey, signature }: HbReq): boolean {
	const key = importKeyBlob(backend, publicKey.bytes, publicKey.at, publicKey.length);
	if (key === undefined) return false;
	const signed = new Uint8Array(NONCE_BYTES);
	setU32(signed, 0, nonce);
	const verifier = keyVerifier(backend, HashType.SHA1, key);
	return verifier.verify(signed, 0, NONCE_BYTES, signature.bytes, signature.at, signature.length);
}

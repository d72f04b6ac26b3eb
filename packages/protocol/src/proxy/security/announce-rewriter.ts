/**
 * The ANNOUNCEs of an encrypted session on their way through a client proxy: its receivers agree on keys with the
 * proxy, so that its keys stand there in place of the sender's (docs/protocol.md, section 12.5).
 */

import {
	type Backend,
	type EcPrivateKey,
	KeyExchange,
	keySigner,
	keyVerifier,
	type PrivateKey,
	type PublicKey,
	type Signer,
	type Suite,
	signatureBytes,
	signField,
	type Verifier,
	verifyField,
} from '@uftp/crypto';
import { copyBytes, type EncInfo, EncInfoLayout, Header, MessageType } from '@uftp/wire';
import { assert } from '../../assert.ts';

/** The ANNOUNCE that the proxy has accepted, in the datagram that starts at `at`. */
export interface AcceptedAnnounce {
	readonly encInfo: EncInfo;
	readonly at: number;
	readonly senderKey: PublicKey;
}

export class AnnounceRewriter {
	/** Where ENC_INFO stands in every ANNOUNCE of the session, counted from the datagram's start. */
	readonly #offset: number;
	/** ENC_INFO up to its signature, as the sender says it and as the proxy says it. */
	readonly #senders: Uint8Array;
	readonly #own: Uint8Array;
	/** None for key exchange RSA: such ANNOUNCEs are not signed. */
	readonly #verifier: Verifier | undefined;
	readonly #signer: Signer | undefined;
	readonly #signatureBytes: number;

	/** The keys are of the size or curve of the sender's: every length stays as it is. */
	constructor(
		backend: Backend,
		suite: Suite,
		{ encInfo, at, senderKey }: AcceptedAnnounce,
		key: PrivateKey,
		agreementKey: EcPrivateKey | undefined,
	) {
		const { publicKey, dhKey } = encInfo;
		const start = publicKey.at - EncInfoLayout.size;
		this.#offset = start - at;
		this.#senders = publicKey.bytes.slice(start, dhKey.at + dhKey.length);
		this.#own = this.#senders.slice();
		assert(start >= at, 'ENC_INFO stands in its datagram');
		assert(key.publicKey.blob.length === publicKey.length, 'the proxy shows a key as long as the one of the sender');
		this.#own.set(key.publicKey.blob, EncInfoLayout.size);
		if (agreementKey !== undefined) this.#own.set(agreementKey.publicKey.blob, EncInfoLayout.size + publicKey.length);
		const isSigned = suite.keyExchange !== KeyExchange.RSA;
		this.#verifier = isSigned ? keyVerifier(backend, suite.hash, senderKey) : undefined;
		this.#signer = isSigned ? keySigner(backend, suite.hash, key) : undefined;
		this.#signatureBytes = isSigned ? signatureBytes(senderKey) : 0;
	}

	/**
	 * Puts the proxy's keys into the ANNOUNCE bytes[at .. at+length), and signs it anew where it is signed. False, and
	 * the bytes are as they were, if it does not secure the session as the accepted one did, or is not the sender's.
	 */
	rewrite(bytes: Uint8Array, at: number, length: number): boolean {
		const senders = this.#senders;
		const encAt = at + this.#offset;
		const signatureAt = encAt + senders.length;
		if (signatureAt + this.#signatureBytes > at + length) return false;
		if (Header.fields.func.get(bytes, at) !== MessageType.ANNOUNCE) return false;
		for (let i = 0; i < senders.length; i++) if (bytes[encAt + i] !== senders[i]) return false;
		const verifier = this.#verifier;
		if (verifier !== undefined && !verifyField(verifier, bytes, at, length, signatureAt, this.#signatureBytes)) {
			return false;
		}
		assert(this.#own.length === senders.length, 'every length stays as it is');
		copyBytes(this.#own, 0, bytes, encAt, this.#own.length);
		const signer = this.#signer;
		if (signer !== undefined) signField(signer, bytes, at, length, signatureAt, this.#signatureBytes);
		return true;
	}
}

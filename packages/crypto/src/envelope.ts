/**
 * Sealing and opening ENCRYPTED messages, in place (docs/protocol.md, section 11.8).
 *
 *   at      common header, 16 bytes, function 18
 *   at+16   IV counter 8, signature length 2, payload length 2
 *   at+28   signature; none with GCM and CCM
 *   at+28+signature   payload: second header and body, encrypted, with its padding or tag
 *
 * A sender composes second header, body and file bytes at `plainOffset` and then seals; a receiver opens and reads them
 * at `openedAt`. With libcrypto, neither allocates anything.
 */
import {
	assert,
	checkEncrypted,
	copyBytes,
	ENCRYPTED_HEADER_BYTES,
	EncryptedLayout,
	HEADER_BYTES,
	Header,
	MAX_DATAGRAM_BYTES,
	MessageType,
	writeEncryptedHeader,
} from '@uftp/wire';
import { pkcs7PaddingBytes } from './constant-time.ts';
import { CryptographyError } from './cryptography-error.ts';
import type { KeyBlock } from './key-schedule.ts';
import { type NonceCounter, writeIv } from './nonce.ts';
import type { Backend, PacketCipher } from './ports.ts';
import { HmacVerifier, type Signer, signField, type Verifier, verifyField } from './signature.ts';
import { CIPHERS, type CipherTraits, SignatureType, type Suite } from './suites.ts';

const SOURCE_ID_OFFSET = Header.fields.sourceId.offset;
const COUNTER_OFFSET = HEADER_BYTES;

/** Why an ENCRYPTED message was not opened: what `Opener.open` returns instead of a length. */
export const OpenRefusal = {
	/** Its lengths do not add up, or are none that this suite produces. */
	MALFORMED: -1,
	/** Signed with a key that is not known here (only with key-exchange signatures). */
	UNKNOWN_SIGNER: -2,
	/** Signature or tag is wrong: changed on the way, or made without the keys. */
	FORGED: -3,
	/** Well signed, but the padding is wrong: a mistake of the other program. */
	BADLY_PADDED: -4,
} as const;
export type OpenRefusal = (typeof OpenRefusal)[keyof typeof OpenRefusal];

const REFUSAL_WORDS: Readonly<Record<OpenRefusal, string>> = {
	[OpenRefusal.MALFORMED]: 'malformed',
	[OpenRefusal.UNKNOWN_SIGNER]: 'unknown-signer',
	[OpenRefusal.FORGED]: 'forged',
	[OpenRefusal.BADLY_PADDED]: 'badly-padded',
};

/** "forged": for counters and logs. */
export function describeRefusal(refusal: OpenRefusal): string {
	return REFUSAL_WORDS[refusal];
}

/** Encrypts and signs what one node sends to one group. */
export class Sealer {
	/** Bytes of every signature; 0 with GCM and CCM. */
	readonly signatureBytes: number;
	/** Where the second header starts, counted from the common header. */
	readonly plainOffset: number;
	readonly #traits: CipherTraits;
	readonly #cipher: PacketCipher;
	readonly #salt: Uint8Array;
	readonly #signer: Signer | undefined;
	readonly #counter: NonceCounter;
	#lastCounter = 0;

	/**
	 * @param keys the keys of the group.
	 * @param counter of this node in this session; KEYINFO takes from it, too.
	 * @param signer this node's own, made by `keySigner`; needed for key-exchange signatures only.
	 */
	constructor(backend: Backend, suite: Suite, keys: KeyBlock, counter: NonceCounter, signer?: Signer) {
		this.#traits = CIPHERS[suite.cipher];
		this.#cipher = backend.cipher(suite.cipher, keys.key);
		this.#salt = keys.salt;
		this.#counter = counter;
		this.#signer = suite.signature === SignatureType.HMAC ? backend.hmac(suite.hash, keys.hmacKey) : undefined;
		if (suite.signature === SignatureType.KEYEX) {
			if (signer === undefined) throw new RangeError('key-exchange signatures need the signer of this node');
			this.#signer = signer;
		}
		this.signatureBytes = this.#signer?.output.length ?? 0;
		this.plainOffset = ENCRYPTED_HEADER_BYTES + this.signatureBytes;
	}

	/** Length of the datagram that seals so many bytes of second header and body. */
	sealedBytes(plainBytes: number): number {
		return this.plainOffset + this.#payloadBytes(plainBytes);
	}

	/** Most bytes of second header and body that a datagram of this length can carry. */
	plainBytesWithin(datagramBytes: number): number {
		const { tagBytes, blockBytes } = this.#traits;
		const room = datagramBytes - this.plainOffset - tagBytes;
		return blockBytes === 1 ? room : Math.floor(room / blockBytes) * blockBytes - 1;
	}

	/**
	 * Seals the datagram at `at`: its common header stands there, its plain bytes at `at + plainOffset`. Sets the
	 * function to 18, takes the next counter, encrypts, signs. Returns the length of the datagram, `sealedBytes`.
	 * RangeError if there is no room for it.
	 */
	seal(bytes: Uint8Array, at: number, plainBytes: number): number {
		const payloadBytes = this.#payloadBytes(plainBytes);
		const payloadAt = at + this.plainOffset;
		const total = this.plainOffset + payloadBytes;
		if (plainBytes < 1 || total > MAX_DATAGRAM_BYTES || at < 0 || at + total > bytes.length) {
			throw new RangeError(`no room to seal ${plainBytes} bytes at ${at} of ${bytes.length}; leave room for ${total}`);
		}
		const counter = this.#takeCounter();
		const { iv } = this.#cipher;
		const { tagBytes } = this.#traits;
		Header.fields.func.set(bytes, at, MessageType.ENCRYPTED);
		writeEncryptedHeader(bytes, at + HEADER_BYTES, counter, this.signatureBytes, payloadBytes);
		writeIv(iv, this.#salt, bytes, at + SOURCE_ID_OFFSET, at + COUNTER_OFFSET);
		if (tagBytes === 0) this.#pad(bytes, payloadAt + plainBytes, payloadBytes - plainBytes);
		const aadBytes = tagBytes === 0 ? 0 : ENCRYPTED_HEADER_BYTES;
		if (!this.#cipher.seal(bytes, payloadAt, payloadBytes - tagBytes, at, aadBytes)) {
			throw new CryptographyError('the cryptography library refused to encrypt; choose another backend');
		}
		const signer = this.#signer;
		if (signer !== undefined) {
			signField(signer, bytes, at, total, at + ENCRYPTED_HEADER_BYTES, this.signatureBytes);
		}
		return total;
	}

	#payloadBytes(plainBytes: number): number {
		const { tagBytes, blockBytes } = this.#traits;
		return tagBytes > 0 ? plainBytes + tagBytes : (Math.floor(plainBytes / blockBytes) + 1) * blockBytes;
	}

	#pad(bytes: Uint8Array, at: number, count: number): void {
		for (let i = 0; i < count; i += 1) bytes[at + i] = count;
	}

	#takeCounter(): number {
		const counter = this.#counter.next();
		assert(counter > this.#lastCounter, 'an IV counter came twice; nothing may be sent with it');
		this.#lastCounter = counter;
		return counter;
	}
}

/** Checks and decrypts what the members of one group send. */
export class Opener {
	readonly #traits: CipherTraits;
	readonly #cipher: PacketCipher;
	readonly #salt: Uint8Array;
	readonly #hmac: Verifier | undefined;
	readonly #hasSignature: boolean;
	readonly #isSignedByKey: boolean;

	/** @param keys the keys of the group. */
	constructor(backend: Backend, suite: Suite, keys: KeyBlock) {
		this.#traits = CIPHERS[suite.cipher];
		this.#cipher = backend.cipher(suite.cipher, keys.key);
		this.#salt = keys.salt;
		this.#hasSignature = suite.signature !== SignatureType.AUTHENC;
		this.#isSignedByKey = suite.signature === SignatureType.KEYEX;
		if (suite.signature === SignatureType.HMAC) {
			this.#hmac = new HmacVerifier(backend.hmac(suite.hash, keys.hmacKey));
		}
	}

	/**
	 * Opens the datagram bytes[at .. at+length), whose function is 18. Returns how many plain bytes now stand at
	 * `openedAt(bytes, at)`, or an `OpenRefusal` (negative); then its bytes are undefined. Never throws.
	 *
	 * @param source checks the signatures of the datagram's source; needed for key-exchange signatures only.
	 */
	open(bytes: Uint8Array, at: number, length: number, source?: Verifier): number {
		if (length < HEADER_BYTES || checkEncrypted(bytes, at + HEADER_BYTES, length - HEADER_BYTES) !== undefined) {
			return OpenRefusal.MALFORMED;
		}
		const signatureBytes = EncryptedLayout.fields.signatureBytes.get(bytes, at + HEADER_BYTES);
		const { tagBytes, blockBytes } = this.#traits;
		const payloadAt = at + ENCRYPTED_HEADER_BYTES + signatureBytes;
		const cipherBytes = at + length - payloadAt - tagBytes;
		const isSized = cipherBytes > 0 && cipherBytes % blockBytes === 0 && signatureBytes > 0 === this.#hasSignature;
		if (!isSized) return OpenRefusal.MALFORMED;
		if (this.#hasSignature) {
			const verifier = this.#isSignedByKey ? source : this.#hmac;
			if (verifier === undefined) return OpenRefusal.UNKNOWN_SIGNER;
			const signatureAt = at + ENCRYPTED_HEADER_BYTES;
			if (!verifyField(verifier, bytes, at, length, signatureAt, signatureBytes)) return OpenRefusal.FORGED;
		}
		writeIv(this.#cipher.iv, this.#salt, bytes, at + SOURCE_ID_OFFSET, at + COUNTER_OFFSET);
		const aadBytes = tagBytes === 0 ? 0 : ENCRYPTED_HEADER_BYTES;
		if (!this.#cipher.open(bytes, payloadAt, cipherBytes, at, aadBytes)) return OpenRefusal.FORGED;
		if (tagBytes > 0) return cipherBytes;
		const padding = pkcs7PaddingBytes(bytes, payloadAt, cipherBytes, blockBytes);
		return padding === 0 || padding === cipherBytes ? OpenRefusal.BADLY_PADDED : cipherBytes - padding;
	}
}

/** Where the plain bytes of an opened datagram at `at` start: behind the signature. */
export function openedAt(bytes: Uint8Array, at: number): number {
	return at + ENCRYPTED_HEADER_BYTES + EncryptedLayout.fields.signatureBytes.get(bytes, at + HEADER_BYTES);
}

/**
 * Rewrites an opened datagram so that its second header stands behind the common header with its own function: the
 * same message in the clear, in the same place. Returns its length. For control messages; blocks stay where they are.
 */
export function unwrapOpened(bytes: Uint8Array, at: number, plainBytes: number): number {
	const plainAt = openedAt(bytes, at);
	Header.fields.func.set(bytes, at, bytes[plainAt] as MessageType);
	copyBytes(bytes, plainAt, bytes, at + HEADER_BYTES, plainBytes);
	return HEADER_BYTES + plainBytes;
}

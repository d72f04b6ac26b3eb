/**
 * What encrypts a session: algorithms, keys and lists that the shell brings along. A session without it is in the clear.
 * The core reads no key file and draws no randomness of its own.
 */
import {
	type Backend,
	CIPHERS,
	type Curve,
	describeSuite,
	HASHES,
	KeyExchange,
	type PrivateKey,
	type PublicKey,
	type RandomBytes,
	SignatureType,
	type Suite,
	signatureBytes,
	signingRefusal,
} from '@uftp/crypto';
import { ENCRYPTED_HEADER_BYTES, MAX_DATAGRAM_BYTES } from '@uftp/wire';

/** An encrypted session at the sender. */
export interface SenderSecurityConfig {
	readonly backend: Backend;
	/** The system's randomness. */
	readonly random: RandomBytes;
	/** From `chooseSuite`, so that the backend has everything in it. */
	readonly suite: Suite;
	/** The sender's own key: RSA for the key exchanges RSA and ECDH_RSA, on a curve for ECDH_ECDSA. */
	readonly key: PrivateKey;
	/** Curve of the ECDH keys, which are made anew for every session. By default that of `key`, or secp256r1. */
	readonly agreementCurve?: Curve | undefined;
	/**
	 * Receivers must prove with a CLIENT_KEY who they are. Implied by key-exchange signatures and by `fingerprints`:
	 * without that proof a pinned fingerprint would pin nothing.
	 */
	readonly clientAuth: boolean;
	/** The 20 bytes of the one key that each of these receivers may come with, by id. Others may come with any. */
	readonly fingerprints: ReadonlyMap<number, Uint8Array>;
}

/** One line of a receiver's list of senders. */
export interface AllowedSender {
	readonly senderId: number;
	/** Where its ANNOUNCEs come from, as canonical text; undefined: anywhere. */
	readonly address?: string | undefined;
	/** The 20 bytes of its key. A sender with a fingerprint is accepted only in encrypted sessions with this key. */
	readonly fingerprint?: Uint8Array | undefined;
}

/** What a receiving node needs for encrypted sessions, and whom it accepts in any. */
export interface ReceiverSecurityConfig {
	readonly backend: Backend;
	/** The system's randomness. */
	readonly random: RandomBytes;
	/** Own keys: the first that fits the sender's is used. */
	readonly keys: readonly PrivateKey[];
	/**
	 * Asked for a key when the session needs one and none of `keys` fits: a fresh one of the same size or curve
	 * (`generateRsaKey`, `generateEcKey`), or undefined where that is not wanted. May be slow for RSA, so keep them.
	 */
	readonly keyFor?: ((senderKey: PublicKey) => PrivateKey | undefined) | undefined;
	/** Clear sessions are refused. */
	readonly encryptedOnly: boolean;
	/** The list of senders: others are refused, in the clear, too. Undefined: everybody is accepted. */
	readonly senders?: readonly AllowedSender[] | undefined;
	/**
	 * Private groups are joined for packets of the sender only, and must be source-specific (232/8, ff3x::/32), as C
	 * does with a list of senders.
	 */
	readonly sourceSpecific?: boolean | undefined;
}

/** Whether the receivers of a session must send a CLIENT_KEY. */
export function needsClientKeys(security: SenderSecurityConfig): boolean {
	const { clientAuth, suite, fingerprints } = security;
	return clientAuth || suite.signature === SignatureType.KEYEX || fingerprints.size > 0;
}

/**
 * Why a session cannot be secured like this, as a sentence that says what to do; undefined if it can. `SenderSession`
 * throws the same sentence as a RangeError.
 */
export function senderSecurityProblem(security: SenderSecurityConfig, blockBytes: number): string | undefined {
	const { suite, key, agreementCurve, backend } = security;
	const wanted = suite.keyExchange === KeyExchange.ECDH_ECDSA ? 'ec' : 'rsa';
	if (key.kind !== wanted) {
		const kind = wanted === 'ec' ? 'a key on a curve, such as prime256v1' : 'an RSA key of 2048 bits or more';
		return `${describeSuite(suite)} needs ${kind}, but the sender's key is of the other kind`;
	}
	const signs = suite.keyExchange !== KeyExchange.RSA || suite.signature === SignatureType.KEYEX;
	const unfit = signs ? signingRefusal(key.publicKey, suite.hash) : undefined;
	if (unfit !== undefined) return unfit;
	if (agreementCurve !== undefined && !backend.curves.has(agreementCurve.id)) {
		return `this side lacks the curve ${agreementCurve.name} (cryptography by ${backend.name}); choose secp256r1`;
	}
	const longest = longestDatagramBytes(security, blockBytes);
	if (longest <= MAX_DATAGRAM_BYTES) return undefined;
	return (
		`blocks of ${blockBytes} bytes become datagrams of up to ${longest} bytes with ${describeSuite(suite)}, ` +
		`and ${MAX_DATAGRAM_BYTES} is the limit: use smaller blocks`
	);
}

/** Bytes of every signature in an encrypted session whose nodes have keys like this one; 0 with GCM and CCM. */
export function packetSignatureBytes(suite: Suite, key: PublicKey): number {
	if (suite.signature === SignatureType.KEYEX) return signatureBytes(key);
	return suite.signature === SignatureType.HMAC ? HASHES[suite.hash].bytes : 0;
}

/** The longest message is a STATUS: its bitmap may have one byte more than a block. */
function longestDatagramBytes({ suite, key }: SenderSecurityConfig, blockBytes: number): number {
	const { tagBytes, blockBytes: padTo } = CIPHERS[suite.cipher];
	const payloadBytes = blockBytes + 9 + (tagBytes > 0 ? tagBytes : padTo);
	return ENCRYPTED_HEADER_BYTES + packetSignatureBytes(suite, key.publicKey) + payloadBytes;
}

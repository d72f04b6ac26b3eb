/**
 * The keys that a sender shares with one receiver, from its REGISTER to its KEYINFO_ACK (docs/protocol.md, section 11).
 */
import {
	agreePremaster,
	type Backend,
	clientKeyContent,
	decryptPremaster,
	describeKey,
	type EcPrivateKey,
	formatFingerprint,
	Handshake,
	importKeyBlob,
	type KeyBlock,
	keyBlobRefusal,
	keyVerifier,
	masterSecret,
	type PrivateKey,
	type PublicKey,
	type RandomBytes,
	SignatureType,
	type Suite,
	sameFingerprint,
	sameVerifyData,
	sessionKeys,
	type Verifier,
	verifyData,
} from '@uftp/crypto';
import { type ClientKey, formatUid, type Register, spanBytes } from '@uftp/wire';
import type { Endpoint } from '../../ports.ts';

/** What the keys of a session's receivers follow from, at its sender and at a proxy that stands in for it. */
export interface KeyTerms {
	readonly side: 'Sender' | 'Proxy';
	readonly config: {
		readonly backend: Backend;
		readonly random: RandomBytes;
		readonly suite: Suite;
		/** Opens the premasters of key exchange RSA. */
		readonly key: PrivateKey;
	};
	/** Own half of the ECDH key agreement; undefined with key exchange RSA. */
	readonly agreementKey: EcPrivateKey | undefined;
	readonly rand1: Uint8Array;
	readonly privateAddress: Uint8Array;
	readonly needsClientKeys: boolean;
	/** There as soon as anybody can acknowledge it. */
	readonly groupMaster: Uint8Array;
}

export class MemberKeys {
	/** Where the REGISTER came from: its CLIENT_KEY must come from there, too. */
	readonly from: Endpoint;
	readonly handshake: Handshake;
	readonly sessionKeys: KeyBlock;
	/** The key that a CLIENT_KEY has proved. */
	clientKey: PublicKey | undefined;
	/** Checks the signatures of this receiver's packets, with key-exchange signatures. */
	packetVerifier: Verifier | undefined;
	/** It has answered KEYINFO. */
	hasGroupKey = false;

	constructor(from: Endpoint, handshake: Handshake, keys: KeyBlock) {
		this.from = from;
		this.handshake = handshake;
		this.sessionKeys = keys;
	}

	/** Whether a REGISTER is a repeat of the one that these keys came from. */
	isOf(register: Register): boolean {
		return this.handshake.rand2.every((byte, i) => byte === register.rand2[i]);
	}
}

/** The keys that follow from a REGISTER, or a sentence for its receiver that says why there are none. */
export function agreeOnKeys(
	security: Omit<KeyTerms, 'groupMaster'>,
	groupId: number,
	from: Endpoint,
	register: Register,
): MemberKeys | string {
	const { backend, suite } = security.config;
	const premaster = premasterOf(security, register);
	if (typeof premaster === 'string') return premaster;
	const { rand1, privateAddress } = security;
	const rand2 = register.rand2.slice();
	const handshake = new Handshake(groupId, privateAddress, rand1, rand2, premaster);
	const master = masterSecret(backend, suite, premaster, rand1, rand2);
	return new MemberKeys(from, handshake, sessionKeys(backend, suite, master, rand1, rand2));
}

function premasterOf(security: Omit<KeyTerms, 'groupMaster'>, { keyInfo }: Register): Uint8Array | string {
	const { backend, key, random } = security.config;
	if (keyInfo.length === 0) return 'This session is encrypted, but the REGISTER brought no key';
	if (security.agreementKey === undefined) {
		if (key.kind !== 'rsa') return `${security.side}: it has no RSA key`;
		// A premaster that does not decrypt is replaced by chance, in silence: the receiver fails at KEYINFO.
		const opened = decryptPremaster(backend, key, spanBytes(keyInfo), random);
		const bits = 8 * key.publicKey.modulus.length;
		return (
			opened?.premaster ??
			`The REGISTER's key is not encrypted for the ${security.side.toLowerCase()}'s RSA key of ${bits} bits`
		);
	}
	const { bytes, at, length } = keyInfo;
	const other = importKeyBlob(backend, bytes, at, length);
	if (other === undefined) return `${security.side}: ${keyBlobRefusal(backend, bytes, at, length)}`;
	const agreed = other.kind === 'ec' ? agreePremaster(backend, security.agreementKey, other) : undefined;
	const wanted = describeKey(security.agreementKey.publicKey);
	return agreed ?? `The REGISTER's key is ${describeKey(other)}, the session needs ${wanted}`;
}

/**
 * Checks a CLIENT_KEY and takes it over; a sentence if it proves nothing, or the wrong thing. `pinned`: the 20 bytes of
 * the one key that the receiver may come with; undefined: any.
 */
export function checkClientKey(
	security: Pick<KeyTerms, 'config'>,
	id: number,
	keys: MemberKeys,
	message: ClientKey,
	pinned: Uint8Array | undefined,
): string | undefined {
	const { backend, suite } = security.config;
	const { bytes, at, length } = message.publicKey;
	const key = importKeyBlob(backend, bytes, at, length);
	if (key === undefined) return `its key cannot be used: ${keyBlobRefusal(backend, bytes, at, length)}`;
	const content = clientKeyContent(keys.handshake);
	const { signature } = message;
	const verifier = keyVerifier(backend, suite.hash, key);
	if (!verifier.verify(content, 0, content.length, signature.bytes, signature.at, signature.length)) {
		return `its CLIENT_KEY is signed wrongly: it was changed on the way, or UID ${formatUid(id)} is used twice`;
	}
	if (pinned !== undefined && !sameFingerprint(pinned, key.fingerprint)) {
		const offered = formatFingerprint(key.fingerprint);
		return `it came with the key ${offered}, the list has ${formatFingerprint(pinned)}: correct the list if it has a new key`;
	}
	keys.clientKey = key;
	if (suite.signature === SignatureType.KEYEX) keys.packetVerifier = verifier;
	return undefined;
}

/** Whether a KEYINFO_ACK proves that the receiver has the group key and saw the same handshake. */
export function isAcknowledged(security: KeyTerms, keys: MemberKeys, received: Uint8Array): boolean {
	const { backend, suite } = security.config;
	const blob = security.needsClientKeys ? keys.clientKey?.blob : undefined;
	return sameVerifyData(verifyData(backend, suite, keys.handshake, blob, security.groupMaster), received);
}

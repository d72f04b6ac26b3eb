/** A receiver's answer to ENC_INFO: whether it can and will take part, and the keys that follow (section 12). */
import {
	agreePremaster,
	chooseSuite,
	describeKey,
	describeSuite,
	type EcPublicKey,
	encryptPremaster,
	generateEcKey,
	Handshake,
	importKeyBlob,
	isCompatible,
	KeyExchange,
	keyBlobRefusal,
	keyVerifier,
	masterSecret,
	newPremaster,
	type PrivateKey,
	type PublicKey,
	SignatureType,
	type Suite,
	sessionKeys,
	signatureBytes,
	signingRefusal,
	verifyField,
} from '@uftp/crypto';
import { type EncInfo, HEADER_BYTES, parseAddress } from '@uftp/wire';
import { OWN_MARKER_BYTES, writeOwnMarker } from '../../own-marker.ts';
import type { Endpoint } from '../../ports.ts';
import type { ReceiverConfig } from '../../receiver-config.ts';
import type { ReceiverSecurityConfig } from '../../security-config.ts';
import { checkPinned } from './acceptance.ts';
import type { Agreement } from './session-security.ts';

/** An ANNOUNCE with an ENC_INFO: who sent it, and the whole datagram, which may be signed. */
export interface SecuredAnnounce {
	readonly encInfo: EncInfo;
	readonly groupId: number;
	readonly senderId: number;
	readonly from: Endpoint;
	readonly privateAddress: string;
	readonly timestampSeconds: number;
	readonly bytes: Uint8Array;
	readonly at: number;
	readonly length: number;
}

/** Forged: nobody is answered. Refused: the sender is told why. */
export type AgreementFailure = { readonly isForged: boolean; readonly reason: string };

/** First bytes of rand2, and where chance begins in it: between them stands the own marker. */
const TIME_BYTES = 4;
const CHANCE_AT = 16;

/** Agrees on the keys of a session, or says why not. */
export function agree(
	config: ReceiverConfig,
	security: ReceiverSecurityConfig,
	announce: SecuredAnnounce,
): Agreement | AgreementFailure {
	const { backend } = security;
	const { encInfo } = announce;
	const { suite, why } = chooseSuite(encInfo, backend);
	if (suite === undefined) return refused(`Receiver: ${why}`);
	const senderKey = readSenderKey(security, suite, encInfo);
	if (typeof senderKey === 'string') return refused(senderKey);
	const isPinned = checkPinned(security, announce.senderId, announce.from, senderKey.fingerprint);
	if (typeof isPinned === 'string') return refused(isPinned);
	if (suite.keyExchange !== KeyExchange.RSA && !isSigned(security, suite, senderKey, announce)) {
		return { isForged: true, reason: 'The ANNOUNCE is not signed with the key that it shows' };
	}
	const showsKey = encInfo.clientAuth || suite.signature === SignatureType.KEYEX;
	const ownKey = showsKey ? findOwnKey(security, suite, senderKey) : undefined;
	if (typeof ownKey === 'string') return refused(ownKey);
	const exchanged = exchange(security, suite, senderKey, encInfo);
	if (typeof exchanged === 'string') return refused(exchanged);
	const { premaster, keyInfo } = exchanged;
	const { rand1 } = encInfo;
	const rand2 = newRand2(config, security, announce.timestampSeconds);
	const handshake = new Handshake(announce.groupId, parseAddress(announce.privateAddress)!, rand1, rand2, premaster);
	const master = masterSecret(backend, suite, premaster, rand1, rand2);
	return {
		suite,
		handshake,
		sessionKeys: sessionKeys(backend, suite, master, rand1, rand2),
		keyInfo,
		ownKey,
		showsKey,
		senderVerifier: suite.signature === SignatureType.KEYEX ? keyVerifier(backend, suite.hash, senderKey) : undefined,
		facts: {
			suite: describeSuite(suite),
			senderFingerprint: senderKey.fingerprint,
			isPinned,
			ownFingerprint: ownKey?.publicKey.fingerprint,
		},
	};
}

function refused(reason: string): AgreementFailure {
	return { isForged: false, reason };
}

function readSenderKey(security: ReceiverSecurityConfig, suite: Suite, encInfo: EncInfo): PublicKey | string {
	const { backend } = security;
	const { bytes, at, length } = encInfo.publicKey;
	const key = importKeyBlob(backend, bytes, at, length);
	if (key === undefined) return `Receiver: ${keyBlobRefusal(backend, bytes, at, length)}`;
	const wanted = suite.keyExchange === KeyExchange.ECDH_ECDSA ? 'ec' : 'rsa';
	if (key.kind !== wanted) return `The sender's key (${describeKey(key)}) does not go with ${describeSuite(suite)}`;
	return key;
}

/** The signature is the last thing in ENC_INFO; it covers the whole datagram, itself as zeros. */
function isSigned(
	{ backend }: ReceiverSecurityConfig,
	suite: Suite,
	senderKey: PublicKey,
	{ encInfo, bytes, at, length }: SecuredAnnounce,
): boolean {
	const { signature } = encInfo;
	if (signature.length !== signatureBytes(senderKey) || signature.at < at + HEADER_BYTES) return false;
	const verifier = keyVerifier(backend, suite.hash, senderKey);
	return verifyField(verifier, bytes, at, length, signature.at, signature.length);
}

/** The own key that the sender will accept: of the same size or curve as its own. */
function findOwnKey(security: ReceiverSecurityConfig, suite: Suite, senderKey: PublicKey): PrivateKey | string {
	const fitting = security.keys.find((key) => isCompatible(key.publicKey, senderKey));
	const key = fitting ?? security.keyFor?.(senderKey);
	if (key === undefined || !isCompatible(key.publicKey, senderKey)) {
		const own = security.keys.map((one) => describeKey(one.publicKey)).join('; ');
		const have = own === '' ? 'the receiver has no key' : `the receiver has ${own}`;
		return `No client key compatible with server key: ${have}, it needs ${describeKey(senderKey)}`;
	}
	return signingRefusal(key.publicKey, suite.hash) ?? key;
}

interface Exchanged {
	readonly premaster: Uint8Array;
	readonly keyInfo: Uint8Array;
}

function exchange(
	security: ReceiverSecurityConfig,
	suite: Suite,
	senderKey: PublicKey,
	{ dhKey }: EncInfo,
): Exchanged | string {
	const { backend, random } = security;
	if (suite.keyExchange === KeyExchange.RSA && senderKey.kind === 'rsa') {
		const premaster = newPremaster(random);
		return { premaster, keyInfo: encryptPremaster(backend, senderKey, premaster, random) };
	}
	const other = importKeyBlob(backend, dhKey.bytes, dhKey.at, dhKey.length);
	if (other?.kind !== 'ec') {
		return `Receiver, of the sender's ECDH key: ${keyBlobRefusal(backend, dhKey.bytes, dhKey.at, dhKey.length)}`;
	}
	return exchangeEcdh(security, other);
}

function exchangeEcdh({ backend, random }: ReceiverSecurityConfig, other: EcPublicKey): Exchanged | string {
	const own = generateEcKey(backend, other.curve, random);
	const premaster = agreePremaster(backend, own, other);
	if (premaster === undefined) return "The sender's ECDH key agrees with no other key";
	return { premaster, keyInfo: own.publicKey.blob };
}

/** As C's, the time first, which nobody reads; then the mark of our receivers, then chance. */
function newRand2(config: ReceiverConfig, { random }: ReceiverSecurityConfig, seconds: number): Uint8Array {
	const rand2 = new Uint8Array(OWN_MARKER_BYTES);
	writeOwnMarker(rand2, config.instance);
	for (let i = 0; i < TIME_BYTES; i++) rand2[i] = seconds >>> (8 * i);
	rand2.set(random(OWN_MARKER_BYTES - CHANCE_AT), CHANCE_AT);
	return rand2;
}

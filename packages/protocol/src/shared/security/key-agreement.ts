/**
 * A receiver's answer to ENC_INFO: whether it can and will take part, and the keys that follow (docs/protocol.md,
 * section 11).
 */

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
	type RsaPublicKey,
	SignatureType,
	type Suite,
	sessionKeys,
	signatureBytes,
	signingRefusal,
	verifyField,
} from '@uftp/crypto';
import { type EncInfo, HEADER_BYTES, parseAddress } from '@uftp/wire';
import { assert } from '../../assert.ts';
import type { Endpoint } from '../../ports.ts';
import type { ReceiverConfig } from '../../receiver-config.ts';
import type { ReceiverSecurityConfig } from '../../security-config.ts';
import { formatEndpoint } from '../endpoints.ts';
import { OWN_MARKER_BYTES, writeOwnMarker } from '../own-marker.ts';
import { checkPinned } from './acceptance.ts';
import type { Agreement } from './session-security.ts';

/** The keys that a response proxy has shown. */
export interface ResponseProxyKeys {
	/** As a receiver of its PROXY_KEY saw it. */
	readonly endpoint: Endpoint;
	readonly publicKey: PublicKey;
	/** Its half of ECDH key agreements; the rest of a sentence ("has ...") where there is none that can be used. */
	readonly agreementKey: EcPublicKey | string;
}

/** An ANNOUNCE with an ENC_INFO: who sent it, and the whole datagram, which may be signed. */
export interface SecuredAnnounce {
	readonly encInfo: EncInfo;
	/** The keys of the response proxy: the session's keys are agreed with it, in place of the sender. */
	readonly proxy: ResponseProxyKeys | undefined;
	readonly groupId: number;
	readonly senderId: number;
	readonly from: Endpoint;
	readonly privateAddress: string;
	readonly timestampSeconds: number;
	readonly bytes: Uint8Array;
	readonly at: number;
	readonly length: number;
}

/** Who answers the ANNOUNCE: a receiver, or a gathering proxy, which is one to the sender. */
export interface AnsweringNode {
	readonly role: 'receiver' | 'proxy';
	/** For the mark of our programs. */
	readonly instance: ReceiverConfig['instance'];
}

/** Forged: nobody is answered. Refused: the sender is told why. */
export type AgreementFailure = { readonly isForged: boolean; readonly reason: string };

/** First bytes of rand2, and where chance begins in it: between them stands the own marker. */
const TIME_BYTES = 4;
const CHANCE_AT = 16;

/** Agrees on the keys of a session, or says why not. */
export function agree(
	node: AnsweringNode,
	security: ReceiverSecurityConfig,
	announce: SecuredAnnounce,
): Agreement | AgreementFailure {
	const { backend } = security;
	const { encInfo } = announce;
	const { suite, why } = chooseSuite(encInfo, backend);
	if (suite === undefined) return refused(`${sideOf(node)}: ${why}`);
	const senderKey = readSenderKey(node, security, suite, encInfo);
	if (typeof senderKey === 'string') return refused(senderKey);
	const isPinned = checkPinned(security, announce.senderId, announce.from, senderKey.fingerprint, node.role);
	if (typeof isPinned === 'string') return refused(isPinned);
	if (suite.keyExchange !== KeyExchange.RSA && !isSigned(security, suite, senderKey, announce)) {
		return { isForged: true, reason: 'The ANNOUNCE is not signed with the key that it shows' };
	}
	const isSignedByKey = suite.signature === SignatureType.KEYEX;
	const showsKey = encInfo.clientAuth || isSignedByKey;
	const ownKey = showsKey ? findOwnKey(node, security, suite, senderKey) : undefined;
	if (typeof ownKey === 'string') return refused(ownKey);
	const { proxy } = announce;
	const misfit = proxy && proxyMisfit(security, suite, senderKey, encInfo, proxy);
	if (misfit !== undefined) return refused(misfit);
	const exchanged =
		proxy === undefined
			? exchange(node, security, suite, senderKey, encInfo)
			: exchangeWithProxy(security, suite, proxy);
	if (typeof exchanged === 'string') return refused(exchanged);
	const { premaster, keyInfo } = exchanged;
	const { rand1 } = encInfo;
	const rand2 = newRand2(node, security, announce.timestampSeconds);
	const privateAddress = parseAddress(announce.privateAddress);
	assert(privateAddress !== undefined, 'an ANNOUNCE that was read names a group');
	const handshake = new Handshake(announce.groupId, privateAddress, rand1, rand2, premaster);
	const master = masterSecret(backend, suite, premaster, rand1, rand2);
	return {
		suite,
		handshake,
		sessionKeys: sessionKeys(backend, suite, master, rand1, rand2),
		keyInfo,
		ownKey,
		showsKey,
		senderVerifier: isSignedByKey ? keyVerifier(backend, suite.hash, senderKey) : undefined,
		proxyVerifier: isSignedByKey && proxy ? keyVerifier(backend, suite.hash, proxy.publicKey) : undefined,
		facts: {
			suite: describeSuite(suite),
			senderFingerprint: senderKey.fingerprint,
			isPinned,
			ownFingerprint: ownKey?.publicKey.fingerprint,
		},
	};
}

/** Which side a sentence speaks of. */
function sideOf({ role }: AnsweringNode): string {
	return role === 'proxy' ? 'Proxy' : 'Receiver';
}

function refused(reason: string): AgreementFailure {
	return { isForged: false, reason };
}

function readSenderKey(
	node: AnsweringNode,
	security: ReceiverSecurityConfig,
	suite: Suite,
	encInfo: EncInfo,
): PublicKey | string {
	const { backend } = security;
	const { bytes, at, length } = encInfo.publicKey;
	const key = importKeyBlob(backend, bytes, at, length);
	if (key === undefined) return `${sideOf(node)}: ${keyBlobRefusal(backend, bytes, at, length)}`;
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
function findOwnKey(
	{ role }: AnsweringNode,
	security: ReceiverSecurityConfig,
	suite: Suite,
	senderKey: PublicKey,
): PrivateKey | string {
	const fitting = security.keys.find((key) => isCompatible(key.publicKey, senderKey));
	const key = fitting ?? security.keyFor?.(senderKey);
	if (key === undefined || !isCompatible(key.publicKey, senderKey)) {
		const own = security.keys.map((one) => describeKey(one.publicKey)).join('; ');
		const have = own === '' ? `the ${role} has no key` : `the ${role} has ${own}`;
		return `No client key compatible with server key: ${have}, it needs ${describeKey(senderKey)}`;
	}
	return signingRefusal(key.publicKey, suite.hash) ?? key;
}

interface Exchanged {
	readonly premaster: Uint8Array;
	readonly keyInfo: Uint8Array;
}

function exchange(
	node: AnsweringNode,
	security: ReceiverSecurityConfig,
	suite: Suite,
	senderKey: PublicKey,
	{ dhKey }: EncInfo,
): Exchanged | string {
	const { backend } = security;
	if (suite.keyExchange === KeyExchange.RSA && senderKey.kind === 'rsa') return exchangeRsa(security, senderKey);
	const other = importKeyBlob(backend, dhKey.bytes, dhKey.at, dhKey.length);
	if (other?.kind !== 'ec') {
		return `${sideOf(node)}, of the sender's ECDH key: ${keyBlobRefusal(backend, dhKey.bytes, dhKey.at, dhKey.length)}`;
	}
	return exchangeEcdh(security, other);
}

function exchangeRsa({ backend, random }: ReceiverSecurityConfig, other: RsaPublicKey): Exchanged {
	const premaster = newPremaster(random);
	return { premaster, keyInfo: encryptPremaster(backend, other, premaster, random) };
}

/** The proxy reads REGISTER in place of the sender: with its own keys, which `proxyMisfit` has found to fit. */
function exchangeWithProxy(
	security: ReceiverSecurityConfig,
	suite: Suite,
	{ publicKey, agreementKey, endpoint }: ResponseProxyKeys,
): Exchanged | string {
	if (suite.keyExchange === KeyExchange.RSA && publicKey.kind === 'rsa') return exchangeRsa(security, publicKey);
	if (typeof agreementKey !== 'string') return exchangeEcdh(security, agreementKey);
	return `The response proxy at ${formatEndpoint(endpoint)} ${agreementKey}`;
}

/** Why the proxy's keys cannot stand for the sender's in this session, as a sentence; undefined if they can. */
function proxyMisfit(
	{ backend }: ReceiverSecurityConfig,
	suite: Suite,
	senderKey: PublicKey,
	{ dhKey }: EncInfo,
	{ endpoint, publicKey, agreementKey }: ResponseProxyKeys,
): string | undefined {
	const where = `the response proxy at ${formatEndpoint(endpoint)}`;
	if (!isCompatible(publicKey, senderKey)) {
		const kinds = `${where} has ${describeKey(publicKey)}, the sender ${describeKey(senderKey)}`;
		return `Response proxy key not compatible with server key: ${kinds}; give the proxy a key like the sender's`;
	}
	if (suite.keyExchange === KeyExchange.RSA) return undefined;
	if (typeof agreementKey === 'string')
		return `Response proxy key not compatible with server key: ${where} ${agreementKey}`;
	const wanted = importKeyBlob(backend, dhKey.bytes, dhKey.at, dhKey.length);
	if (wanted?.kind !== 'ec' || wanted.curve === agreementKey.curve) return undefined;
	const curves = `${where} has ${agreementKey.curve.name}, the sender ${wanted.curve.name}`;
	return `Response proxy ECDH key not compatible with server key: ${curves}; give the proxy an ECDH key on ${wanted.curve.name}`;
}

function exchangeEcdh({ backend, random }: ReceiverSecurityConfig, other: EcPublicKey): Exchanged | string {
	const own = generateEcKey(backend, other.curve, random);
	const premaster = agreePremaster(backend, own, other);
	if (premaster === undefined) return "The sender's ECDH key agrees with no other key";
	return { premaster, keyInfo: own.publicKey.blob };
}

/** As C's, the time first, which nobody reads; then the mark of our receivers, then chance. */
function newRand2({ instance }: AnsweringNode, { random }: ReceiverSecurityConfig, seconds: number): Uint8Array {
	const rand2 = new Uint8Array(OWN_MARKER_BYTES);
	writeOwnMarker(rand2, instance);
	for (let i = 0; i < TIME_BYTES; i++) rand2[i] = seconds >>> (8 * i);
	rand2.set(random(OWN_MARKER_BYTES - CHANCE_AT), CHANCE_AT);
	return rand2;
}

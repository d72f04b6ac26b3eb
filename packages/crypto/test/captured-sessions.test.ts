import {
	decodeDatagram,
	decodeMessage,
	isMalformed,
	type MessageByType,
	type MessageName,
	MessageType,
	messageName,
	parseAddress,
	spanBytes,
} from '@uftp/wire';
import { describe, expect, it } from 'vitest';
import {
	type Backend,
	chooseSuite,
	clientKeyContent,
	decryptPremaster,
	groupKeys,
	Handshake,
	type HashType,
	importKeyBlob,
	importPrivateNumbers,
	keyVerifier,
	masterSecret,
	Opener,
	openedAt,
	type PublicKey,
	type RsaPrivateKey,
	readPem,
	type Suite,
	sameVerifyData,
	sessionKeys,
	unwrapGroupMaster,
	verifyData,
	verifyField,
} from '../src/index.ts';
import { BACKENDS, backendsWith } from './backends.ts';
import { capturedDatagrams, capturedSenderPem } from './captured-datagrams.ts';

const SESSIONS = [
	'rsa-aes256cbc-sha1-hmac-clientauth',
	'rsa-aes128gcm-sha256-clientauth',
	'rsa-aes256ccm-sha384-clientauth',
	'rsa-3des-sha512-keyex',
	'rsa-aes128cbc-sha256-keyex',
];
/** What the 18 ENCRYPTED messages of each session hold. */
const INSIDE: Partial<Record<MessageName, number>> = {
	...{ KEYINFO_ACK: 1, FILEINFO: 1, FILEINFO_ACK: 1, FILESEG: 10, DONE: 2, COMPLETE: 2, DONE_CONF: 1 },
};

/** Everything clear of one session: the datagrams before ENCRYPTED. */
function handshakeOf(datagrams: readonly Uint8Array[]) {
	const decoded = datagrams.map((bytes) => {
		const datagram = decodeDatagram(bytes, 0, bytes.length);
		if (isMalformed(datagram)) throw new Error(datagram.malformed);
		return datagram;
	});
	const first = <N extends MessageName>(name: N) => {
		const { header, content } = decoded.find((datagram) => datagram.content.func === MessageType[name])!;
		return { header, message: content.message as MessageByType[(typeof MessageType)[N]] };
	};
	return {
		announce: first('ANNOUNCE'),
		register: first('REGISTER'),
		clientKey: first('CLIENT_KEY'),
		keyInfo: first('KEYINFO'),
	};
}

function recompute(backend: Backend, datagrams: readonly Uint8Array[]) {
	const { announce, register, clientKey, keyInfo } = handshakeOf(datagrams);
	const encInfo = announce.message.encInfo!;
	const suite = chooseSuite(encInfo, backend).suite!;
	const senderKey = importPrivateNumbers(backend, readPem(capturedSenderPem())) as RsaPrivateKey;
	expect(spanBytes(encInfo.publicKey)).toEqual(senderKey.publicKey.blob);

	const opened = decryptPremaster(backend, senderKey, spanBytes(register.message.keyInfo), (n) => new Uint8Array(n))!;
	expect(opened.isGenuine).toBe(true);
	const { rand1 } = encInfo;
	const { rand2 } = register.message;
	const master = masterSecret(backend, suite, opened.premaster, rand1, rand2);
	const session = sessionKeys(backend, suite, master, rand1, rand2);
	const item = keyInfo.message.items[0];
	const { counter } = keyInfo.message;
	const groupMaster = unwrapGroupMaster(backend, suite, session, counter, keyInfo.header.sourceId, item.wrappedKey)!;

	const privateAddress = parseAddress(announce.message.privateAddress)!;
	const { groupId } = announce.header;
	const handshake = new Handshake(groupId, privateAddress, rand1, rand2, opened.premaster);
	const blob = clientKey.message.publicKey;
	const receiverKey = importKeyBlob(backend, blob.bytes, blob.at, blob.length)!;
	return { suite, senderKey, receiverKey, handshake, groupMaster, clientKey, rand1, register };
}

function openAll(
	backend: Backend,
	suite: Suite,
	opener: Opener,
	datagrams: readonly Uint8Array[],
	keys: Map<number, PublicKey>,
) {
	return datagrams
		.filter((bytes) => bytes[1] === MessageType.ENCRYPTED)
		.map((bytes) => {
			const sourceId = new DataView(bytes.buffer, bytes.byteOffset).getUint32(4);
			const source = keyVerifier(backend, suite.hash, keys.get(sourceId)!);
			const plainBytes = opener.open(bytes, 0, bytes.length, source);
			expect(plainBytes).toBeGreaterThan(0);
			const plainAt = openedAt(bytes, 0);
			return { plainAt, message: decodeMessage(bytes, plainAt, plainBytes, bytes[plainAt] as MessageType) };
		});
}

describe.each(backendsWith((backend) => backend.rsa))('sessions captured from the C programs, by $name', (backend) => {
	it.each(SESSIONS)('recomputes premaster, group master, every body and the verify data of %s', (name) => {
		const datagrams = capturedDatagrams(`${name}.pcap`);
		const session = recompute(backend, datagrams);
		const { suite, senderKey, receiverKey, handshake, groupMaster, clientKey, rand1, register } = session;

		const { signature } = clientKey.message;
		const content = clientKeyContent(handshake);
		const receiver = keyVerifier(backend, suite.hash, receiverKey);
		const isSigned = receiver.verify(content, 0, content.length, signature.bytes, signature.at, signature.length);
		expect(isSigned).toBe(true);

		const opener = new Opener(backend, suite, groupKeys(backend, suite, groupMaster, rand1));
		const keys = new Map([
			[register.header.sourceId, receiverKey],
			[clientKey.header.sourceId, receiverKey],
		]);
		const senderId = new DataView(datagrams[0].buffer).getUint32(4);
		keys.set(senderId, senderKey.publicKey);

		const counts: Partial<Record<MessageName, number>> = {};
		for (const { message } of openAll(backend, suite, opener, datagrams, keys)) {
			if (isMalformed(message)) throw new Error(message.malformed);
			const kind = messageName(message.func) as MessageName;
			counts[kind] = (counts[kind] ?? 0) + 1;
			if (message.func !== MessageType.KEYINFO_ACK) continue;
			const expected = verifyData(backend, suite, handshake, receiverKey.blob, groupMaster);
			expect(sameVerifyData(expected, message.message.verifyData)).toBe(true);
		}
		expect(counts).toEqual(INSIDE);
	});
});

describe.each(BACKENDS)('announcements captured from the C programs, by $name', (backend) => {
	it.each(['proxy-chain-ecdsa.sender-side', 'proxy-chain-ecdsa.receiver-side'])(
		'verifies the ECDSA signature of every one in %s',
		(name) => {
			let verified = 0;
			for (const bytes of capturedDatagrams(`${name}.pcap`)) {
				if (bytes[1] !== MessageType.ANNOUNCE) continue;
				const datagram = decodeDatagram(bytes, 0, bytes.length);
				if (isMalformed(datagram) || datagram.content.func !== MessageType.ANNOUNCE) throw new Error('no ANNOUNCE');
				const { publicKey, dhKey, signature, hashType } = datagram.content.message.encInfo!;
				const key = importKeyBlob(backend, bytes, publicKey.at, publicKey.length)!;
				expect(importKeyBlob(backend, bytes, dhKey.at, dhKey.length)?.kind).toBe('ec');
				const verifier = keyVerifier(backend, hashType as HashType, key);
				const before = bytes.slice();
				expect(verifyField(verifier, bytes, 0, bytes.length, signature.at, signature.length)).toBe(true);
				expect(bytes).toEqual(before);
				bytes[3] ^= 1;
				expect(verifyField(verifier, bytes, 0, bytes.length, signature.at, signature.length)).toBe(false);
				verified += 1;
			}
			expect(verified).toBe(20);
		},
	);
});

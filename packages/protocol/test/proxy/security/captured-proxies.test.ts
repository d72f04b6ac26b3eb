/** C proxies, as the captures show them, against what ours makes of the same announcements. */
import { type HashType, importKeyBlob, keyVerifier, type PublicKey, sameFingerprint, verifyField } from '@uftp/crypto';
import { HEADER_BYTES, MessageType, type Span, spanBytes } from '@uftp/wire';
import { describe, expect, it } from 'vitest';
import { RelaySecurer } from '../../../src/proxy/security/relay-securer.ts';
import { backend } from '../../secured/pair.ts';
import { type Captured, capturedMessages } from './captured-datagrams.ts';
import { acceptBy, announceIn, proxyConfig, proxySecurity } from './hop.ts';

const keyOf = ({ bytes, at, length }: Span): PublicKey => importKeyBlob(backend, bytes, at, length)!;
const chain = (side: 'sender' | 'receiver') =>
	capturedMessages(`proxy-chain-ecdsa.${side}-side.pcap`, MessageType.ANNOUNCE);

function isSignedByItself({ message, bytes }: Captured<1>): boolean {
	const { publicKey, signature, hashType } = message.encInfo!;
	const verifier = keyVerifier(backend, hashType as HashType, keyOf(publicKey));
	return verifyField(verifier, bytes.slice(), 0, bytes.length, signature.at, signature.length);
}

/** What of an ANNOUNCE a proxy leaves alone. */
function untouched(bytes: Uint8Array): Uint8Array {
	const { publicKey, signature } = announceIn(bytes).encInfo!;
	const rest = bytes.slice();
	rest.fill(0, publicKey.at, signature.at + signature.length);
	return rest;
}

describe('the ANNOUNCE of a session through a C client proxy', () => {
	it('is on its receiver side the one of the sender with the keys of the proxy and a signature of it', () => {
		const receivers = chain('receiver');
		expect(receivers.length).toBeGreaterThan(0);
		for (const received of receivers) {
			expect(isSignedByItself(received)).toBe(true);
			const original = chain('sender').find(
				({ bytes }) => bytes[2] === received.bytes[2] && bytes[3] === received.bytes[3],
			)!;
			expect(isSignedByItself(original)).toBe(true);
			expect(untouched(received.bytes)).toEqual(untouched(original.bytes));
			const [ours, theirs] = [original, received].map(({ message }) => message.encInfo!);
			expect(keyOf(theirs.publicKey).fingerprint).not.toEqual(keyOf(ours.publicKey).fingerprint);
			expect(spanBytes(theirs.dhKey)).not.toEqual(spanBytes(ours.dhKey));
		}
	});

	it('becomes through our proxy the same, with our keys', () => {
		const security = proxySecurity();
		const securer = new RelaySecurer(proxyConfig('client', security));
		const [first, ...repeats] = chain('sender');
		const accepted = acceptBy(securer, first.bytes);
		if (accepted.kind !== 'join' || accepted.security === undefined) throw new Error(JSON.stringify(accepted));
		expect(repeats.length).toBeGreaterThan(0);
		for (const { bytes } of [first, ...repeats]) {
			const rewritten = bytes.slice();
			expect(accepted.security.rewriteAnnounce(1000, rewritten, 0, rewritten.length)).toBe(true);
			const message = announceIn(rewritten);
			expect(isSignedByItself({ message, bytes: rewritten })).toBe(true);
			expect(untouched(rewritten)).toEqual(untouched(bytes));
			const shown = keyOf(message.encInfo!.publicKey).fingerprint;
			expect(sameFingerprint(shown, security.keys[0].publicKey.fingerprint)).toBe(true);
		}
	});

	it('is taken from the C proxy as if it were the sender: a chain', () => {
		const securer = new RelaySecurer(proxyConfig('client', proxySecurity()));
		expect(acceptBy(securer, chain('receiver')[0].bytes).kind).toBe('join');
	});
});

describe('the PROXY_KEY of a C response proxy', () => {
	it('has the layout of ours', () => {
		const captured = capturedMessages('response-proxy-ecdsa.sender-side.pcap', MessageType.PROXY_KEY);
		const [announce] = capturedMessages('response-proxy-ecdsa.sender-side.pcap', MessageType.ANNOUNCE);
		const dhKey = keyOf(announce.message.encInfo!.dhKey);
		if (dhKey.kind !== 'ec') throw new Error('the capture has no ECDH');
		const response = proxyConfig('response', proxySecurity({ agreementCurve: dhKey.curve }));
		const ours = new RelaySecurer(response).proxyKeys!.compose();
		expect(captured.length).toBeGreaterThan(0);
		for (const { message, bytes } of captured) {
			expect(ours.publicKey.length).toBe(message.publicKey.length);
			expect(ours.dhKey.length).toBe(message.dhKey.length);
			expect(ours.signature.length).toBe(message.signature.length);
			expect(bytes.length).toBe(HEADER_BYTES + 12 + ours.publicKey.length + ours.dhKey.length + ours.signature.length);
			expect(keyOf(message.dhKey).blob).toHaveLength(ours.dhKey.length);
		}
	});
});

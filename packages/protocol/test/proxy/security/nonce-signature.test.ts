import { generateEcKey, generateRsaKey, importKeyBlob, type PublicKey, signatureBytes } from '@uftp/crypto';
import { selectBackend, systemRandom } from '@uftp/crypto/backends';
import { MessageType, type Span, spanOf } from '@uftp/wire';
import { describe, expect, it } from 'vitest';
import { isNonceSigned, signNonce } from '../../../src/shared/security/nonce-signature.ts';
import { P256 } from '../../secured/pair.ts';
import { capturedMessages } from './captured-datagrams.ts';

const { backend } = selectBackend();
const keyOf = ({ bytes, at, length }: Span): PublicKey => importKeyBlob(backend, bytes, at, length)!;

describe('a signed nonce', () => {
	it.each([
		['RSA', generateRsaKey(backend, 1024)],
		['RSA of 512 bits', generateRsaKey(backend, 512)],
		['EC', generateEcKey(backend, P256, systemRandom)],
	])('shows that a key (%s) signed it, and only for that nonce', (_kind, key) => {
		const { publicKey } = key;
		const signature = signNonce(backend, key, 0xfedcba98);
		expect(signature).toHaveLength(signatureBytes(publicKey));
		expect(isNonceSigned(backend, publicKey, 0xfedcba98, spanOf(signature))).toBe(true);
		expect(isNonceSigned(backend, publicKey, 0xfedcba99, spanOf(signature))).toBe(false);
		const changed = signature.slice();
		changed[10] ^= 1;
		expect(isNonceSigned(backend, publicKey, 0xfedcba98, spanOf(changed))).toBe(false);
		expect(isNonceSigned(backend, publicKey, 0xfedcba98, spanOf(signature.subarray(1)))).toBe(false);
		expect(isNonceSigned(backend, publicKey, 0xfedcba98, spanOf(new Uint8Array(0)))).toBe(false);
	});

	it('is found in the PROXY_KEY of a C response proxy', () => {
		const captured = capturedMessages('response-proxy-ecdsa.sender-side.pcap', MessageType.PROXY_KEY);
		expect(captured.length).toBeGreaterThan(0);
		for (const { message } of captured) {
			const { nonce, publicKey, signature, dhKey } = message;
			expect(isNonceSigned(backend, keyOf(publicKey), nonce, signature)).toBe(true);
			expect(isNonceSigned(backend, keyOf(dhKey), nonce, signature)).toBe(false);
		}
	});

	it('is found in the heartbeats of a C client proxy: over no nonce, then over that of the challenge', () => {
		const signed = capturedMessages('heartbeat-challenge.pcap', MessageType.HB_REQ).flatMap(({ message }) =>
			message.signature.length === 0 ? [] : [message],
		);
		const [challenge] = capturedMessages('heartbeat-challenge.pcap', MessageType.HB_RESP);
		expect(signed.map(({ nonce }) => nonce)).toContain(challenge.message.nonce);
		for (const { nonce, publicKey, signature } of signed) {
			expect(isNonceSigned(backend, keyOf(publicKey), nonce, signature)).toBe(true);
			expect(isNonceSigned(backend, keyOf(publicKey), nonce + 1, signature)).toBe(false);
		}
	});
});

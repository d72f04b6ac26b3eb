import { CipherType, KeyExchange, type Suite } from '@uftp/crypto';
import { describe, expect, it } from 'vitest';
import type { Peer } from '../../../src/sender/membership/members.ts';
import { Member } from '../../../src/sender/membership/members.ts';
import { backend, suite } from '../../secured/pair.ts';
import { Hop, HopReceiver } from './hop.ts';

const { RSA, ECDH_RSA, ECDH_ECDSA } = KeyExchange;
const EXCHANGES = [
	['rsa', RSA],
	['ecdh_rsa', ECDH_RSA],
	['ecdh_ecdsa', ECDH_ECDSA],
] as const;
const CIPHERS: readonly (readonly [string, CipherType, boolean])[] = [
	['aes128-cbc, hmac', CipherType.AES128_CBC, false],
	['aes256-gcm', CipherType.AES256_GCM, false],
	['aes128-ccm', CipherType.AES128_CCM, false],
	['3des, hmac', CipherType.TRIPLE_DES, false],
	['aes256-cbc, keyex', CipherType.AES256_CBC, true],
	['3des, keyex', CipherType.TRIPLE_DES, true],
];

const CASES = EXCHANGES.flatMap(([exchange, keyExchange]) =>
	CIPHERS.flatMap(([cipher, type, signs]) =>
		(['client', 'response'] as const).flatMap((kind) =>
			(signs ? [true] : [false, true]).map((clientAuth) => {
				const name = `${kind}, ${exchange}, ${cipher}${clientAuth ? ', receivers show keys' : ''}`;
				return [name, kind, suite(keyExchange, type, signs), clientAuth] as const;
			}),
		),
	),
);

/** What the sender makes of the proxy's datagram, or of one of a receiver that the proxy passes on. */
function openedBySender({ sender, peer }: Hop, bytes: Uint8Array, source: Peer = peer): number {
	return sender.open(source, peer.keys!, bytes, 0, bytes.length);
}

function openedBy(receiver: HopReceiver, bytes: Uint8Array): number {
	return receiver.security.open(bytes, 0, bytes.length);
}

describe.each(CASES)('a gathering proxy (%s)', (_name, kind, chosen: Suite, clientAuth) => {
	it('gets the group key as a receiver and gives it to its receivers as a sender', () => {
		if (!backend.ciphers.has(chosen.cipher)) throw new Error('the backend lacks the cipher; install OpenSSL 3');
		const hop = new Hop(kind, chosen, { sender: { clientAuth } });
		const { relay } = hop;
		expect(relay.needsClientKeys).toBe(clientAuth);
		expect(hop.keyProxy()).toBe(true);
		expect(openedBySender(hop, hop.sealedByProxy())).toBeGreaterThan(0);

		const receivers = [1, 2].map((id) => new HopReceiver(id, hop));
		for (const receiver of receivers) {
			const fingerprint = clientAuth ? expect.any(Uint8Array) : undefined;
			expect(receiver.registerWith(hop)).toEqual({ kind: 'taken', fingerprint });
		}
		const keyInfo = hop.keyInfo([1, 2]);
		expect(receivers.map((receiver) => receiver.takeKey(hop, keyInfo))).toEqual([true, true]);

		const down = hop.sealedBySender();
		expect(relay.openFromSender(down.slice(), 0, down.length)).toBeGreaterThan(0);
		if (relay.signsAnew && kind === 'client') {
			expect(openedBy(receivers[0], down.slice())).toBeLessThan(0);
			expect(relay.signDownAnew(down, 0, down.length)).toBe(true);
		}
		expect(receivers.map((receiver) => openedBy(receiver, down.slice()))).toEqual([8, 8]);

		const up = receivers[1].sealed();
		expect(relay.openFromReceiver(2, up.slice(), 0, up.length)).toBe(8);
		if (relay.signsAnew) {
			expect(openedBySender(hop, up.slice())).toBeLessThan(0);
			expect(relay.signUpAnew(2, up, 0, up.length)).toBe(true);
		}
		expect(openedBySender(hop, up, new Member(2))).toBe(8);
	});
});

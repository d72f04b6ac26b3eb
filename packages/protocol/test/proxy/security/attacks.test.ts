import { CipherType, composeKeyInfo, KeyExchange, NonceCounter, newGroupMaster, OpenRefusal } from '@uftp/crypto';
import { systemRandom } from '@uftp/crypto/backends';
import { spanOf } from '@uftp/wire';
import { describe, expect, it } from 'vitest';
import { KEY_OPERATIONS_PER_SECOND } from '../../../src/limits.ts';
import { RelaySecurer } from '../../../src/proxy/security/relay-securer.ts';
import type { RelaySessionSecurity } from '../../../src/proxy/security/relay-session-security.ts';
import { SealedRefusal } from '../../../src/shared/security/session-security.ts';
import { backend, ECDSA_GCM, ECDSA_KEYEX, ecKey, RSA_HMAC, SENDER_ID, suite } from '../../secured/pair.ts';
import { acceptBy, announceIn, Hop, HopReceiver, PROXY_RSA, proxyConfig, proxySecurity, sealed } from './hop.ts';

const RSA_KEYEX = suite(KeyExchange.RSA, CipherType.AES128_CBC, true);
const SUITES = [
	['GCM', ECDSA_GCM],
	['CBC with HMAC', RSA_HMAC],
	['ECDSA signatures', ECDSA_KEYEX],
	['RSA signatures', RSA_KEYEX],
] as const;

const ALICE = 1;
const BOB = 2;

function keyedHop(chosen = ECDSA_GCM, clientAuth = false): { hop: Hop; alice: HopReceiver; bob: HopReceiver } {
	const hop = new Hop('client', chosen, { sender: { clientAuth } });
	expect(hop.keyProxy()).toBe(true);
	const [alice, bob] = [ALICE, BOB].map((id) => new HopReceiver(id, hop));
	for (const receiver of [alice, bob]) {
		expect(receiver.registerWith(hop).kind).toBe('taken');
		expect(receiver.takeKey(hop)).toBe(true);
	}
	return { hop, alice, bob };
}

const openUp = (relay: RelaySessionSecurity, id: number, bytes: Uint8Array) =>
	relay.openFromReceiver(id, bytes.slice(), 0, bytes.length);
const openDown = (relay: RelaySessionSecurity, bytes: Uint8Array) =>
	relay.openFromSender(bytes.slice(), 0, bytes.length);

describe.each(SUITES)('sealed packets at a gathering proxy (%s)', (_name, chosen) => {
	it('are not opened, and not signed anew, when any byte of them was changed', () => {
		const { hop, alice } = keyedHop(chosen);
		const { relay } = hop;
		const up = alice.sealed();
		const down = hop.sealedBySender();
		for (let at = 0; at < up.length; at++) {
			// The version, which is checked before; of the header of CBC everything is signed.
			if (at === 0) continue;
			const [forgedUp, forgedDown] = [up, down].map((bytes) => bytes.map((byte, i) => (i === at ? byte ^ 4 : byte)));
			expect(openUp(relay, ALICE, forgedUp), `byte ${at}`).toBeLessThan(0);
			expect(openDown(relay, forgedDown), `byte ${at}`).toBeLessThan(0);
			if (!relay.signsAnew) continue;
			const before = forgedDown.slice();
			expect(relay.signDownAnew(forgedDown, 0, down.length)).toBe(false);
			expect(forgedDown).toEqual(before);
			expect(relay.signUpAnew(ALICE, forgedUp, 0, up.length)).toBe(false);
		}
		expect(openUp(relay, ALICE, up)).toBe(8);
		expect(openDown(relay, down)).toBe(8);
	});

	it('are opened once', () => {
		const { hop, alice } = keyedHop(chosen);
		const up = alice.sealed();
		const down = hop.sealedBySender();
		expect([openUp(hop.relay, ALICE, up), openUp(hop.relay, ALICE, up)]).toEqual([8, SealedRefusal.REPLAYED]);
		expect([openDown(hop.relay, down), openDown(hop.relay, down)]).toEqual([8, SealedRefusal.REPLAYED]);
	});

	it('are taken from the one who is meant only', () => {
		const { hop, alice, bob } = keyedHop(chosen);
		expect(openUp(hop.relay, BOB, alice.sealed())).toBe(OpenRefusal.UNKNOWN_SIGNER);
		expect(openUp(hop.relay, 3, bob.sealed(3))).toBe(OpenRefusal.UNKNOWN_SIGNER);
		expect(openDown(hop.relay, alice.sealed())).toBe(OpenRefusal.UNKNOWN_SIGNER);
		const short = hop.sealedBySender().subarray(0, 40);
		expect(openDown(hop.relay, short)).toBeLessThan(0);
	});
});

describe.each([
	['ECDSA', ECDSA_KEYEX],
	['RSA', RSA_KEYEX],
])('a group member behind a proxy, with key-exchange signatures (%s)', (_name, chosen) => {
	it('cannot sign as another receiver, nor as the sender', () => {
		const { hop, alice, bob } = keyedHop(chosen);
		const asAlice = bob.sealed(ALICE);
		expect(openUp(hop.relay, ALICE, asAlice)).toBe(OpenRefusal.FORGED);
		expect(hop.relay.signUpAnew(ALICE, asAlice, 0, asAlice.length)).toBe(false);
		const asSender = sealed(alice.security.sealer!, SENDER_ID);
		expect(openDown(hop.relay, asSender)).toBe(OpenRefusal.FORGED);
		expect(hop.relay.signDownAnew(asSender, 0, asSender.length)).toBe(false);
	});

	it('is not heard with a signature of another length', () => {
		const { hop } = keyedHop(chosen);
		const carol = new HopReceiver(3, hop);
		const down = hop.sealedBySender();
		expect(hop.relay.signUpAnew(carol.id, down, 0, down.length)).toBe(false);
		expect(hop.relay.signDownAnew(down, 0, down.length - 1)).toBe(false);
		expect(hop.relay.signDownAnew(down, 0, 20)).toBe(false);
	});
});

describe('an ANNOUNCE that a client proxy forwards', () => {
	it('is left as it is and held back when it is not the one of its sender', () => {
		for (const chosen of [ECDSA_GCM, RSA_HMAC]) {
			const hop = new Hop('client', chosen);
			const { encInfo } = announceIn(hop.announced);
			const forged = hop.announced.slice();
			forged.set(
				encInfo!.keyExchange === KeyExchange.RSA ? PROXY_RSA.publicKey.blob : ecKey().publicKey.blob,
				encInfo!.publicKey.at,
			);
			const before = forged.slice();
			expect(hop.relay.rewriteAnnounce(0, forged, 0, forged.length)).toBe(false);
			expect(forged).toEqual(before);
			expect(hop.relay.rewriteAnnounce(0, forged, 0, 30)).toBe(false);
		}
	});

	it('is signed by the sender: the proxy signs nothing that it has not', () => {
		const { relay, announced } = new Hop('client', ECDSA_GCM);
		for (let at = 1; at < announced.length; at += 3) {
			const changed = announced.slice();
			changed[at] ^= 1;
			expect(relay.rewriteAnnounce(0, changed, 0, changed.length), `byte ${at}`).toBe(false);
		}
		expect(relay.rewriteAnnounce(0, announced.slice(), 0, announced.length)).toBe(true);
	});

	it('is not forwarded by a response proxy', () => {
		const { relay, announced } = new Hop('response', ECDSA_GCM);
		expect(relay.rewriteAnnounce(0, announced.slice(), 0, announced.length)).toBe(false);
	});
});

describe('the handshake of a receiver with a gathering proxy', () => {
	it('may begin with the CLIENT_KEY, from the same address', () => {
		const hop = new Hop('client', ECDSA_GCM, { sender: { clientAuth: true } });
		const { relay } = hop;
		const [alice, bob] = [ALICE, BOB].map((id) => new HopReceiver(id, hop));
		expect(
			relay.proveKey({
				now: 0,
				receiverId: ALICE,
				from: alice.at,
				message: alice.security.clientKey!,
				pinned: undefined,
			}).kind,
		).toBe('ignored');
		expect(relay.register(0, ALICE, alice.at, alice.register)).toEqual({
			kind: 'taken',
			fingerprint: alice.security.facts.ownFingerprint,
		});
		relay.proveKey({ now: 0, receiverId: BOB, from: alice.at, message: bob.security.clientKey!, pinned: undefined });
		expect(relay.register(0, BOB, bob.at, bob.register)).toEqual({ kind: 'taken', fingerprint: undefined });
		expect(
			relay.proveKey({ now: 0, receiverId: BOB, from: alice.at, message: bob.security.clientKey!, pinned: undefined })
				.kind,
		).toBe('ignored');
		expect(
			relay.proveKey({ now: 0, receiverId: BOB, from: bob.at, message: bob.security.clientKey!, pinned: undefined }),
		).toMatchObject({ kind: 'taken' });
	});

	it('ends without the group key for who has not shown the key that is asked for', () => {
		const hop = new Hop('client', ECDSA_GCM, { sender: { clientAuth: true } });
		const { relay } = hop;
		hop.keyProxy();
		const alice = new HopReceiver(ALICE, hop);
		relay.register(0, ALICE, alice.at, alice.register);
		expect(hop.keyInfo([ALICE]).items).toEqual([]);
		expect(relay.acknowledge(ALICE, new Uint8Array(12))).toBe(false);
	});

	it('fails with a key that is not the pinned one, or that has not signed', () => {
		const hop = new Hop('client', ECDSA_GCM, { sender: { clientAuth: true } });
		const { relay } = hop;
		const [alice, bob] = [ALICE, BOB].map((id) => new HopReceiver(id, hop));
		relay.register(0, ALICE, alice.at, alice.register);
		const pinned = PROXY_RSA.publicKey.fingerprint;
		expect(
			relay.proveKey({ now: 0, receiverId: ALICE, from: alice.at, message: alice.security.clientKey!, pinned: pinned }),
		).toMatchObject({
			kind: 'refused',
			reason: expect.stringMatching(/^receiver 0x00000001 is not let in: it came with the key .*, the list has /),
		});
		expect(
			relay.proveKey({
				now: 0,
				receiverId: ALICE,
				from: alice.at,
				message: bob.security.clientKey!,
				pinned: undefined,
			}),
		).toMatchObject({
			kind: 'refused',
			reason: expect.stringMatching(/its CLIENT_KEY is signed wrongly/),
		});
		const fingerprint = alice.security.facts.ownFingerprint!;
		expect(
			relay.proveKey({
				now: 0,
				receiverId: ALICE,
				from: alice.at,
				message: alice.security.clientKey!,
				pinned: fingerprint,
			}),
		).toEqual({
			kind: 'taken',
			fingerprint,
		});
	});

	it('is not begun anew by somebody else once it is done', () => {
		for (const clientAuth of [false, true]) {
			const { hop, alice } = keyedHop(ECDSA_GCM, clientAuth);
			const { relay } = hop;
			const double = new HopReceiver(ALICE, hop);
			const verdict = relay.register(0, ALICE, { host: '10.6.6.6', port: 9 }, double.register);
			expect(verdict).toMatchObject({ kind: 'ignored', reason: 'duplicate-id' });
			expect(relay.register(0, ALICE, { host: '10.6.6.6', port: 9 }, alice.register).kind).toBe('ignored');
			expect(relay.register(0, ALICE, alice.at, alice.register).kind).toBe('taken');
			expect(openUp(relay, ALICE, alice.sealed())).toBe(8);
		}
	});

	it('takes no proof of another handshake, and hears nobody who is forgotten', () => {
		const { hop, alice, bob } = keyedHop();
		expect(hop.relay.acknowledge(ALICE, bob.security.verifyData())).toBe(false);
		hop.relay.forget(ALICE);
		expect(openUp(hop.relay, ALICE, alice.sealed())).toBe(OpenRefusal.UNKNOWN_SIGNER);
		expect(hop.keyInfo([ALICE, BOB]).items.map(({ clientId }) => clientId)).toEqual([BOB]);
	});

	it('answers a premaster that does not decrypt as any other, so that nobody learns from it', () => {
		const hop = new Hop('client', RSA_HMAC);
		hop.keyProxy();
		const alice = new HopReceiver(ALICE, hop);
		const { register } = alice;
		const garbage = {
			...register,
			keyInfo: spanOf(register.keyInfo.bytes.map((byte, i) => (i === 60 ? byte ^ 1 : byte))),
		};
		expect(hop.relay.register(0, ALICE, alice.at, garbage)).toEqual({ kind: 'taken', fingerprint: undefined });
		expect(alice.takeKey(hop)).toBe(false);
		const short = { ...register, rand2: new Uint8Array(32), keyInfo: spanOf(new Uint8Array(3)) };
		expect(hop.relay.register(0, BOB, alice.at, short)).toMatchObject({
			kind: 'refused',
			reason: "The REGISTER's key is not encrypted for the proxy's RSA key of 1024 bits",
		});
	});
});

describe('a flood at a gathering proxy', () => {
	it('costs no more key operations than are allowed, and no more places than there are', () => {
		const receiversMax = 5;
		const hop = new Hop('client', ECDSA_GCM);
		const securer = new RelaySecurer(proxyConfig('client', proxySecurity(), { receiversMax }));
		const accepted = acceptBy(securer, hop.announced.slice());
		if (accepted.kind !== 'join' || accepted.security === undefined) throw new Error(accepted.kind);
		const relay = accepted.security;
		const alice = new HopReceiver(ALICE, hop);
		const verdicts = Array.from({ length: receiversMax + 1 }, (_, id) => {
			return relay.register(5000, 100 + id, alice.at, alice.register).kind;
		});
		expect(verdicts).toEqual([...new Array(receiversMax).fill('taken'), 'refused']);
		relay.forget(100);
		for (let i = receiversMax; i < KEY_OPERATIONS_PER_SECOND; i++) {
			const garbage = { ...alice.register, keyInfo: spanOf(new Uint8Array(4)) };
			expect(relay.register(5000, 1000 + i, alice.at, garbage).kind).toBe('refused');
		}
		expect(relay.register(5000, 100, alice.at, alice.register)).toEqual({
			kind: 'ignored',
			reason: 'too-many-signatures',
		});
		expect(relay.register(6001, 100, alice.at, alice.register).kind).toBe('taken');
	});
});

describe('a KEYINFO to a gathering proxy', () => {
	it('that brings another key before the first has opened anything begins the receivers anew', () => {
		const hop = new Hop('client', ECDSA_GCM);
		const { relay, sender, peer, suite: chosen } = hop;
		hop.keyProxy();
		const other = newGroupMaster(systemRandom);
		const recipients = [{ clientId: peer.id, keys: peer.keys!.sessionKeys }];
		const wrong = composeKeyInfo(backend, chosen, other, new NonceCounter(), SENDER_ID, recipients);
		expect(relay.takeGroupKey(wrong.counter, SENDER_ID, wrong.items[0])).toBe(true);
		const alice = new HopReceiver(ALICE, hop);
		alice.registerWith(hop);
		expect(alice.takeKey(hop)).toBe(true);
		const proof = alice.security.verifyData();

		const right = composeKeyInfo(backend, chosen, sender.groupMaster, new NonceCounter(), SENDER_ID, recipients);
		expect(relay.takeGroupKey(right.counter, SENDER_ID, right.items[0])).toBe(true);
		expect(relay.acknowledge(ALICE, proof)).toBe(false);
		const again = new HopReceiver(ALICE, hop);
		expect(again.registerWith(hop).kind).toBe('taken');
		expect(again.takeKey(hop)).toBe(true);
		expect(openDown(relay, hop.sealedBySender())).toBe(8);
		expect(relay.takeGroupKey(wrong.counter, SENDER_ID, wrong.items[0])).toBe(false);
		expect(openUp(relay, ALICE, again.sealed())).toBe(8);
	});

	it('that is forged leaves the group key as it is', () => {
		const { hop } = keyedHop();
		const { relay } = hop;
		const down = hop.sealedBySender();
		for (let tries = 0; tries < 1000; tries++) {
			const wrappedKey = spanOf(Uint8Array.from({ length: 48 }, (_, i) => (tries * 31 + i * 17) & 0xff));
			relay.takeGroupKey(BigInt(tries), SENDER_ID, { clientId: 9, wrappedKey });
			if (tries === 0) expect(openDown(relay, down)).toBe(8);
		}
		const next = hop.sealedBySender();
		expect(openDown(relay, next)).toBe(8);
	});
});

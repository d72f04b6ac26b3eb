import {
	CipherType,
	CurveId,
	curveById,
	type EcPrivateKey,
	generateEcKey,
	generateRsaKey,
	KeyExchange,
} from '@uftp/crypto';
import { systemRandom } from '@uftp/crypto/backends';
import { encodeDone, MessageType } from '@uftp/wire';
import { describe, expect, it } from 'vitest';
import { ALICE, backend, ECDSA_GCM, ECDSA_KEYEX, ecKey, P256, RSA_HMAC, rsaKey, suite as suiteOf } from './pair.ts';
import { PROXY_AT, ProxiedReceiver, ScriptedProxy, SENDER_AT, SecuredSender } from './scripted-proxy.ts';

const STRANGER_AT = { host: '10.0.0.66', port: 1044 };
const SUITES = [
	['RSA, CBC with HMAC', RSA_HMAC, rsaKey],
	['ECDH_ECDSA, GCM', ECDSA_GCM, ecKey],
	['ECDH_ECDSA, key-exchange signatures', ECDSA_KEYEX, ecKey],
	['ECDH_RSA, GCM', suiteOf(KeyExchange.ECDH_RSA, CipherType.AES128_GCM), rsaKey],
] as const;

const agreementKey = (): EcPrivateKey => generateEcKey(backend, P256, systemRandom);

/** Alice, who has her proxy's key, and a session that is announced. */
function announced(suite = ECDSA_GCM, proxy = new ScriptedProxy(ecKey(), agreementKey())) {
	const alice = new ProxiedReceiver();
	const sender = new SecuredSender(suite);
	alice.deliver(proxy.proxyKey(), PROXY_AT);
	alice.deliver(sender.announce());
	return { alice, sender, proxy };
}

/** The same, with the group key. */
function joined(suite = ECDSA_GCM, proxy?: ScriptedProxy) {
	const parts = announced(suite, proxy);
	const { alice, sender } = parts;
	parts.proxy.takeRegister(sender, alice.of(MessageType.REGISTER)[0].bytes);
	alice.deliver(parts.proxy.keyInfo(sender), PROXY_AT);
	expect(alice.eventsOf('registered')).toHaveLength(1);
	return parts;
}

describe.each(SUITES)('an encrypted session through a response proxy (%s)', (_name, suite, newKey) => {
	it('has its keys agreed with the proxy, whose KEYINFO opens it, and every answer goes to the proxy', () => {
		const { alice, sender } = joined(suite, new ScriptedProxy(newKey(), agreementKey()));
		alice.deliver(sender.fileInfo());
		expect(alice.eventsOf('fileOffered')).toHaveLength(1);
		alice.advance(100);
		const kinds = alice.sent.map(({ func }) => func);
		expect(kinds.filter((func) => func === MessageType.REGISTER)).toHaveLength(1);
		// KEYINFO_ACK and FILEINFO_ACK.
		expect(kinds.filter((func) => func === MessageType.ENCRYPTED)).toHaveLength(2);
		expect(new Set(alice.sent.map(({ to }) => to))).toEqual(new Set([PROXY_AT]));
	});

	it('is not opened by the KEYINFO of a proxy that did not take part in it', () => {
		const { alice, sender } = announced(suite, new ScriptedProxy(newKey(), agreementKey()));
		const stranger = new ScriptedProxy(newKey(), agreementKey());
		const other = new ProxiedReceiver();
		other.deliver(stranger.proxyKey(), PROXY_AT);
		other.deliver(sender.announce());
		stranger.takeRegister(sender, other.of(MessageType.REGISTER)[0].bytes);
		alice.deliver(stranger.keyInfo(sender), STRANGER_AT);
		expect(alice.eventsOf('dropped')).toEqual([]);
		expect(alice.node.counters['dropped.other-proxy']).toBe(1);
		alice.deliver(stranger.keyInfo(sender), PROXY_AT);
		alice.deliver(sender.fileInfo());
		expect(alice.eventsOf('fileOffered')).toEqual([]);
	});
});

describe('the key of a response proxy', () => {
	it('is asked for at the start and every 5 s until it has come', () => {
		const alice = new ProxiedReceiver();
		alice.advance(12_000);
		const asked = alice.of(MessageType.KEY_REQ);
		expect(asked.map(({ at }) => at - asked[0].at)).toEqual([0, 5000, 10_000]);
		expect(asked.every(({ to }) => to === PROXY_AT)).toBe(true);
		expect(Array.from(asked[0].bytes.subarray(8, 20))).toEqual([0, 0, 0, 0, 0, 0, 0, 0, 16, 1, 0, 0]);
		alice.deliver(new ScriptedProxy(ecKey()).proxyKey(), PROXY_AT);
		alice.advance(60_000);
		expect(alice.of(MessageType.KEY_REQ)).toHaveLength(3);
		expect(alice.eventsOf('proxyKeyReceived')).toHaveLength(1);
	});

	it('is not asked for by a receiver that takes clear sessions only, or has no proxy', () => {
		for (const changes of [{ security: undefined }, { responseProxy: undefined }]) {
			const alice = new ProxiedReceiver(changes);
			alice.advance(20_000);
			expect(alice.sent).toEqual([]);
		}
	});

	it.each([
		['from another address', {}, STRANGER_AT],
		['from another port of the proxy', {}, { ...PROXY_AT, port: 1045 }],
		['signed over another nonce', { wrongNonce: true }, PROXY_AT],
	] as const)('is not taken %s', (_what, faults, from) => {
		const alice = new ProxiedReceiver();
		alice.deliver(new ScriptedProxy(ecKey(), agreementKey()).proxyKey(faults), from);
		expect(alice.eventsOf('proxyKeyReceived')).toEqual([]);
		alice.deliver(new SecuredSender(ECDSA_GCM).announce());
		expect(alice.of(MessageType.REGISTER)).toEqual([]);
		alice.advance(5000);
		expect(alice.of(MessageType.KEY_REQ)).toHaveLength(2);
	});

	it('need not be asked for when it was overheard before the proxy became its own, and sessions are joined at once', () => {
		const elsewhere = { ...PROXY_AT, host: '10.0.0.10' };
		for (const responseProxy of [undefined, { endpoint: elsewhere }]) {
			const alice = new ProxiedReceiver({ responseProxy });
			alice.deliver(new ScriptedProxy(ecKey(), agreementKey()).proxyKey(), PROXY_AT);
			alice.node.setResponseProxy(alice.now, { endpoint: PROXY_AT });
			alice.drain();
			expect(alice.eventsOf('proxyKeyReceived')).toHaveLength(1);
			alice.deliver(new SecuredSender(ECDSA_GCM).announce());
			expect(alice.of(MessageType.REGISTER)).toHaveLength(1);
			alice.advance(100);
			expect(alice.of(MessageType.KEY_REQ).filter(({ to }) => to === PROXY_AT)).toEqual([]);
		}
	});

	it('is asked for all the same when another was expected than was overheard, or the proxy has died since', () => {
		const endpoint = PROXY_AT;
		const answer = new ScriptedProxy(ecKey(), agreementKey()).proxyKey();
		for (const [isDead, fingerprint] of [
			[true, undefined],
			[false, ecKey().publicKey.fingerprint],
		] as const) {
			const alice = new ProxiedReceiver({ responseProxy: undefined });
			alice.deliver(answer, endpoint);
			if (isDead) alice.node.responseProxyLost(alice.now, endpoint);
			alice.node.setResponseProxy(alice.now, { endpoint, fingerprint });
			alice.advance(1);
			expect(alice.eventsOf('proxyKeyReceived')).toEqual([]);
			expect(alice.of(MessageType.KEY_REQ)).toHaveLength(1);
		}
	});

	it('is missed with a hint when the answers come from another address', () => {
		const alice = new ProxiedReceiver();
		const answer = new ScriptedProxy(ecKey()).proxyKey();
		alice.deliver(answer, STRANGER_AT);
		expect(alice.eventsOf('warning')).toEqual([]);
		for (let i = 0; i < 3; i++) {
			alice.advance(5000);
			alice.deliver(answer, STRANGER_AT);
			alice.deliver(answer, { ...STRANGER_AT, host: '10.0.0.67' });
		}
		expect(alice.eventsOf('warning')).toMatchObject([
			{
				message:
					'The response proxy at 10.0.0.9:1044 has not sent its key yet; a PROXY_KEY came from 10.0.0.66:1044: ' +
					'if that is the same proxy, name it by this address',
			},
		]);
		expect(alice.eventsOf('proxyKeyReceived')).toEqual([]);
		alice.deliver(answer, PROXY_AT);
		expect(alice.eventsOf('proxyKeyReceived')).toHaveLength(1);
	});

	it('is not taken with another fingerprint than the configured one, and the offered one is said', () => {
		const [right, wrong] = [new ScriptedProxy(ecKey(), agreementKey()), new ScriptedProxy(ecKey(), agreementKey())];
		const { fingerprint } = right.key.publicKey;
		const alice = new ProxiedReceiver({ responseProxy: { endpoint: PROXY_AT, fingerprint } });
		alice.deliver(wrong.proxyKey(), PROXY_AT);
		alice.deliver(wrong.proxyKey(), PROXY_AT);
		alice.deliver(new SecuredSender(ECDSA_GCM).announce());
		const hex = (bytes: Uint8Array): string =>
			bytes
				.toHex()
				.toUpperCase()
				.replace(/..(?=.)/g, '$&:');
		const [{ message }, ...others] = alice.eventsOf('warning');
		expect(others).toEqual([]);
		expect(message).toContain(`it has the key ${hex(wrong.key.publicKey.fingerprint)}`);
		expect(message).toContain(hex(fingerprint));
		expect(alice.eventsOf('announceIgnored')[0].reason).toBe(message);
		alice.deliver(right.proxyKey(), PROXY_AT);
		expect(alice.eventsOf('proxyKeyReceived')).toMatchObject([{ fingerprint, isOther: false }]);
		expect(alice.of(MessageType.REGISTER)).toHaveLength(1);
	});

	it('is taken again when it changes, as after a restart of the proxy, and is no news when it does not', () => {
		const alice = new ProxiedReceiver();
		const [before, after] = [new ScriptedProxy(ecKey(), agreementKey()), new ScriptedProxy(ecKey(), agreementKey())];
		for (const proxy of [before, before, after]) alice.deliver(proxy.proxyKey(), PROXY_AT);
		expect(alice.eventsOf('proxyKeyReceived').map(({ isOther }) => isOther)).toEqual([false, true]);
		const sender = new SecuredSender(ECDSA_GCM);
		alice.deliver(sender.announce());
		after.takeRegister(sender, alice.of(MessageType.REGISTER)[0].bytes);
		alice.deliver(after.keyInfo(sender), PROXY_AT);
		expect(alice.eventsOf('registered')).toHaveLength(1);
	});

	it('is checked at most ten times a second, whatever comes', () => {
		const alice = new ProxiedReceiver();
		const forged = new ScriptedProxy(rsaKey()).proxyKey({ wrongNonce: true });
		for (let i = 0; i < 50; i++) alice.deliver(forged, PROXY_AT);
		alice.deliver(new ScriptedProxy(ecKey()).proxyKey(), PROXY_AT);
		expect(alice.eventsOf('proxyKeyReceived')).toEqual([]);
		alice.advance(1000);
		alice.deliver(new ScriptedProxy(ecKey()).proxyKey(), PROXY_AT);
		expect(alice.eventsOf('proxyKeyReceived')).toHaveLength(1);
		expect(alice.eventsOf('warning')).toHaveLength(1);
	});

	it('is read without harm whatever is in it', () => {
		const alice = new ProxiedReceiver();
		const good = new ScriptedProxy(ecKey(), agreementKey()).proxyKey();
		for (let at = 16; at < good.length; at++) {
			const forged = good.slice();
			forged[at] ^= 0x55;
			alice.advance(200);
			alice.deliver(forged, PROXY_AT);
			alice.deliver(good.subarray(0, at), PROXY_AT);
		}
		// What is not signed (the ECDH key) may have been changed on the way: 4.x does not protect it.
		for (const { fingerprint } of alice.eventsOf('proxyKeyReceived')) expect(fingerprint).toHaveLength(20);
		alice.advance(1000);
		alice.deliver(good, PROXY_AT);
		expect(alice.node.sessionCount).toBe(0);
	});
});

describe('a session that is announced before the key of the response proxy has come', () => {
	it('is joined when the key comes, with the time that it waited in the echoed timestamp', () => {
		const alice = new ProxiedReceiver();
		const sender = new SecuredSender(ECDSA_GCM);
		alice.deliver(sender.announce());
		expect(alice.eventsOf('announceIgnored')).toMatchObject([
			{ reason: 'The response proxy at 10.0.0.9:1044 has not sent its key yet' },
		]);
		alice.advance(700);
		alice.deliver(new ScriptedProxy(ecKey(), agreementKey()).proxyKey(), PROXY_AT);
		const [register] = alice.of(MessageType.REGISTER);
		const view = new DataView(register.bytes.buffer);
		expect([view.getUint32(20), view.getUint32(24)]).toEqual([1000, 700_000]);
	});

	it('is not joined when the key comes after its registration', () => {
		const alice = new ProxiedReceiver();
		alice.deliver(new SecuredSender(ECDSA_GCM).announce());
		alice.advance(1100);
		alice.deliver(new ScriptedProxy(ecKey(), agreementKey()).proxyKey(), PROXY_AT);
		expect(alice.of(MessageType.REGISTER)).toEqual([]);
	});

	it('is joined with the sender itself when the proxy is unset', () => {
		const alice = new ProxiedReceiver();
		alice.deliver(new SecuredSender(ECDSA_GCM).announce());
		alice.node.setResponseProxy(alice.now, undefined);
		alice.drain();
		expect(alice.of(MessageType.REGISTER).map(({ to }) => to)).toEqual([SENDER_AT]);
	});
});

describe('a session that the keys of the response proxy do not fit', () => {
	const P384 = curveById(CurveId.SECP384R1)!;
	const onP384 = (): EcPrivateKey => generateEcKey(backend, P384, systemRandom);
	it.each([
		['an RSA key of another size', RSA_HMAC, () => new ScriptedProxy(generateRsaKey(backend, 768)), 'RSA, 768 bits'],
		['a key of another kind', RSA_HMAC, () => new ScriptedProxy(ecKey()), 'RSA, 1024 bits'],
		['a key on another curve', ECDSA_GCM, () => new ScriptedProxy(onP384(), agreementKey()), 'EC, secp384r1'],
		['no ECDH key', ECDSA_GCM, () => new ScriptedProxy(ecKey()), 'has no ECDH key'],
		['an ECDH key on another curve', ECDSA_GCM, () => new ScriptedProxy(ecKey(), onP384()), 'ECDH key on secp256r1'],
	] as const)('is refused with a sentence that says so: %s', (_what, suite, newProxy, words) => {
		const { alice } = announced(suite, newProxy());
		const [{ reason }] = alice.eventsOf('announceIgnored');
		expect(reason).toMatch(
			/^Response proxy (ECDH )?key not compatible with server key: the response proxy at 10\.0\.0\.9:1044 has/,
		);
		expect(reason).toContain(words);
		expect(alice.of(MessageType.ABORT).map(({ to }) => to)).toEqual([PROXY_AT]);
		expect(alice.of(MessageType.REGISTER)).toEqual([]);
	});
});

describe('an ABORT of the response proxy in an encrypted session', () => {
	it('ends it in the clear before there is a group key', () => {
		const { alice, proxy } = announced();
		alice.deliver(proxy.abort('No proxy key compatible with server key'), PROXY_AT);
		expect(alice.eventsOf('sessionEnded')).toMatchObject([
			{ outcome: 'aborted', reason: 'The response proxy aborted: No proxy key compatible with server key' },
		]);
	});

	it('does nothing in the clear behind it, for another receiver, for all, or from elsewhere', () => {
		const { alice, sender, proxy } = joined();
		alice.deliver(proxy.abort('forged'), PROXY_AT);
		alice.deliver(proxy.sealedAbort(sender, 'not for us', ALICE + 1));
		alice.deliver(proxy.sealedAbort(sender, 'for everybody', 0));
		expect(alice.eventsOf('sessionEnded')).toEqual([]);
		const early = announced();
		early.alice.deliver(early.proxy.abort('forged'), STRANGER_AT);
		early.alice.deliver(early.proxy.abort('not for us', ALICE + 1), PROXY_AT);
		expect(early.alice.eventsOf('sessionEnded')).toEqual([]);
		expect(early.alice.node.counters['dropped.other-proxy']).toBe(1);
		expect(early.alice.eventsOf('dropped')).toEqual([]);
	});

	it.each([ECDSA_GCM, RSA_HMAC, ECDSA_KEYEX])('ends it sealed with the group key', (suite) => {
		const key = suite === RSA_HMAC ? rsaKey() : ecKey();
		const { alice, sender, proxy } = joined(suite, new ScriptedProxy(key, agreementKey()));
		alice.deliver(proxy.sealedAbort(sender, 'gone'));
		expect(alice.eventsOf('sessionEnded')).toMatchObject([{ reason: 'The response proxy aborted: gone' }]);
	});

	it('is all that the proxy may say under the group key in its own name', () => {
		const { alice, sender, proxy } = joined();
		const done = { fileId: 0, section: 0, ids: [ALICE] };
		alice.sent.length = 0;
		alice.deliver(proxy.sealed(sender, MessageType.DONE, (bytes, at) => encodeDone(bytes, at, done)));
		expect(alice.sent).toEqual([]);
		expect(alice.node.counters['dropped.proxy-only-hop']).toBe(1);
	});

	it('must have the signature of the proxy where signatures tell the nodes apart', () => {
		const { alice, sender, proxy } = joined(ECDSA_KEYEX);
		alice.deliver(proxy.sealedAbort(sender, 'forged by another member', ALICE, ecKey()));
		expect(alice.eventsOf('sessionEnded')).toEqual([]);
	});
});

describe('when the response proxy of an encrypted session dies', () => {
	const NEXT_AT = { host: '10.0.0.10', port: 1044 };

	it.each([ECDSA_GCM, RSA_HMAC])(
		'the session goes on with the group key, through the next one or the sender',
		(suite) => {
			for (const next of [NEXT_AT, undefined]) {
				const key = suite === RSA_HMAC ? rsaKey() : ecKey();
				const { alice, sender } = joined(suite, new ScriptedProxy(key, agreementKey()));
				alice.node.setResponseProxy(alice.now, next && { endpoint: next });
				alice.node.responseProxyLost(alice.now, PROXY_AT);
				alice.drain();
				expect(alice.eventsOf('sessionMoved')).toMatchObject([{ from: PROXY_AT, to: next }]);
				alice.sent.length = 0;
				alice.deliver(sender.fileInfo());
				expect(alice.of(MessageType.ENCRYPTED).map(({ to }) => to)).toEqual([next ?? SENDER_AT]);
				expect(alice.of(MessageType.REGISTER)).toEqual([]);
				expect(alice.eventsOf('sessionEnded')).toEqual([]);
			}
		},
	);

	it('ends with a clear outcome where every message is signed: nobody else knows the key of this receiver', () => {
		const { alice } = joined(ECDSA_KEYEX);
		alice.node.responseProxyLost(alice.now, PROXY_AT);
		alice.drain();
		expect(alice.eventsOf('sessionEnded')).toMatchObject([
			{ outcome: 'proxyLost', reason: expect.stringContaining('10.0.0.9:1044 is lost') },
		]);
	});

	it('is joined anew at the next ANNOUNCE as long as there is no group key', () => {
		const { alice, sender } = announced();
		alice.node.setResponseProxy(alice.now, undefined);
		alice.node.responseProxyLost(alice.now, PROXY_AT);
		alice.drain();
		expect(alice.eventsOf('sessionEnded')).toMatchObject([{ outcome: 'unconfirmed' }]);
		alice.sent.length = 0;
		alice.deliver(sender.announce());
		expect(alice.of(MessageType.REGISTER).map(({ to }) => to)).toEqual([SENDER_AT]);
		expect(alice.of(MessageType.ABORT)).toEqual([]);
	});

	it('is asked for its key again: one that is started in its place has another', () => {
		const { alice, sender } = joined();
		alice.advance(5000);
		alice.sent.length = 0;
		alice.node.setResponseProxy(alice.now, { endpoint: PROXY_AT });
		alice.node.responseProxyLost(alice.now, PROXY_AT);
		alice.advance(0);
		expect(alice.of(MessageType.KEY_REQ)).toHaveLength(1);
		alice.deliver(sender.fileInfo());
		expect(alice.of(MessageType.ENCRYPTED).map(({ to }) => to)).toEqual([SENDER_AT]);
	});

	it('is asked for its key again when a registration has come to nothing: it may have been restarted', () => {
		const { alice } = announced();
		const asked = alice.of(MessageType.KEY_REQ).length;
		alice.advance(6000);
		expect(alice.eventsOf('sessionEnded')).toMatchObject([
			{
				outcome: 'unconfirmed',
				reason: 'Registration unconfirmed: nothing has come back by way of the response proxy at 10.0.0.9:1044',
			},
		]);
		expect(alice.of(MessageType.KEY_REQ).length).toBeGreaterThan(asked);
	});
});

it('agrees with the sender itself on a session that is announced to this receiver alone', () => {
	const alice = new ProxiedReceiver();
	alice.deliver(new SecuredSender(ECDSA_GCM).announce('0.0.0.0'));
	expect(alice.of(MessageType.REGISTER).map(({ to }) => to)).toEqual([SENDER_AT]);
});

import { CipherType, generateRsaKey, KeyExchange, type Suite } from '@uftp/crypto';
import { emptyHeader, encodeDoneConf, MessageType, writeHeader } from '@uftp/wire';
import { describe, expect, it } from 'vitest';
import type { ProxySecurityConfig, SenderConfig } from '../../../src/index.ts';
import {
	ALICE,
	backend,
	clearMessage,
	ECDSA_GCM,
	ECDSA_KEYEX,
	ecKey,
	functionOf,
	isSealed,
	P256,
	RSA_HMAC,
	receiverSecurity,
	SENDER,
	SENDER_ID,
	senderSecurity,
	suite,
} from '../../secured/pair.ts';
import { GROUP } from '../../sender/scripted-receivers.ts';
import { PROXY_AT, PROXY_RSA, proxyConfig, proxySecurity } from './hop.ts';
import { ProxiedPair } from './proxied-pair.ts';

const RECEIVERS = 4;
const IDS = Array.from({ length: RECEIVERS }, (_, index) => ALICE + index);

const SUITES = [
	['rsa, aes128-cbc, hmac', RSA_HMAC],
	['ecdh_ecdsa, aes256-gcm', ECDSA_GCM],
	['ecdh_rsa, aes128-ccm', suite(KeyExchange.ECDH_RSA, CipherType.AES128_CCM)],
	['rsa, 3des, hmac', suite(KeyExchange.RSA, CipherType.TRIPLE_DES)],
	['ecdh_ecdsa, aes128-cbc, keyex', ECDSA_KEYEX],
	['rsa, aes256-cbc, keyex', suite(KeyExchange.RSA, CipherType.AES256_CBC, true)],
] as const;

interface Choices {
	readonly kind?: 'client' | 'response';
	readonly chosen?: Suite;
	readonly clientAuth?: boolean;
	readonly security?: Partial<ProxySecurityConfig>;
	readonly fileBytes?: number;
	readonly isOpenGroup?: boolean;
	readonly congestion?: SenderConfig['congestion'];
	readonly rateBytesPerSecond?: number;
}

function meet({
	kind = 'client',
	chosen = ECDSA_GCM,
	clientAuth = false,
	security = {},
	fileBytes = 30_000,
	isOpenGroup = false,
	congestion,
	rateBytesPerSecond = 100e6,
}: Choices = {}): ProxiedPair {
	const isEc = chosen.keyExchange === KeyExchange.ECDH_ECDSA;
	const keys = kind === 'client' ? [ecKey(), PROXY_RSA] : [isEc ? ecKey() : PROXY_RSA];
	const config = proxyConfig(kind, proxySecurity({ keys, agreementCurve: P256, ...security }), {
		publicGroups: kind === 'response' ? ['230.4.4.1'] : [],
	});
	const targets = isOpenGroup ? [] : IDS;
	const sender = { security: senderSecurity({ suite: chosen, clientAuth }), targets, congestion, rateBytesPerSecond };
	const receivers = IDS.map(() => receiverSecurity());
	return new ProxiedPair(config, sender, receivers, fileBytes);
}

/** Until blocks are on their way. */
function runIntoFile(session: ProxiedPair): void {
	for (let ms = 0; ms < 4000 && session.pair.senderKinds('fileStarted').length === 0; ms++) session.run(1);
	expect(session.pair.senderKinds('fileStarted')).toHaveLength(1);
}

function expectAllReceived({ pair, proxy }: ProxiedPair): void {
	const results = pair.session.end?.results ?? [];
	const outcomes = IDS.map((id) => results.find(({ receiverId }) => receiverId === id)?.outcome);
	expect({ outcomes, counters: proxy.counters, warnings: pair.senderKinds('warning') }).toMatchObject({
		outcomes: IDS.map(() => 'received'),
	});
	for (const index of IDS.keys()) expect(pair.hasFile(index)).toBe(true);
}

describe.each(SUITES)('an encrypted session through a gathering proxy (%s)', (_name, chosen) => {
	it.each([
		['client', false],
		['client', true],
		['response', false],
		['response', true],
	] as const)('reaches all receivers behind a %s proxy (they show their keys: %s)', (kind, clientAuth) => {
		const session = meet({ kind, chosen, clientAuth });
		session.run(4000);
		expectAllReceived(session);
		expect(session.of('receiverConfirmed').map(({ receiverId }) => receiverId)).toEqual(IDS);
		const merged = session.of('aggregated').map(({ message }) => message);
		expect(merged).toEqual(expect.arrayContaining(['REGISTER', 'FILEINFO_ACK', 'COMPLETE']));
		const clear = session.sent.filter(({ bytes }) => {
			const func = functionOf(bytes)!;
			return func >= MessageType.FILEINFO && func <= MessageType.DONE_CONF;
		});
		expect(clear).toEqual([]);
	});

	it('survives losses on both sides of the proxy', () => {
		const session = meet({ chosen, clientAuth: true, fileBytes: 60_000 });
		let turn = 0;
		session.tamper = (_to, _from, bytes) => (++turn % 11 === 0 ? undefined : bytes);
		const { tamper } = session.pair;
		session.pair.tamper = (message) => (++turn % 13 === 0 ? undefined : tamper(message));
		session.run(20_000);
		expectAllReceived(session);
	});
});

describe('a proxy that shows its key', () => {
	it('says REGISTER twice before: one may be lost, and senders of 4.10.2 die of a CLIENT_KEY alone', () => {
		const session = meet({ clientAuth: true });
		session.run(1000);
		const up = session.sent.filter(({ to }) => to.host === SENDER.host).map(({ bytes }) => functionOf(bytes)!);
		const { REGISTER, CLIENT_KEY } = MessageType;
		expect(up.slice(0, 3)).toEqual([REGISTER, REGISTER, CLIENT_KEY]);
	});
});

describe('an open group through a gathering proxy', () => {
	it.each(['client', 'response'] as const)('takes in who comes, encrypted (%s proxy)', (kind) => {
		const session = meet({ kind, isOpenGroup: true, clientAuth: true });
		session.run(6000);
		expectAllReceived(session);
	});
});

describe('congestion control through a gathering proxy', () => {
	it.each([
		['client', ECDSA_GCM],
		['client', ECDSA_KEYEX],
		['response', RSA_HMAC],
		['response', ECDSA_KEYEX],
	] as const)('hears the receivers in an encrypted session (%s proxy)', (kind, chosen) => {
		const congestion = { kind: 'tfmcc', minBytesPerSecond: 0, maxBytesPerSecond: 1e6 } as const;
		const session = meet({ kind, chosen, congestion, fileBytes: 400_000 });
		session.run(15_000);
		expectAllReceived(session);
		const dropped = session.pair.senderKinds('dropped').map(({ reason }) => reason);
		expect(dropped).toEqual([]);
		// It begins with one packet a second, and would never get anywhere if nobody were heard.
		expect(session.pair.session.progress.rateBytesPerSecond).toBeGreaterThan(100_000);
		const feedback = session.sent.filter(({ to, bytes }) => {
			return to.host === SENDER.host && isSealed(bytes) && IDS.includes(new DataView(bytes.buffer).getUint32(4));
		});
		expect(feedback.length).toBeGreaterThan(2);
	});
});

describe('a response proxy that dies in an encrypted session', () => {
	function surviving(chosen: Suite): ProxiedPair {
		const session = meet({ kind: 'response', chosen, fileBytes: 2_000_000 });
		runIntoFile(session);
		session.run(10);
		session.isDead = true;
		for (const { node } of session.pair.receivers) {
			node.setResponseProxy(session.pair.now, undefined);
			node.responseProxyLost(session.pair.now, PROXY_AT);
		}
		session.run(20_000);
		return session;
	}

	it.each([
		['GCM', ECDSA_GCM],
		['HMAC', RSA_HMAC],
	])('takes nothing from its receivers, which have the group key (%s)', (_name, chosen) => {
		expectAllReceived(surviving(chosen));
	});

	it('ends it with a clear outcome where packets are signed by keys', () => {
		const session = surviving(ECDSA_KEYEX);
		const results = session.pair.session.end?.results ?? [];
		expect(results.map(({ outcome }) => outcome)).toEqual(IDS.map(() => 'lost'));
		expect(session.pair.receiverKinds('sessionEnded').map(({ outcome }) => outcome)).toEqual(['proxyLost']);
	});
});

describe('a sender that aborts', () => {
	it.each([
		['GCM', ECDSA_GCM, 1024],
		['HMAC', RSA_HMAC, 1024],
		['long signatures', suite(KeyExchange.RSA, CipherType.AES256_CBC, true), 2048],
	] as const)('ends the session at the proxy, too (%s)', (_name, chosen, bits) => {
		const key = () => (chosen === ECDSA_GCM ? ecKey() : generateRsaKey(backend, bits));
		const security = senderSecurity({ suite: chosen, key: key() });
		const config = proxyConfig('client', proxySecurity({ keys: [key()] }));
		const receivers = IDS.map(() => receiverSecurity({ keys: [key()] }));
		const session = new ProxiedPair(config, { security, targets: IDS }, receivers, 2_000_000);
		runIntoFile(session);
		session.pair.session.abort(session.pair.now, 'enough');
		session.pair.run(1);
		expect(session.of('sessionEnded')).toMatchObject([{ outcome: 'aborted', reason: 'The sender aborted: enough' }]);
		expect(session.pair.receiverKinds('sessionEnded')).toMatchObject([{ outcome: 'aborted' }]);
	});
});

describe('somebody with the address of the sender', () => {
	it('ends no session at the proxy by a DONE_CONF in the clear', () => {
		const session = meet({ fileBytes: 400_000, rateBytesPerSecond: 200_000 });
		runIntoFile(session);
		session.hear(
			SENDER,
			clearMessage(MessageType.DONE_CONF, SENDER_ID, (bytes, at) => encodeDoneConf(bytes, at, { ids: IDS })),
		);
		// The sender cannot be heard for a while.
		session.pair.tamper = () => undefined;
		session.run(3000);
		expect(session.of('sessionEnded')).toEqual([]);
	});

	it.each([MessageType.FILESEG, MessageType.DONE, MessageType.CONG_CTRL, MessageType.FILEINFO, MessageType.DONE_CONF])(
		'has a client proxy forward nothing in the clear that the session seals (function %i)',
		(func) => {
			const session = meet({ fileBytes: 400_000, rateBytesPerSecond: 200_000 });
			runIntoFile(session);
			const before = session.sent.length;
			session.hear(
				SENDER,
				clearMessage(func, SENDER_ID, () => 100),
			);
			expect(session.sent.slice(before)).toEqual([]);
			expect(session.proxy.counters['dropped.clear-in-encrypted-session']).toBe(1);
			session.run(10_000);
			expectAllReceived(session);
		},
	);
});

describe('a network between receivers and proxy', () => {
	it('that changes bits of sealed datagrams, and plays others back, spoils nothing', () => {
		for (const kind of ['client', 'response'] as const) {
			const session = meet({ kind });
			let turn = 0;
			const heard: Uint8Array[] = [];
			session.tamper = (to, from, bytes) => {
				if (to !== PROXY_AT || !isSealed(bytes)) return bytes;
				for (const old of heard) session.hear(from, old);
				heard.push(bytes);
				if (++turn % 3 !== 0) return bytes;
				return bytes.map((byte, at) => (at === 40 ? byte ^ 1 : byte));
			};
			session.run(10_000);
			expectAllReceived(session);
			expect(turn).toBeGreaterThan(3);
			expect(session.proxy.counters['dropped.not-opened']).toBeGreaterThan(3);
		}
	});

	it('that sends rubbish in the name of silent receivers moves none of them', () => {
		const session = meet({ fileBytes: 400_000, rateBytesPerSecond: 200_000 });
		runIntoFile(session);
		for (let i = 0; i < 100; i++) {
			session.run(50);
			for (const sourceId of IDS) {
				const header = { ...emptyHeader(), func: MessageType.ENCRYPTED, sourceId, groupId: GROUP };
				const rubbish = new Uint8Array(80);
				writeHeader(rubbish, 0, header);
				session.hear({ host: '10.9.9.9', port: 1044 }, rubbish);
				session.hear(
					{ host: '10.9.9.9', port: 1044 },
					clearMessage(MessageType.STATUS, sourceId, () => 12),
				);
			}
		}
		session.run(10_000);
		expectAllReceived(session);
		expect(session.pair.session.end?.elapsedMs).toBeLessThan(4500);
	});

	it('that forges ANNOUNCEs of the session brings none to the receivers', () => {
		const session = meet();
		const forged: Uint8Array[] = [];
		const { tamper } = session.pair;
		session.pair.tamper = (message) => {
			if (message.toReceivers && functionOf(message.bytes) === MessageType.ANNOUNCE) {
				const other = message.bytes.slice();
				other[other.length - 1] ^= 1;
				const before = session.sent.length;
				if (session.proxy.sessionCount > 0) {
					session.hear(SENDER, other);
					forged.push(...session.sent.slice(before).map(({ bytes }) => bytes));
				}
			}
			return tamper(message);
		};
		session.run(4000);
		expect(forged.filter((bytes) => functionOf(bytes) === MessageType.ANNOUNCE)).toEqual([]);
		expectAllReceived(session);
	});
});

describe('keys that do not fit', () => {
	it('are explained to the sender, who loses the proxy and nobody waits in vain', () => {
		const session = meet({ security: { keys: [PROXY_RSA] } });
		session.run(4000);
		expect(session.of('announceIgnored').map(({ reason }) => reason)[0]).toMatch(
			/No proxy key compatible with server key/,
		);
		expect(session.pair.session.end).toBeDefined();
	});

	it('of a receiver whose pinned key is another keep that one out, and no other', () => {
		const receivers = IDS.map((receiverId) => {
			return receiverId === ALICE ? { receiverId, fingerprint: PROXY_RSA.publicKey.fingerprint } : { receiverId };
		});
		const config = proxyConfig('client', proxySecurity(), { receivers });
		const security = senderSecurity({ clientAuth: true });
		const sender = { security, targets: IDS };
		const session = new ProxiedPair(
			config,
			sender,
			IDS.map(() => receiverSecurity()),
		);
		session.run(8000);
		expect(session.of('receiverRefused')).toMatchObject([{ receiverId: ALICE }]);
		expect(session.of('receiverRefused')[0].reason).toMatch(/it came with the key .*, the list has /);
		const results = session.pair.session.end?.results ?? [];
		const received = results.filter(({ outcome }) => outcome === 'received').map(({ receiverId }) => receiverId);
		expect(received).toEqual(IDS.slice(1));
	});
});

import { fingerprint, formatFingerprint, generateEcKey, generateRsaKey, type PrivateKey } from '@uftp/crypto';
import { systemRandom } from '@uftp/crypto/backends';
import { decodeHbReq, decodeHbResp, HEADER_BYTES, isMalformed, type Malformed, MessageType, spanOf } from '@uftp/wire';
import { describe, expect, it } from 'vitest';
import type { DownstreamSite, Endpoint, ProxySecurityConfig } from '../../src/index.ts';
import { composeHbReq, composeHbResp } from '../../src/proxy/heartbeat/heartbeat-datagrams.ts';
import { signNonce } from '../../src/shared/security/nonce-signature.ts';
import { backend, P256 } from '../secured/pair.ts';
import { capturedTraffic } from './captured-traffic.ts';
import type { Sent } from './proxy-shell.ts';
import { announce, atAddress, datagram, EAST, PROXY_ID, SENDER, ServerProxyShell, WEST } from './server-proxy-shell.ts';

const rsa = generateRsaKey(backend, 1024);
const otherKey = generateEcKey(backend, P256, systemRandom);
const SITE_ID = 0x0a010001;
const NOTHING = spanOf(new Uint8Array(0));
const MOVED: Endpoint = { host: EAST.host, port: 50_123 };

const security: ProxySecurityConfig = { backend, random: systemRandom, keys: [otherKey], encryptedOnly: false };
const byKey = (key: PrivateKey, remembered?: Endpoint): DownstreamSite => ({
	kind: 'fingerprint',
	fingerprint: key.publicKey.fingerprint,
	remembered,
});
const plain = (id = SITE_ID) => composeHbReq(id, 0, NOTHING, NOTHING);
const signed = (key: PrivateKey, nonce: number) =>
	composeHbReq(SITE_ID, nonce, spanOf(key.publicKey.blob), spanOf(signNonce(backend, key, nonce)));

/** The one answer among what was sent. */
function answer(sent: readonly Sent[]): { result: number; nonce: number; to: Endpoint } {
	expect(sent).toHaveLength(1);
	const [{ to, bytes }] = sent;
	return { ...known(decodeHbResp(bytes, HEADER_BYTES, bytes.length - HEADER_BYTES)), to };
}

function request(sent: readonly Sent[]) {
	expect(sent).toHaveLength(1);
	const [{ to, bytes }] = sent;
	return { ...known(decodeHbReq(bytes, HEADER_BYTES, bytes.length - HEADER_BYTES)), to };
}

function known<T extends object>(message: T): Exclude<T, Malformed> {
	if (isMalformed(message)) throw new Error(message.malformed);
	return message as Exclude<T, Malformed>;
}

/** The site proves its key from there. */
function prove(shell: ServerProxyShell, key: PrivateKey, from: Endpoint): number {
	const { result, nonce } = answer(shell.receive(from, plain()));
	expect(result).toBe(2);
	expect(answer(shell.receive(from, signed(key, nonce)))).toEqual({ result: 1, nonce: 0, to: from });
	return nonce;
}

describe('heartbeats at a server proxy whose sites are known by address', () => {
	it('are all answered as the C programs do, byte for byte', () => {
		const exchange = capturedTraffic('heartbeat-challenge.pcap').slice(-2);
		const [{ from, bytes }, { bytes: expected }] = exchange;
		const shell = new ServerProxyShell({ proxyId: 0x0a620001 });
		expect(shell.receive(from, bytes)).toEqual([{ to: from, bytes: expected }]);
	});

	it('are answered when they are signed, too', () => {
		const shell = new ServerProxyShell();
		expect(answer(shell.receive(MOVED, signed(rsa, 77)))).toEqual({ result: 1, nonce: 0, to: MOVED });
	});

	it('are answered up to a limit per second', () => {
		const shell = new ServerProxyShell();
		for (let i = 0; i < 5000; i++) shell.receive(MOVED, plain());
		expect(shell.sent).toHaveLength(1000);
		shell.advance(1000);
		expect(shell.receive(MOVED, plain())).toHaveLength(1);
	});
});

describe('a site that is known by its key', () => {
	it('is challenged, proves it, and is served: in the bytes of the C programs but for the nonce', () => {
		const captured = capturedTraffic('heartbeat-challenge.pcap');
		const [hello, challenge, proof, ok] = captured.map(({ bytes }) => bytes);
		const { from } = captured[0];
		const [keyAt, keyBytes] = [HEADER_BYTES + 12, 136];
		const blob = proof.slice(keyAt, keyAt + keyBytes);
		const shell = new ServerProxyShell({
			...{ proxyId: 0x0a620001, security },
			sites: [{ kind: 'fingerprint', fingerprint: fingerprint(backend, blob) }],
		});
		const [{ bytes: ours }] = shell.receive(from, hello);
		const nonceAt = HEADER_BYTES + 4;
		expect(ours.slice(0, nonceAt)).toEqual(challenge.slice(0, nonceAt));
		expect(ours).toHaveLength(challenge.length);
		// The captured signature is over another nonce than ours.
		const [{ bytes: again }] = shell.receive(from, proof);
		expect(again).toEqual(ours);
		expect(ok).toEqual(composeHbResp(0x0a620001, 1, 0));
	});

	it.each([
		['RSA', rsa],
		['EC', otherKey],
	])('is sent nothing before that, and everything after (%s)', (_kind, key) => {
		const shell = new ServerProxyShell({ security, sites: [byKey(key)] });
		expect(shell.receive(SENDER, announce())).toEqual([]);
		expect(shell.receive(SENDER, datagram(MessageType.FILESEG))).toEqual([]);
		expect(shell.receive(EAST, datagram(MessageType.REGISTER))).toEqual([]);
		prove(shell, key, EAST);
		expect(shell.of('pinholeOpened')).toEqual([
			{
				...{ kind: 'pinholeOpened', site: 0, downstreamId: SITE_ID, endpoint: EAST, previous: undefined },
				fingerprint: key.publicKey.fingerprint,
			},
		]);
		const bytes = datagram(MessageType.FILESEG);
		expect(shell.receive(SENDER, bytes)).toEqual([{ to: EAST, bytes }]);
		expect(shell.receive(EAST, datagram(MessageType.REGISTER))).toMatchObject([{ to: SENDER }]);
	});

	it('need not sign again as long as it stays where it is', () => {
		const shell = new ServerProxyShell({ security, sites: [byKey(rsa)] });
		prove(shell, rsa, EAST);
		shell.advance(20_000);
		expect(answer(shell.receive(EAST, plain()))).toEqual({ result: 1, nonce: 0, to: EAST });
		expect(shell.of('pinholeRefreshed')).toEqual([
			{ kind: 'pinholeRefreshed', site: 0, downstreamId: SITE_ID, endpoint: EAST },
		]);
	});

	it('is served where it has moved to in mid-session, at once, and not where it was', () => {
		const shell = new ServerProxyShell({ security, sites: [byKey(rsa)] });
		prove(shell, rsa, EAST);
		shell.receive(SENDER, announce());
		prove(shell, rsa, MOVED);
		expect(shell.of('pinholeOpened')[1]).toMatchObject({ endpoint: MOVED, previous: EAST });
		const bytes = datagram(MessageType.FILESEG);
		expect(shell.receive(SENDER, bytes)).toEqual([{ to: MOVED, bytes }]);
		expect(shell.receive(EAST, datagram(MessageType.REGISTER))).toEqual([]);
		expect(shell.receive(MOVED, datagram(MessageType.REGISTER))).toMatchObject([{ to: SENDER }]);
		expect(answer(shell.receive(EAST, plain())).result).toBe(2);
	});

	it('is gone when nothing was heard of it for too long, and comes back with a signature', () => {
		const shell = new ServerProxyShell({ security, sites: [byKey(rsa)], pinholeMs: 70_000 });
		prove(shell, rsa, EAST);
		shell.advance(69_999);
		expect(shell.of('pinholeExpired')).toEqual([]);
		shell.advance(1);
		expect(shell.of('pinholeExpired')).toEqual([
			{ kind: 'pinholeExpired', site: 0, downstreamId: SITE_ID, endpoint: EAST },
		]);
		expect(shell.receive(SENDER, announce())).toEqual([]);
		prove(shell, rsa, EAST);
		expect(shell.of('pinholeOpened')[1].previous).toBeUndefined();
		expect(shell.receive(SENDER, announce({ sequence: 1 }))).toHaveLength(1);
	});

	it('is told apart from the other sites, each with a key of its own', () => {
		const shell = new ServerProxyShell({ security, sites: [byKey(rsa), atAddress(WEST), byKey(otherKey)] });
		expect(answer(shell.receive(WEST, plain())).result).toBe(1);
		const [first, second] = [EAST, MOVED].map((from) => answer(shell.receive(from, plain())).nonce);
		// One that proves its key does not undo the challenge of another.
		shell.receive(EAST, signed(rsa, first));
		expect(answer(shell.receive(MOVED, signed(otherKey, second))).result).toBe(1);
		expect(shell.of('pinholeOpened').map(({ site, endpoint }) => ({ site, endpoint }))).toEqual([
			{ site: 0, endpoint: EAST },
			{ site: 2, endpoint: MOVED },
		]);
		expect(shell.receive(SENDER, announce()).map(({ to }) => to)).toEqual([EAST, WEST, MOVED]);
	});

	it('asks for cryptography', () => {
		expect(() => new ServerProxyShell({ sites: [byKey(rsa)] })).toThrow('site-key-uncheckable');
	});
});

describe('who has no right to be served', () => {
	it('another key is refused, and changes nothing', () => {
		const shell = new ServerProxyShell({ security, sites: [byKey(rsa)] });
		const { nonce } = answer(shell.receive(EAST, plain()));
		expect(answer(shell.receive(EAST, signed(otherKey, nonce)))).toEqual({ result: 0, nonce: 0, to: EAST });
		expect(shell.of('pinholeOpened')).toEqual([]);
		expect(shell.of('dropped')).toMatchObject([{ reason: 'heartbeat-wrong-key' }]);
	});

	it('the right key with the signature of another is refused', () => {
		const shell = new ServerProxyShell({ security, sites: [byKey(rsa)] });
		const { nonce } = answer(shell.receive(EAST, plain()));
		for (const forged of [new Uint8Array(128).fill(1), new Uint8Array(0), signNonce(backend, otherKey, nonce)]) {
			const bytes = composeHbReq(SITE_ID, nonce, spanOf(rsa.publicKey.blob), spanOf(forged));
			expect(answer(shell.receive(EAST, bytes)).result).toBe(0);
		}
		expect(shell.of('pinholeOpened')).toEqual([]);
	});

	it('a signature that was used is worth nothing, from there or from anywhere', () => {
		const shell = new ServerProxyShell({ security, sites: [byKey(rsa)] });
		const used = prove(shell, rsa, EAST);
		expect(answer(shell.receive(WEST, signed(rsa, used))).result).toBe(2);
		prove(shell, rsa, MOVED);
		expect(answer(shell.receive(EAST, signed(rsa, used))).result).toBe(2);
		expect(shell.receive(SENDER, announce()).map(({ to }) => to)).toEqual([MOVED]);
	});

	it('a nonce of another address is not good', () => {
		const shell = new ServerProxyShell({ security, sites: [byKey(rsa)] });
		const { nonce } = answer(shell.receive(EAST, plain()));
		expect(answer(shell.receive(WEST, signed(rsa, nonce))).result).toBe(2);
	});

	it('a flood of forged heartbeats takes nobody the challenge', () => {
		const shell = new ServerProxyShell({ security, sites: [byKey(rsa)] });
		const { nonce } = answer(shell.receive(EAST, plain()));
		for (let port = 1; port <= 900; port++) shell.receive({ host: '10.6.6.6', port }, plain());
		expect(answer(shell.receive(EAST, signed(rsa, nonce))).result).toBe(1);
	});

	it('is never sent more than it sent', () => {
		const shell = new ServerProxyShell({ security, sites: [byKey(rsa)] });
		for (const bytes of [plain(), signed(rsa, 5), plain().slice(0, 27)]) {
			const sent = shell.receive(MOVED, bytes);
			expect(sent.reduce((sum, datagram) => sum + datagram.bytes.length, 0)).toBeLessThan(bytes.length);
		}
	});
});

describe('a site that is remembered from before a restart', () => {
	it('is challenged at once where it was, and served when it has signed', () => {
		const shell = new ServerProxyShell({ security, sites: [byKey(rsa, EAST)] });
		const { result, nonce, to } = answer(shell.advance(0));
		expect({ result, to }).toEqual({ result: 2, to: EAST });
		expect(shell.receive(SENDER, announce())).toEqual([]);
		expect(answer(shell.receive(EAST, signed(rsa, nonce))).result).toBe(1);
		expect(shell.of('pinholeOpened')).toMatchObject([{ endpoint: EAST, previous: undefined }]);
		expect(shell.receive(SENDER, announce({ sequence: 1 }))).toHaveLength(1);
		expect(shell.advance(60_000)).toEqual([]);
	});

	it('is challenged a few times more, and then no more', () => {
		const shell = new ServerProxyShell({ security, sites: [byKey(rsa, EAST)] });
		expect(shell.advance(60_000).map(({ to }) => to)).toEqual([EAST, EAST, EAST, EAST, EAST]);
		expect(shell.proxy.pollTimeout()).toBe(Number.POSITIVE_INFINITY);
	});

	it('may be somewhere else by now', () => {
		const shell = new ServerProxyShell({ security, sites: [byKey(rsa, EAST)] });
		prove(shell, rsa, MOVED);
		expect(shell.of('pinholeOpened')).toMatchObject([{ endpoint: MOVED, previous: EAST }]);
		expect(shell.advance(60_000)).toEqual([]);
	});
});

describe('heartbeats of a proxy', () => {
	const own = (keys: readonly PrivateKey[], to = [WEST]) =>
		new ServerProxyShell({ heartbeats: { to, intervalMs: 20_000 }, security: { ...security, keys } });
	const results = (shell: ServerProxyShell) => shell.of('heartbeatAnswered').map(({ result }) => result);

	it('go out at the start and then at every interval, as those of the C programs', () => {
		const [{ bytes: expected }] = capturedTraffic('heartbeat-challenge.pcap');
		const shell = new ServerProxyShell({
			...{ proxyId: 0x0a620002, heartbeats: { to: [EAST, WEST], intervalMs: 20_000 } },
		});
		const round = [EAST, WEST].map((to) => ({ to, bytes: expected }));
		expect(shell.advance(0)).toEqual(round);
		expect(shell.advance(19_999)).toEqual([]);
		expect(shell.advance(1)).toEqual(round);
	});

	it.each([
		['RSA', rsa],
		['EC', otherKey],
	])('are signed with the first key when a challenge comes, and accepted (%s)', (_kind, key) => {
		const shell = own([key, otherKey]);
		shell.advance(0);
		const proof = request(shell.receive(WEST, composeHbResp(7, 2, 0xdeadbeef)));
		expect(proof.to).toEqual(WEST);
		expect(proof.nonce).toBe(0xdeadbeef);
		shell.receive(WEST, composeHbResp(7, 1, 0));
		expect(results(shell)).toEqual(['challenged', 'ok']);

		const upstream = new ServerProxyShell({ security, sites: [byKey(key)] });
		const { nonce } = answer(upstream.receive(EAST, plain(PROXY_ID)));
		const [{ bytes }] = shell.receive(WEST, composeHbResp(7, 2, nonce));
		expect(answer(upstream.receive(EAST, bytes)).result).toBe(1);
		expect(formatFingerprint(upstream.of('pinholeOpened')[0].fingerprint)).toBe(
			formatFingerprint(key.publicKey.fingerprint),
		);
	});

	it('are answered from a link-local address, though that was given with the name of its interface', () => {
		const to = { host: 'fe80::7%eth0', port: 1044 };
		const shell = new ServerProxyShell({ heartbeats: { to: [to], intervalMs: 20_000 } });
		shell.advance(0);
		shell.receive({ host: 'fe80::7%2', port: 1044 }, composeHbResp(7, 1, 0));
		expect(results(shell)).toEqual(['ok']);
	});

	it('are signed unasked for, when the other proxy has been started again', () => {
		const shell = own([rsa]);
		shell.advance(0);
		shell.receive(WEST, composeHbResp(7, 1, 0));
		expect(request(shell.receive(WEST, composeHbResp(7, 2, 5))).nonce).toBe(5);
	});

	it('are signed a few times a second at most, whoever asks', () => {
		const shell = own([rsa]);
		for (let nonce = 1; nonce <= 100; nonce++) shell.receive(WEST, composeHbResp(7, 2, nonce));
		expect(shell.sent).toHaveLength(4);
		expect(shell.receive(EAST, composeHbResp(7, 2, 5))).toEqual([]);
		expect(shell.proxy.counters).toMatchObject({ 'dropped.heartbeat-unasked': 97 });
	});

	it('cannot be signed without a key, which is said once', () => {
		const shell = own([]);
		shell.advance(0);
		for (const nonce of [5, 6]) expect(shell.receive(WEST, composeHbResp(7, 2, nonce))).toEqual([]);
		expect(shell.of('warning')).toHaveLength(1);
		expect(shell.of('warning')[0].problem).toEqual({
			code: 'heartbeat-key-missing',
			facts: { proxy: `${WEST.host}:${WEST.port}` },
		});
	});

	it('may be refused', () => {
		const shell = own([rsa]);
		shell.advance(0);
		shell.receive(WEST, composeHbResp(7, 0, 0));
		expect(results(shell)).toEqual(['refused']);
	});

	it('that nobody answers three times in a row are reported, once', () => {
		const shell = own([rsa]);
		shell.advance(59_999);
		expect(results(shell)).toEqual([]);
		shell.advance(100_000);
		expect(results(shell)).toEqual(['silent']);
		shell.receive(WEST, composeHbResp(7, 1, 0));
		shell.advance(100_000);
		expect(results(shell)).toEqual(['silent', 'ok', 'silent']);
	});

	it('are answered once each: what comes unasked is dropped', () => {
		const shell = own([rsa]);
		shell.advance(0);
		for (let i = 0; i < 3; i++) shell.receive(WEST, composeHbResp(7, 1, 0));
		expect(results(shell)).toEqual(['ok']);
	});

	it('do not fit a key of odd length, which is said at the start', () => {
		expect(() => own([generateRsaKey(backend, 1032)])).toThrow(
			expect.objectContaining({ code: 'heartbeat-key-misfit', facts: { bits: 1032 } }),
		);
	});
});

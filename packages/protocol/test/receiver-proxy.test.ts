import { formatFingerprint } from '@uftp/crypto';
import { selectBackend } from '@uftp/crypto/backends';
import { encodeAbort, encodeKeyInfo, MessageType, writeHeader } from '@uftp/wire';
import { describe, expect, it } from 'vitest';
import { readOwnMarker } from '../src/shared/own-marker.ts';
import { captured } from './captured.ts';
import {
	contentOf,
	GROUP_ID,
	RECEIVER_ID,
	ScriptedSender,
	SENDER,
	SENDER_ID,
	ShellUnderTest,
} from './scripted-sender.ts';
import { ProxiedReceiver } from './secured/scripted-proxy.ts';

const PROXY = { host: '10.99.0.4', port: 1044 };
const NEXT = { host: '10.99.0.5', port: 1044 };
const PROXY_ID = 0x0a630004;

function message(func: MessageType, sourceId: number, encode: (bytes: Uint8Array, at: number) => number): Uint8Array {
	const bytes = new Uint8Array(2000);
	// 4.10.2 writes the sequence number of such an ABORT in the byte order of its machine.
	writeHeader(bytes, 0, {
		func,
		sequence: 0x0100,
		sourceId,
		groupId: GROUP_ID,
		groupInstance: 0,
		grtt: 0,
		groupSize: 0,
	});
	return bytes.slice(0, 16 + encode(bytes, 16));
}

const abortOf = (sourceId: number, host: number, text = 'Too many clients'): Uint8Array =>
	message(MessageType.ABORT, sourceId, (bytes, at) =>
		encodeAbort(bytes, at, { currentFileOnly: false, host, message: text }),
	);

function proxied(): { shell: ShellUnderTest; sender: ScriptedSender } {
	const shell = new ShellUnderTest({ responseProxy: { endpoint: PROXY } });
	const sender = new ScriptedSender();
	shell.deliver(sender.announce());
	return { shell, sender };
}

function confirmed(): { shell: ShellUnderTest; sender: ScriptedSender } {
	const parts = proxied();
	parts.shell.deliver(parts.sender.regConf());
	return parts;
}

describe('a clear session through a response proxy', () => {
	it('sends every answer to the proxy and takes everything else from the sender', () => {
		const { shell, sender } = confirmed();
		const content = contentOf(5000);
		shell.deliver(sender.fileInfo({ size: content.length }));
		for (const block of [0, 1, 3, 4, 5, 6, 7, 8]) shell.deliver(sender.blockOf(1, content, 0, block));
		shell.deliver(sender.done(1, 0));
		shell.advance(100);
		expect(shell.of('status').map(({ naks }) => naks)).toContainEqual([2, 9]);
		for (const block of [2, 9]) shell.deliver(sender.blockOf(1, content, 0, block));
		shell.deliver(sender.done(1, 0));
		shell.deliver(sender.done(0, 0));
		shell.deliver(sender.doneConf());
		expect(new Set(shell.answers.map(({ kind }) => kind))).toEqual(
			new Set(['register', 'fileInfoAck', 'status', 'complete']),
		);
		expect(shell.answers.every(({ to }) => to === PROXY)).toBe(true);
		expect(shell.eventsOf('sessionStarted')).toMatchObject([{ sender: SENDER, proxy: PROXY }]);
		expect(shell.eventsOf('sessionEnded')).toMatchObject([{ outcome: 'completed', filesReceived: 1 }]);
	});

	it('says COMPLETE to the proxy when it is asked after the end', () => {
		const { shell, sender } = confirmed();
		shell.deliver(sender.done(0, 0));
		shell.deliver(sender.doneConf());
		shell.clear();
		shell.deliver(sender.done(0, 0));
		expect(shell.of('complete').map(({ to }) => to)).toEqual([PROXY]);
	});

	it('says which proxy was silent when nobody confirms it', () => {
		const { shell } = proxied();
		shell.advance(10_000);
		expect(shell.eventsOf('sessionEnded')).toMatchObject([
			{
				outcome: 'unconfirmed',
				reason: 'Registration unconfirmed: nothing has come back by way of the response proxy at 10.99.0.4:1044',
			},
		]);
	});

	it('reports missing blocks without congestion feedback, which a C proxy would take for a part of the bitmap', () => {
		const { shell, sender } = proxied();
		const congested = new ScriptedSender({ groupId: 0x55667788 });
		shell.deliver(congested.announce({ ccType: 2 }));
		shell.deliver(congested.regConf());
		const content = contentOf(2000);
		shell.deliver(congested.fileInfo({ size: content.length }));
		const data = { sendRateCode: 0x481e, ccSequence: 0, ccRateCode: 0x481e };
		for (const block of [0, 2, 3]) {
			shell.deliver(congested.ccBlock(1, 0, block, content.subarray(block * 512, block * 512 + 512), data));
		}
		shell.deliver(congested.done(1, 0));
		shell.advance(50);
		// One byte of bitmap for four blocks: nothing stands before it, nothing behind it.
		expect(shell.of('status')[0]).toMatchObject({ bitmapBytes: 1, naks: [1], to: PROXY });
		shell.deliver(congested.congCtrl({ items: [{ clientId: RECEIVER_ID, flags: 3, rttCode: 100 }] }));
		expect(shell.of('ccAck').map(({ to }) => to)).toContain(PROXY);
		expect(sender.sequence).toBe(1);
	});

	it('answers the sender itself in a session that is announced to this receiver alone', () => {
		const shell = new ShellUnderTest({ responseProxy: { endpoint: PROXY } });
		shell.deliver(new ScriptedSender().announce({ publicAddress: '0.0.0.0', privateAddress: '0.0.0.0' }));
		expect(shell.of('register').map(({ to }) => to)).toEqual([SENDER]);
	});

	it('ends by an ABORT of the proxy for this receiver, and by no other', () => {
		const { shell } = confirmed();
		const stranger = { host: '10.99.0.66', port: 1044 };
		shell.deliver(abortOf(PROXY_ID, RECEIVER_ID), stranger);
		shell.deliver(abortOf(PROXY_ID, RECEIVER_ID), { ...PROXY, port: 1045 });
		shell.deliver(abortOf(PROXY_ID, RECEIVER_ID + 1), PROXY);
		shell.deliver(abortOf(PROXY_ID, 0), PROXY);
		shell.deliver(abortOf(SENDER_ID, RECEIVER_ID), stranger);
		expect(shell.eventsOf('sessionEnded')).toEqual([]);
		shell.deliver(abortOf(PROXY_ID, RECEIVER_ID), PROXY);
		expect(shell.eventsOf('sessionEnded')).toMatchObject([
			{ outcome: 'aborted', reason: 'The response proxy aborted: Too many clients' },
		]);
		expect(shell.of('abort')).toEqual([]);
	});

	it('takes nothing else from the proxy in the name of the sender', () => {
		const { shell, sender } = confirmed();
		shell.deliver(sender.fileInfo({ size: 100 }), PROXY);
		shell.deliver(sender.done(0, 0), PROXY);
		expect(shell.answers.filter(({ kind }) => kind !== 'register')).toEqual([]);
		expect(shell.node.counters['dropped.wrong-address']).toBe(2);
	});
});

describe('what response proxies say to their own receivers', () => {
	const keyInfo = message(MessageType.KEYINFO, SENDER_ID, (bytes, at) =>
		encodeKeyInfo(bytes, at, { counter: 2n, items: [] }),
	);

	it.each([undefined, { endpoint: NEXT }])('is dropped by others without a word', (responseProxy) => {
		const shell = new ShellUnderTest({ responseProxy });
		shell.deliver(new ScriptedSender().announce());
		shell.deliver(keyInfo, PROXY);
		expect(shell.eventsOf('dropped')).toEqual([]);
		expect(shell.node.counters['dropped.other-proxy']).toBe(1);
	});

	it('does not make them the second address of an IPv6 sender', () => {
		const shell = new ShellUnderTest();
		const sender = new ScriptedSender();
		const [first, second] = ['fd00::1', 'fe80::1'].map((host) => ({ host, port: 40_000 }));
		const groups = { family: 6, publicAddress: 'ff15::1', privateAddress: 'ff15::2' } as const;
		shell.deliver(sender.announce(groups), first);
		shell.deliver(keyInfo, { host: 'fd00::4', port: 1044 });
		// Nor does the GRTT count that they say: the next REGISTER is due four of the sender's later.
		shell.advance(30);
		expect(shell.of('register')).toHaveLength(1);
		shell.deliver(sender.regConf(), second);
		expect(shell.eventsOf('registered')).toHaveLength(1);
	});
});

describe('when the response proxy of a clear session dies', () => {
	it.each([NEXT, undefined])('the session goes on behind a new REGISTER with the own mark', (next) => {
		const { shell, sender } = confirmed();
		shell.clear();
		shell.node.setResponseProxy(shell.now, next && { endpoint: next });
		shell.node.responseProxyLost(shell.now, PROXY);
		shell.drain();
		const [register] = shell.of('register');
		expect(register.to).toEqual(next ?? SENDER);
		expect(readOwnMarker(register.message.rand2)).toEqual([0xfeed, 0xbeef]);
		shell.deliver(sender.fileInfo({ size: 0 }));
		expect(shell.of('fileInfoAck').map(({ to }) => to)).toEqual([next ?? SENDER]);
		shell.node.responseProxyLost(shell.now, PROXY);
		shell.advance(1000);
		expect(shell.eventsOf('sessionMoved')).toHaveLength(1);
		expect(shell.of('register')).toHaveLength(3);
	});

	it('repeats that REGISTER no more once it is confirmed', () => {
		const { shell, sender } = confirmed();
		shell.clear();
		shell.node.setResponseProxy(shell.now, undefined);
		shell.node.responseProxyLost(shell.now, PROXY);
		shell.drain();
		shell.deliver(sender.regConf());
		shell.advance(1000);
		expect(shell.of('register')).toHaveLength(1);
	});

	it('registers anew, with all its time, where it was not confirmed yet', () => {
		const { shell, sender } = proxied();
		shell.advance(900);
		shell.clear();
		shell.node.setResponseProxy(shell.now, { endpoint: NEXT });
		shell.node.responseProxyLost(shell.now, PROXY);
		shell.advance(900);
		expect(shell.of('register').every(({ to }) => to.host === NEXT.host)).toBe(true);
		shell.deliver(sender.regConf());
		expect(shell.eventsOf('registered')).toHaveLength(1);
	});

	it('leaves sessions through others alone, and sends late answers where they can arrive', () => {
		const { shell, sender } = confirmed();
		shell.deliver(sender.done(0, 0));
		shell.deliver(sender.doneConf());
		const other = new ScriptedSender({ groupId: 0x55667788 });
		shell.node.setResponseProxy(shell.now, { endpoint: NEXT });
		shell.deliver(other.announce());
		shell.clear();
		shell.node.responseProxyLost(shell.now, PROXY);
		shell.drain();
		expect(shell.eventsOf('sessionMoved')).toEqual([]);
		shell.deliver(sender.done(0, 0));
		shell.deliver(other.regConf());
		shell.deliver(other.done(0, 0));
		expect(shell.of('complete').map(({ to }) => to)).toEqual([NEXT, NEXT]);
	});

	it('keeps the proxy of the sessions under way when another is set', () => {
		const { shell, sender } = confirmed();
		shell.node.setResponseProxy(shell.now, { endpoint: NEXT });
		shell.deliver(sender.fileInfo({ size: 0 }));
		expect(shell.of('fileInfoAck').map(({ to }) => to)).toEqual([PROXY]);
	});
});

describe('sessions of the C programs through their response proxy', () => {
	const { backend } = selectBackend();
	const deterministic = (length: number): Uint8Array => new Uint8Array(length).fill(7);
	const security = { backend, random: deterministic, keys: [], encryptedOnly: false };

	it('are received from what sender and proxy said, and answered to the proxy (clear)', () => {
		const shell = new ShellUnderTest({ responseProxy: { endpoint: PROXY } });
		for (const { from, payload, at } of captured('response-proxy-plain.sender-side')) {
			shell.advance(1000 + at - shell.now);
			if (from.host === SENDER.host || payload[1] === MessageType.PROXY_KEY) shell.deliver(payload, from);
		}
		expect(shell.eventsOf('sessionEnded')).toMatchObject([{ outcome: 'completed', filesReceived: 1 }]);
		expect(shell.answers.map(({ kind }) => kind).slice(0, 3)).toEqual(['register', 'fileInfoAck', 'complete']);
		expect(new Set(shell.of('complete').map(({ fileId }) => fileId))).toEqual(new Set([1, 0]));
		expect(shell.answers.every(({ to }) => to === PROXY)).toBe(true);
	});

	it('have their keys agreed with what PROXY_KEY says (ECDH_ECDSA)', () => {
		const keyFor = undefined;
		const alice = new ProxiedReceiver({
			receiverId: RECEIVER_ID,
			responseProxy: { endpoint: PROXY },
			security: { ...security, keyFor },
		});
		const datagrams = captured('response-proxy-ecdsa.sender-side');
		alice.deliver(datagrams[0].payload, datagrams[0].from);
		const [{ fingerprint }] = alice.eventsOf('proxyKeyReceived');
		expect(formatFingerprint(fingerprint)).toMatch(/^([0-9A-F]{2}:){19}[0-9A-F]{2}$/);
		alice.deliver(datagrams[1].payload, datagrams[1].from);
		const [register] = alice.of(MessageType.REGISTER);
		expect(register.to).toEqual(PROXY);
		// On the curve of the proxy's ECDH key, secp256r1: a blob of 68 bytes.
		expect(register.bytes[18] * 256 + register.bytes[19]).toBe(68);
		// The KEYINFO of the proxy was for the C receiver's keys: it is looked at, and is not for these.
		for (const { from, payload } of datagrams.slice(2))
			if (payload[1] === MessageType.KEYINFO) alice.deliver(payload, from);
		expect(alice.node.counters['dropped.key-info-not-for-our-keys']).toBe(1);
		expect(alice.node.counters['dropped.other-proxy']).toBeUndefined();
	});

	it('go past receivers that have another response proxy', () => {
		const alice = new ProxiedReceiver({ receiverId: RECEIVER_ID, responseProxy: undefined, security });
		for (const { from, payload } of captured('response-proxy-ecdsa.sender-side')) {
			if (from.host === SENDER.host || payload[1] === MessageType.KEYINFO || payload[1] === MessageType.PROXY_KEY) {
				alice.deliver(payload, from);
			}
		}
		expect(alice.node.counters['dropped.other-proxy']).toBe(1);
		expect(alice.node.counters['dropped.proxy-key-unasked']).toBe(1);
		expect(alice.eventsOf('dropped')).toEqual([]);
	});
});

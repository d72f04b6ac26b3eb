import { MessageType } from '@uftp/wire';
import { describe, expect, it } from 'vitest';
import { type Endpoint, SingleArrival } from '../../src/index.ts';
import { capturedTraffic } from './captured-traffic.ts';
import type { Sent } from './proxy-shell.ts';
import {
	announce,
	atAddress,
	datagram,
	EAST,
	GROUP_ID,
	PROXY,
	SENDER,
	SENDER_ID,
	ServerProxyShell,
	WEST,
} from './server-proxy-shell.ts';

const { DONE, DONE_CONF, FILESEG, REGISTER, ENCRYPTED, ABORT, CC_ACK } = MessageType;
const elsewhere = (endpoint: Endpoint, change: Partial<Endpoint>): Endpoint => ({ ...endpoint, ...change });
const places = (sent: readonly Sent[]) => sent.map(({ to }) => to);

function withSession(changes = {}): ServerProxyShell {
	const shell = new ServerProxyShell(changes);
	shell.receive(SENDER, announce());
	return shell;
}

describe('a session at a server proxy', () => {
	it('starts with its ANNOUNCE, which every site is sent as it stands', () => {
		const shell = new ServerProxyShell();
		const bytes = announce();
		expect(shell.receive(SENDER, bytes)).toEqual([
			{ to: EAST, bytes },
			{ to: WEST, bytes },
		]);
		expect(shell.of('sessionStarted')).toEqual([
			{
				...{ kind: 'sessionStarted', groupId: GROUP_ID, groupInstance: 0, senderId: SENDER_ID, sender: SENDER },
				...{ privateGroup: '230.5.5.7', isEncrypted: false },
			},
		]);
		expect(shell.proxy.sessionCount).toBe(1);
	});

	it('is repeated to the sites with every repeat of its ANNOUNCE, and starts once', () => {
		const shell = withSession();
		expect(shell.receive(SENDER, announce({ sequence: 1 }))).toHaveLength(2);
		expect(shell.of('sessionStarted')).toHaveLength(1);
	});

	it('goes down by one way and up by another, whose destinations stay the same array', () => {
		const { proxy } = withSession();
		const bytes = datagram(FILESEG);
		const down = proxy.handle(1000, new SingleArrival(SENDER, bytes));
		const up = proxy.handle(1000, new SingleArrival(EAST, bytes));
		expect(proxy.destinations(down ?? -1)).toEqual([EAST, WEST]);
		expect(proxy.destinations(up ?? -1)).toEqual([SENDER]);
		expect(proxy.destinations(down ?? -1)).toBe(proxy.destinations(down ?? -1));
		expect(proxy.destinations(up ?? -1)).toBe(proxy.destinations(up ?? -1));
	});

	it.each([FILESEG, DONE, ENCRYPTED, ABORT])('is sent down whatever function it has (%i)', (func) => {
		const shell = withSession();
		const bytes = datagram(func);
		expect(shell.receive(SENDER, bytes)).toEqual([
			{ to: EAST, bytes },
			{ to: WEST, bytes },
		]);
	});

	it.each([REGISTER, CC_ACK, ENCRYPTED, ABORT])('is answered by each site, function %i, to its sender', (func) => {
		const shell = withSession();
		const bytes = datagram(func, { sourceId: 0x0a010001 });
		expect(shell.receive(EAST, bytes)).toEqual([{ to: SENDER, bytes }]);
		expect(shell.receive(WEST, bytes)).toEqual([{ to: SENDER, bytes }]);
	});

	it('counts what went through, for itself and for the whole proxy', () => {
		const shell = withSession();
		for (let i = 0; i < 5; i++) shell.receive(SENDER, datagram(FILESEG));
		shell.receive(EAST, datagram(REGISTER));
		const totals = { receivers: 0, datagramsDown: 6, messagesIn: 1, messagesOut: 1, heldMs: 0, heldMsMax: 0 };
		expect(shell.proxy.sessions).toEqual([{ groupId: GROUP_ID, senderId: SENDER_ID, totals }]);
		expect(shell.proxy.counters).toMatchObject({ datagramsDown: 6, datagramsUp: 1 });
	});

	it('does not mix with another one of another sender', () => {
		const shell = withSession();
		const other = { host: '10.0.0.2', port: 41_000 };
		shell.receive(other, announce({ groupId: 5, sourceId: 2, privateAddress: '230.5.5.8' }));
		expect(places(shell.receive(EAST, datagram(REGISTER, { groupId: 5 })))).toEqual([other]);
		expect(places(shell.receive(EAST, datagram(REGISTER)))).toEqual([SENDER]);
		expect(shell.receive(other, datagram(FILESEG))).toEqual([]);
		expect(shell.receive(SENDER, datagram(FILESEG, { groupId: 5 }))).toEqual([]);
	});

	it('is carried in unicast mode, with no group to join', () => {
		const shell = new ServerProxyShell();
		const sent = shell.receive(SENDER, announce({ publicAddress: '0.0.0.0', privateAddress: '0.0.0.0' }));
		expect(places(sent)).toEqual([EAST, WEST]);
		expect(shell.of('sessionStarted')[0].privateGroup).toBeUndefined();
		expect(places(shell.receive(SENDER, datagram(FILESEG)))).toEqual([EAST, WEST]);
	});

	it('comes over IPv6 from one more address of its sender, and from no third', () => {
		const [linkLocal, global] = [
			{ host: 'fe80::1%2', port: 40_000 },
			{ host: 'fd00::1', port: 40_000 },
		];
		const site = { host: 'fd00:1::1', port: 1044 };
		const shell = new ServerProxyShell({ sites: [atAddress(site)], publicGroups: ['ff02::4:1'] });
		const groups = { family: 6 as const, publicAddress: 'ff02::4:1', privateAddress: 'ff05::5:7' };
		shell.receive(linkLocal, announce(groups));
		// A site that happens to have the sender's port is no address of the sender.
		expect(shell.receive(elsewhere(global, { host: 'fd00::7' }), datagram(REGISTER, { sourceId: 7 }))).toEqual([]);
		expect(places(shell.receive(global, datagram(FILESEG)))).toEqual([site]);
		expect(places(shell.receive(linkLocal, datagram(FILESEG)))).toEqual([site]);
		expect(shell.receive(elsewhere(global, { host: 'fd00::2' }), datagram(FILESEG))).toEqual([]);
		expect(places(shell.receive(site, datagram(REGISTER)))).toEqual([linkLocal]);
	});

	it.each([['proxy-chain-plain.sender-side.pcap'], ['proxy-chain-ecdsa.sender-side.pcap']])(
		'passes in both directions as it did through the C programs (%s)',
		(name) => {
			const traffic = capturedTraffic(name);
			const [{ from: sender }] = traffic;
			const site = { host: '172.16.0.1', port: 1044 };
			const shell = new ServerProxyShell({ sites: [atAddress(site)] });
			expect(traffic.length).toBeGreaterThan(30);
			for (const { at, from, bytes } of traffic) {
				shell.now = 1000 + at;
				const isDown = from.port === sender.port;
				const sent = shell.receive(isDown ? sender : site, bytes);
				expect(sent).toEqual([{ to: isDown ? site : sender, bytes }]);
			}
		},
	);
});

describe('the end of a session at a server proxy', () => {
	it('is not half a minute of silence', () => {
		const shell = withSession();
		shell.advance(45_000);
		expect(places(shell.receive(SENDER, datagram(FILESEG)))).toEqual([EAST, WEST]);
		expect(shell.of('sessionEnded')).toEqual([]);
	});

	it('comes after a minute of silence, and leaves the group', () => {
		const shell = withSession();
		shell.receive(SENDER, datagram(FILESEG));
		shell.advance(59_999);
		expect(shell.proxy.sessionCount).toBe(1);
		shell.advance(1);
		expect(shell.proxy.sessionCount).toBe(0);
		expect(shell.of('sessionEnded')).toMatchObject([
			{ groupId: GROUP_ID, outcome: 'silent', privateGroup: '230.5.5.7', totals: { datagramsDown: 2 } },
		]);
		expect(shell.receive(SENDER, datagram(FILESEG))).toEqual([]);
		expect(shell.receive(EAST, datagram(REGISTER))).toEqual([]);
		expect(shell.proxy.counters).toMatchObject({ 'dropped.unknown-group': 2 });
	});

	it.each([
		[DONE_CONF, 'completed'],
		[ABORT, 'aborted'],
		[DONE, 'silent'],
	])('is told by the last clear message of the sender (%i: %s)', (func, outcome) => {
		const shell = withSession();
		shell.receive(SENDER, datagram(func));
		shell.advance(60_000);
		expect(shell.of('sessionEnded')).toMatchObject([{ outcome }]);
	});

	it('waits longer where the round trip is long', () => {
		const shell = new ServerProxyShell();
		shell.receive(SENDER, announce({ grttMs: 5000 }));
		shell.advance(300_000);
		expect(shell.proxy.sessionCount).toBe(1);
		shell.advance(301_000);
		expect(shell.proxy.sessionCount).toBe(0);
	});

	it('comes when the proxy is stopped, and nobody is sent anything', () => {
		const shell = withSession();
		const before = shell.sent.length;
		shell.proxy.abort(shell.now, 'The proxy is being stopped', 77);
		shell.drain();
		expect(shell.proxy.sessionCount).toBe(1);
		shell.proxy.abort(shell.now, 'The proxy is being stopped');
		shell.drain();
		expect(shell.of('sessionEnded')).toMatchObject([{ outcome: 'interrupted', reason: 'The proxy is being stopped' }]);
		expect(shell.sent).toHaveLength(before);
		expect(shell.proxy.pollTimeout()).toBe(Number.POSITIVE_INFINITY);
	});

	it('comes when its sender starts it again, for those who missed something', () => {
		const shell = withSession();
		const restarted = elsewhere(SENDER, { port: 40_001 });
		const bytes = announce({ instance: 1 });
		expect(places(shell.receive(restarted, bytes))).toEqual([EAST, WEST]);
		expect(shell.of('sessionEnded')).toMatchObject([{ outcome: 'aborted', groupId: GROUP_ID }]);
		expect(places(shell.receive(EAST, datagram(REGISTER)))).toEqual([restarted]);
		expect(shell.receive(SENDER, announce())).toEqual([]);
	});

	it('gives its number to another session that follows', () => {
		const shell = withSession();
		shell.advance(60_000);
		const other = elsewhere(SENDER, { port: 40_001 });
		shell.receive(other, announce());
		expect(places(shell.receive(EAST, datagram(REGISTER)))).toEqual([other]);
	});
});

describe('whose datagrams a server proxy takes', () => {
	it('nobody steals a session that its sender still speaks in', () => {
		const shell = withSession();
		for (const thief of [elsewhere(SENDER, { port: 40_001 }), elsewhere(SENDER, { host: '10.0.0.66' })]) {
			expect(shell.receive(thief, announce())).toEqual([]);
		}
		expect(shell.receive(elsewhere(SENDER, { host: '10.0.0.66' }), announce({ instance: 1 }))).toEqual([]);
		expect(shell.receive(SENDER, announce({ sourceId: 66 }))).toEqual([]);
		expect(places(shell.receive(EAST, datagram(REGISTER)))).toEqual([SENDER]);
		expect(shell.proxy.counters).toMatchObject({ 'dropped.wrong-address': 3, 'dropped.wrong-source': 1 });
	});

	it('a program that was started again takes over the session of the one before it once that is silent', () => {
		const shell = withSession();
		const again = elsewhere(SENDER, { port: 40_001 });
		shell.advance(1500);
		expect(places(shell.receive(again, announce()))).toEqual([EAST, WEST]);
		expect(places(shell.receive(EAST, datagram(REGISTER)))).toEqual([again]);
	});

	it('strangers are dropped, and counted', () => {
		const shell = withSession();
		const strangers = [
			elsewhere(EAST, { port: 1045 }),
			elsewhere(EAST, { host: '10.1.0.2' }),
			elsewhere(SENDER, { port: 40_001 }),
		];
		for (const stranger of strangers) expect(shell.receive(stranger, datagram(FILESEG))).toEqual([]);
		expect(shell.proxy.counters).toMatchObject({ 'dropped.unknown-node': 3 });
	});

	it('its own are dropped', () => {
		const shell = withSession();
		expect(shell.receive(PROXY, datagram(FILESEG))).toEqual([]);
		expect(shell.receive(PROXY, datagram(FILESEG, { groupId: 9 }))).toEqual([]);
		expect(shell.receive(PROXY, announce({ groupId: 9 }))).toEqual([]);
		expect(shell.proxy.sessionCount).toBe(1);
		expect(shell.proxy.counters).toMatchObject({ 'dropped.own-echo': 3 });
	});

	it('a site announces nothing: two proxies would send it to and fro', () => {
		const shell = new ServerProxyShell();
		expect(shell.receive(EAST, announce())).toEqual([]);
		expect(shell.of('dropped')).toMatchObject([{ reason: 'announce-from-downstream', from: EAST }]);
	});

	it('what a site sends for an unknown group goes nowhere', () => {
		const shell = withSession();
		expect(shell.receive(EAST, datagram(REGISTER, { groupId: 9 }))).toEqual([]);
	});

	it('KEY_REQ and PROXY_KEY are not for it', () => {
		const shell = withSession();
		for (const func of [MessageType.KEY_REQ, MessageType.PROXY_KEY]) {
			expect(shell.receive(EAST, datagram(func, { groupId: 0 }))).toEqual([]);
		}
		expect(shell.proxy.counters).toMatchObject({ 'dropped.wrong-role': 2 });
	});

	it('without anybody downstream the session is known, and its ways lead nowhere', () => {
		const shell = new ServerProxyShell({ sites: [] });
		expect(shell.receive(SENDER, announce())).toEqual([]);
		const bytes = datagram(FILESEG);
		const way = shell.proxy.handle(shell.now, new SingleArrival(SENDER, bytes));
		expect(way).toBeGreaterThanOrEqual(0);
		expect(shell.proxy.destinations(way ?? -1)).toEqual([]);
	});

	it('two sites at one address are sent everything once', () => {
		const shell = new ServerProxyShell({ sites: [atAddress(EAST), atAddress({ ...EAST })] });
		expect(places(shell.receive(SENDER, announce()))).toEqual([EAST]);
	});
});

import { MessageType } from '@uftp/wire';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type ReceiverSecurityConfig, SingleArrival } from '../../src/index.ts';
import { backend } from '../secured/pair.ts';
import {
	announce,
	atAddress,
	datagram,
	EAST,
	GROUP_ID,
	SENDER,
	SENDER_ID,
	ServerProxyShell,
	WEST,
} from './server-proxy-shell.ts';

const { FILESEG, REGISTER } = MessageType;

const keyless: ReceiverSecurityConfig = {
	backend,
	random: (length) => new Uint8Array(length),
	keys: [],
	encryptedOnly: false,
};

describe('announcements that a server proxy does not forward', () => {
	it.each([
		['a unicast address', { privateAddress: '10.1.2.3' }],
		['the broadcast address', { privateAddress: '255.255.255.255' }],
		['a group of the network itself', { privateAddress: '224.0.0.5' }],
		['no private group beside a public one', { privateAddress: '0.0.0.0' }],
		['a private group beside no public one', { publicAddress: '0.0.0.0' }],
		['a unicast public address', { publicAddress: '10.1.2.3' }],
		['a broadcast public address', { publicAddress: '255.255.255.255' }],
		['a public group of the network itself', { publicAddress: '224.0.0.1' }],
		['a public group of others', { publicAddress: '230.4.4.2' }],
	])('are those that point to %s', (_what, choices) => {
		const shell = new ServerProxyShell();
		expect(shell.receive(SENDER, announce(choices))).toEqual([]);
		expect(shell.proxy.sessionCount).toBe(0);
		expect(shell.of('announceIgnored')).toHaveLength(1);
		expect(shell.of('announceIgnored')[0].reason).toContain(Object.values(choices)[0]);
		// Said once, counted always.
		shell.receive(SENDER, announce(choices));
		expect(shell.of('announceIgnored')).toHaveLength(1);
		expect(shell.proxy.counters).toMatchObject({ 'dropped.announce-ignored': 2 });
	});

	it('are those to all nodes and routers of an IPv6 network', () => {
		const shell = new ServerProxyShell({ publicGroups: [] });
		for (const privateAddress of ['ff02::1', 'ff05::2', 'fd00::1']) {
			expect(shell.receive(SENDER, announce({ family: 6, publicAddress: 'ff15::4:1', privateAddress }))).toEqual([]);
		}
		expect(
			shell.receive(SENDER, announce({ family: 6, publicAddress: 'ff15::4:1', privateAddress: 'ff15::5' })),
		).toHaveLength(2);
	});

	it('are those without a group id, and from a port that cannot be answered', () => {
		const shell = new ServerProxyShell();
		expect(shell.receive(SENDER, announce({ groupId: 0 }))).toEqual([]);
		expect(shell.receive({ host: SENDER.host, port: 0 }, announce())).toEqual([]);
		expect(shell.proxy.counters).toMatchObject({ 'dropped.no-group': 1, 'dropped.announce-ignored': 1 });
		expect(shell.proxy.counters['dropped.internal-error']).toBeUndefined();
		expect(shell.receive(SENDER, announce())).toHaveLength(2);
	});

	it('are those of senders that are not listed, or come from elsewhere', () => {
		const senders = [{ senderId: SENDER_ID, address: '10.0.0.1' }, { senderId: 5 }];
		const shell = new ServerProxyShell({ security: { ...keyless, senders } });
		expect(shell.receive(SENDER, announce({ sourceId: 6, groupId: 1 }))).toEqual([]);
		expect(shell.receive({ host: '10.0.0.2', port: 1 }, announce({ groupId: 2 }))).toEqual([]);
		expect(shell.of('announceIgnored').map(({ reason }) => reason)).toEqual([
			"Sender 0x00000006 at 10.0.0.1:40000 is not in this proxy's list",
			"Sender 0x0A000001 at 10.0.0.2:1 is not in this proxy's list",
		]);
		expect(shell.receive(SENDER, announce({ groupId: 3 }))).toHaveLength(2);
		expect(shell.receive({ host: '10.0.0.2', port: 1 }, announce({ sourceId: 5, groupId: 4 }))).toHaveLength(2);
	});

	it('are those to groups for any source, where sources are to be named', () => {
		const shell = new ServerProxyShell({
			publicGroups: ['232.4.4.1'],
			security: { ...keyless, sourceSpecific: true },
		});
		expect(shell.receive(SENDER, announce({ publicAddress: '232.4.4.1' }))).toEqual([]);
		expect(shell.receive(SENDER, announce({ publicAddress: '232.4.4.1', privateAddress: '232.5.5.7' }))).toHaveLength(
			2,
		);
		expect(shell.requests).toMatchObject([{ kind: 'joinGroup', group: '232.5.5.7', source: SENDER.host }]);
	});

	it('are clear ones where only encrypted ones are wanted', () => {
		const shell = new ServerProxyShell({ security: { ...keyless, encryptedOnly: true } });
		expect(shell.receive(SENDER, announce())).toEqual([]);
		expect(shell.of('announceIgnored')[0].reason).toBe('No unencrypted transfers allowed');
	});
});

describe('a flood at a server proxy', () => {
	it('of announcements pushes out no living session, and takes no more places than there are', () => {
		const shell = new ServerProxyShell({ sessionsMax: 3 });
		shell.receive(SENDER, announce());
		shell.receive(EAST, datagram(REGISTER));
		const flooder = { host: '10.0.0.66', port: 6666 };
		for (let groupId = 1; groupId <= 20_000; groupId++) {
			shell.now += 1;
			shell.receive(flooder, announce({ groupId, sourceId: 66 }));
			if (groupId % 1000 === 0) shell.receive(SENDER, datagram(FILESEG));
		}
		expect(shell.proxy.sessionCount).toBe(3);
		expect(shell.proxy.sessions).toContainEqual(expect.objectContaining({ groupId: GROUP_ID }));
		expect(shell.of('announceIgnored').length).toBeLessThan(100);
		expect(shell.receive(SENDER, datagram(FILESEG))).toHaveLength(2);
	});

	it('leaves a place to a real sender after some seconds', () => {
		const shell = new ServerProxyShell({ sessionsMax: 2 });
		shell.receive(SENDER, announce({ groupId: 1 }));
		shell.receive(SENDER, announce({ groupId: 2 }));
		expect(shell.receive(SENDER, announce())).toEqual([]);
		shell.advance(5000);
		expect(shell.receive(SENDER, announce())).toHaveLength(2);
		expect(shell.proxy.sessionCount).toBe(2);
		expect(shell.of('sessionEnded')).toHaveLength(1);
	});

	it('of datagrams of strangers is never answered', () => {
		const shell = new ServerProxyShell();
		shell.receive(SENDER, announce());
		const before = shell.sent.length;
		for (let func = 0; func < 256; func++) {
			if (func === MessageType.HB_REQ) continue;
			const bytes = datagram(FILESEG);
			bytes[1] = func;
			shell.receive({ host: '10.0.0.66', port: 6666 }, bytes);
		}
		expect(shell.sent).toHaveLength(before);
	});

	it('of foreign programs is counted by reason', () => {
		const shell = new ServerProxyShell();
		const version5 = datagram(FILESEG);
		version5[0] = 0x50;
		shell.receive(SENDER, version5);
		shell.receive(SENDER, new Uint8Array(19).fill(0x40));
		shell.receive(SENDER, new Uint8Array(0));
		const unknown = datagram(FILESEG);
		unknown[1] = 99;
		shell.receive(SENDER, unknown);
		expect(shell.proxy.counters).toMatchObject({
			'dropped.wrong-version': 1,
			'dropped.too-short': 2,
			'dropped.unknown-function': 1,
		});
	});
});

describe('whatever comes, a server proxy', () => {
	const endpoint = fc.constantFrom(SENDER, EAST, WEST, { host: '10.0.0.66', port: 6666 }, { host: 'fd00::1', port: 1 });
	const noise = fc.uint8Array({ maxLength: 400 });
	const almost = fc
		.tuple(fc.constantFrom(announce(), datagram(FILESEG), datagram(14, { groupId: 0 }), datagram(15)), noise, fc.nat())
		.map(([good, tail, where]) => {
			const bytes = Uint8Array.from([...good, ...tail]);
			bytes[where % bytes.length] ^= 0x55;
			return bytes.slice(0, bytes.length - (where % 7));
		});

	it('does not throw, keeps its bounds, and sends nothing to a stranger that is longer than what came', () => {
		const step = fc.tuple(endpoint, fc.oneof(noise, almost), fc.nat({ max: 5000 }));
		fc.assert(
			fc.property(fc.array(step, { maxLength: 60 }), (steps) => {
				const shell = new ServerProxyShell({
					sites: [atAddress(EAST), { kind: 'fingerprint', fingerprint: new Uint8Array(20) }],
					security: keyless,
				});
				for (const [from, bytes, ms] of steps) {
					const sent = shell.receive(from, bytes);
					const back = sent.filter(({ to }) => to.host === from.host && to.port === from.port);
					const returned = back.reduce((sum, datagram) => sum + datagram.bytes.length, 0);
					expect(returned).toBeLessThanOrEqual(bytes.length);
					shell.advance(ms);
					expect(shell.proxy.sessionCount).toBeLessThanOrEqual(3);
				}
			}),
		);
	});

	it('do not change what is forwarded, and harm nothing', () => {
		fc.assert(
			fc.property(almost, (bytes) => {
				const { proxy } = new ServerProxyShell();
				const copy = bytes.slice();
				const way = proxy.handle(2000, new SingleArrival(SENDER, bytes));
				expect(way === undefined || proxy.destinations(way).length > 0).toBe(true);
				expect(bytes).toEqual(copy);
				expect(proxy.counters).not.toHaveProperty(['dropped.internal-error']);
			}),
		);
	});
});

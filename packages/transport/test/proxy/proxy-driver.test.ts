import type { Endpoint } from '@uftp/protocol';
import type { Family } from '@uftp/wire';
import { hostKey } from '@uftp/wire';
import { describe, expect, it } from 'vitest';
import type { DatagramSocket, SocketDriver } from '../../src/datagram-socket.ts';
import { type MulticastListener, openListener } from '../../src/listener.ts';
import { openSocket } from '../../src/open-socket.ts';
import { LossWatch } from '../../src/proxy/loss-watch.ts';
import { ProxyDriver } from '../../src/proxy/proxy-driver.ts';
import { collect, fillBurst, loopback, pattern, sendAll, sendEach, settle, until } from '../loopback.ts';
import { runInNamespace } from '../network-namespace.ts';
import { HOSTS, kept, marked, onFault, stage } from './proxy-stage.ts';

for (const socketDriver of ['linux-batch', 'portable'] as const) {
	for (const family of [4, 6] as const) {
		describe(`a proxy on the ${socketDriver} socket over IPv${family}`, () => contract(socketDriver, family));
	}
}

function contract(socketDriver: SocketDriver, family: Family): void {
	const host = HOSTS[family];

	it('forwards bursts byte for byte to every destination, in order and from its own port', async () => {
		const { proxy, listener, sender, sites } = await stage(socketDriver, family);
		const port = listener.local.port;
		proxy.ways.set(
			1,
			sites.map(({ socket }) => socket.local),
		);
		const sent: Uint8Array[] = [];
		for (let burst = 0; burst < 5; burst++) {
			const datagrams = marked(1, 40, 1324, 700);
			const batch = sender.createOutgoing();
			fillBurst(batch, { host, port }, datagrams);
			await sendAll(sender, batch);
			sent.push(...datagrams);
		}
		await until(() => sites.every(({ got }) => got.length === sent.length));
		for (const { got } of sites) {
			expect(got.map(({ bytes }) => bytes)).toEqual(sent);
			expect(got[0].from).toEqual({ host, port });
		}
		expect(listener.stats()).toMatchObject({ datagramsOut: 3 * sent.length, sendErrors: 0 });
		if (socketDriver === 'linux-batch') expect(listener.stats().sendCalls).toBeLessThan(60);
	});

	it('keeps lengths, sources and the order of what it forwards, handles and drops', async () => {
		const { proxy, listener, sender, sites } = await stage(socketDriver, family);
		proxy.ways.set(1, [sites[0].socket.local]);
		proxy.ways.set(2, [sites[1].socket.local, sites[2].socket.local]);
		proxy.handleByte = 7;
		const order = [1, 1, 7, 2, 9, 1, 2, 2, 7, 1, 9, 9, 1];
		const sent = order.map((way, i) => marked(way, 1, 50 + 10 * i)[0]);
		await sendEach(sender, { host, port: listener.local.port }, sent);
		const of = (way: number): Uint8Array[] => sent.filter((bytes) => bytes[0] === way);
		await until(() => sites[0].got.length === of(1).length && sites[2].got.length === of(2).length);
		expect(sites[0].got.map(({ bytes }) => bytes)).toEqual(of(1));
		expect(sites[1].got.map(({ bytes }) => bytes)).toEqual(of(2));
		expect(sites[2].got.map(({ bytes }) => bytes)).toEqual(of(2));
		expect(proxy.handled.map(({ bytes }) => bytes)).toEqual(of(7));
		expect(proxy.handled[0].from).toEqual(sender.local);
		const { port } = sender.local;
		expect(proxy.routed).toEqual(sent.map(({ length }) => ({ key: hostKey(host), port, length })));
	});

	it('what a handled datagram causes leaves before what came behind it', async () => {
		const { proxy, listener, sender, sites } = await stage(socketDriver, family);
		const [site] = sites;
		proxy.ways.set(1, [site.socket.local]);
		proxy.handleByte = 7;
		proxy.onHandled = (_from, bytes) => proxy.transmits.push({ to: site.socket.local, bytes });
		const sent = [1, 7, 1, 7, 7, 1].map((way, i) => marked(way, 1, 60 + i)[0]);
		await sendEach(sender, { host, port: listener.local.port }, sent);
		await until(() => site.got.length === sent.length);
		expect(site.got.map(({ bytes }) => bytes)).toEqual(sent);
	});

	it('a site that is gone costs the others nothing', async () => {
		const { proxy, listener, driver, sender, sites } = await stage(socketDriver, family);
		const closed = await openSocket({ family, bind: { address: host } });
		const gone: Endpoint[] = [closed.local, { host: family === 4 ? '::1' : '127.0.0.1', port: 9 }];
		closed.close();
		proxy.ways.set(1, [gone[0], sites[0].socket.local, gone[1], sites[1].socket.local]);
		const batch = sender.createOutgoing();
		for (let burst = 0; burst < 10; burst++) {
			fillBurst(batch, { host, port: listener.local.port }, marked(1, 20, 500));
			await sendAll(sender, batch);
			await Bun.sleep(2);
		}
		await until(() => sites[0].got.length === 200 && sites[1].got.length === 200);
		expect([sites[0].got.length, sites[1].got.length, driver.lostDatagrams]).toEqual([200, 200, 0]);
		const news = new LossWatch(driver, [listener]).news();
		expect(news).toContain(`200 for addresses that this proxy cannot reach: it speaks IPv${family}`);
	});

	// The loopback of Linux does not carry multicast over IPv6.
	if (family === 4)
		it('joins the private group of a session and leaves it at its end', async () => {
			const { proxy, listener, driver, sender, sites } = await stage(socketDriver, family);
			const group = '230.78.9.1';
			proxy.ways.set(1, [sites[0].socket.local]);
			const to = { host: group, port: listener.local.port };
			proxy.requests.push({ kind: 'joinGroup', groupId: 5, group, source: undefined });
			driver.flush();
			await sendEach(sender, to, marked(1, 2, 100));
			await until(() => sites[0].got.length === 2);
			expect(sites[0].got).toHaveLength(2);
			proxy.requests.push({ kind: 'leaveGroup', groupId: 5 });
			driver.flush();
			await sendEach(sender, to, marked(1, 2, 100));
			await settle();
			expect(sites[0].got).toHaveLength(2);
		});

	it('a group that cannot be joined ends its session with a sentence', async () => {
		const { proxy, driver } = await stage(socketDriver, family);
		const group = family === 4 ? '10.1.2.3' : '2001:db8::1';
		proxy.requests.push({ kind: 'joinGroup', groupId: 5, group, source: undefined });
		driver.flush();
		expect(proxy.aborts).toEqual([
			{ reason: expect.stringMatching(/^cannot join .*is not a multicast group/), groupId: 5 },
		]);
	});

	it('wakes the proxy when its time has come', async () => {
		const { proxy, driver } = await stage(socketDriver, family);
		proxy.deadline = performance.now() + 20;
		driver.flush();
		await until(() => proxy.timeouts > 0);
		expect(proxy.timeouts).toBe(1);
	});

	it('its port is nobody else’s, before and after: a receiver on this host is refused', async () => {
		const { listener } = await stage(socketDriver, family);
		const { port } = listener.local;
		const options = { family, bind: { port }, networkInterface: loopback() };
		await expect(openListener(options)).rejects.toThrow(/is held by .* does not share it/);
		await expect(openListener({ ...options, isExclusive: true })).rejects.toThrow(/is held by/);
		listener.close();
		kept(await openListener(options));
		await expect(openListener({ ...options, isExclusive: true, driver: socketDriver })).rejects.toThrow(/is held by/);
	});
}

/** A listener whose send buffer holds `room` datagrams, which nothing drains but the test. */
function clogged(listener: MulticastListener): { socket: DatagramSocket; room: number } {
	const state = { room: 0, socket: listener as DatagramSocket };
	state.socket = new Proxy(listener, {
		get(target, name) {
			if (name === 'relay') {
				return (...[batch, first, count, to]: Parameters<DatagramSocket['relay']>) => {
					const taken = Math.min(count, state.room);
					state.room -= taken;
					return taken === 0 ? 0 : target.relay(batch, first, taken, to);
				};
			}
			const value = Reflect.get(target, name, target);
			return typeof value === 'function' ? value.bind(target) : value;
		},
	});
	return state;
}

describe('a full send buffer', () => {
	it('loses nothing: what came waits where it is, what comes waits in the receive buffer', async () => {
		const { proxy, listener, driver, sender, sites } = await stage('linux-batch', 4);
		driver.close();
		const buffer = clogged(listener);
		const slow = kept(
			new ProxyDriver({ proxy, sockets: [buffer.socket], interfaces: () => [loopback()], onEvent() {}, onFault }),
		);
		slow.start();
		proxy.ways.set(1, [sites[0].socket.local, sites[1].socket.local]);
		const batch = sender.createOutgoing();
		for (let burst = 0; burst < 20; burst++) {
			fillBurst(batch, { host: '127.0.0.1', port: listener.local.port }, marked(1, 10, 300, 200));
			await sendAll(sender, batch);
		}
		const end = performance.now() + 2000;
		while (sites[1].got.length < 200 && performance.now() < end) {
			buffer.room += 7;
			await Bun.sleep(1);
		}
		for (const { got } of sites.slice(0, 2)) {
			expect(got.map(({ bytes }) => bytes.length)).toEqual(
				Array.from({ length: 200 }, (_, i) => (i % 10 === 9 ? 200 : 300)),
			);
		}
		expect(slow.lostDatagrams).toBe(0);
	});

	it('that never drains stops nothing for good: what waited is counted as lost', async () => {
		const { proxy, listener, driver, sender, sites } = await stage('linux-batch', 4);
		driver.close();
		const buffer = clogged(listener);
		const slow = kept(
			new ProxyDriver({ proxy, sockets: [buffer.socket], interfaces: () => [loopback()], onEvent() {}, onFault }),
		);
		slow.start();
		proxy.ways.set(1, [sites[0].socket.local]);
		const to = { host: '127.0.0.1', port: listener.local.port };
		await sendEach(sender, to, marked(1, 3, 100));
		await until(() => slow.lostDatagrams === 3);
		expect(slow.lostDatagrams).toBe(3);
		const losses = new LossWatch(slow, [listener]);
		expect(losses.news()).toBe('Packets were lost at this proxy: 3 because the send buffer stayed full.');
		expect(losses.news()).toBeUndefined();
		buffer.room = 1000;
		await sendEach(sender, to, marked(1, 5, 100));
		await until(() => sites[0].got.length === 5);
		expect([sites[0].got.length, slow.lostDatagrams]).toEqual([5, 3]);
	});
});

describe('the exclusive port', () => {
	it('holds more groups than one socket takes, and stays exclusive', async () => {
		const probe = await openSocket({ family: 4 });
		const { port } = probe.local;
		probe.close();
		const options = { family: 4, bind: { port }, networkInterface: loopback() } as const;
		const listener = kept(await openListener({ ...options, isExclusive: true, driver: 'linux-batch' }));
		const got = collect(listener);
		for (let i = 0; i < 50; i++) listener.join(`230.79.0.${i}`, loopback());
		expect(listener.socketCount).toBe(3);
		const sender = kept(await openSocket({ family: 4, networkInterface: loopback() }));
		for (let i = 0; i < 50; i++) await sendEach(sender, { host: `230.79.0.${i}`, port }, [pattern(i, 100 + i)]);
		await until(() => got.length >= 50);
		expect(got.map(({ bytes }) => bytes.length).sort((a, b) => a - b)).toEqual(
			Array.from({ length: 50 }, (_, i) => 100 + i),
		);
		await expect(openListener(options)).rejects.toThrow(/is held by/);
	});
});

describe('relaying on linux', () => {
	it('datagrams of one length that came one by one leave with one call', async () => {
		const open = (): Promise<DatagramSocket> =>
			openSocket({ family: 4, bind: { address: '127.0.0.1' }, networkInterface: loopback(), driver: 'linux-batch' });
		const [sender, relay, site] = [kept(await open()), kept(await open()), kept(await open())];
		const got = collect(site);
		const batch = relay.createIncoming();
		// After lone datagrams many are asked for at once, each into a place of its own.
		for (let i = 0; i < 4; i++) {
			await sendEach(sender, relay.local, [pattern(i, 40)]);
			await until(() => relay.receive(batch));
		}
		const sent = Array.from({ length: 20 }, (_, i) => pattern(i, 900));
		await sendEach(sender, relay.local, sent);
		await settle();
		expect([relay.receive(batch), batch.count]).toEqual([true, 20]);
		expect(relay.relay(batch, 0, 20, site.local)).toBe(20);
		await until(() => got.length === 20);
		expect(got.map(({ bytes }) => bytes)).toEqual(sent);
		expect(relay.stats().sendCalls).toBe(1);
	});

	it('what does not fit the MTU is sent one by one, and that is not tried again', () => {
		const { results } = runInNamespace('relay-beyond-mtu') as {
			results: { received: number; isWhole: boolean; calls: number; errors: number }[];
		};
		// 40 datagrams of 1324 bytes go with one call; 7 of 8824 need a second attempt the first time.
		expect(results).toEqual([
			{ received: 40, isWhole: true, calls: 1, errors: 0 },
			{ received: 7, isWhole: true, calls: 2, errors: 0 },
			{ received: 7, isWhole: true, calls: 1, errors: 0 },
			{ received: 40, isWhole: true, calls: 1, errors: 0 },
		]);
	});
});

import { afterEach, describe, expect, it } from 'vitest';
import {
	type Bus,
	type BusStatus,
	BusUnavailable,
	type ConnectOptions,
	connectBus,
	credentialsIn,
	RequestTimeout,
} from '../src/index.ts';
import { parseBusAddress } from '../src/nats/bus-address.ts';
import { Outbox } from '../src/nats/outbox.ts';
import { noHeaders } from '../src/payload.ts';
import { until } from './contract.ts';
import { type NatsServer, startNatsServer, withoutPeers } from './nats-server.ts';

const atEnd: (() => Promise<void>)[] = [];
afterEach(async () => {
	for (const end of atEnd.splice(0).reverse()) await end();
});

async function server(config?: string): Promise<NatsServer> {
	const started = await startNatsServer(config);
	atEnd.push(() => started.stop());
	return started;
}

async function connect(url: string, options: ConnectOptions = {}): Promise<{ bus: Bus; statuses: BusStatus[] }> {
	const statuses: BusStatus[] = [];
	const onStatus = (status: BusStatus): void => void statuses.push(status);
	const bus = await connectBus(url, { reconnectWaitMs: 50, onStatus, ...options });
	atEnd.push(() => bus.close());
	return { bus, statuses };
}

describe.skipIf(withoutPeers)('the NATS driver when the server is killed', () => {
	it('keeps what is published meanwhile and sends it in order after the reconnection', async () => {
		const nats = await server();
		const { bus: publisher, statuses } = await connect(nats.url);
		const { bus: listener } = await connect(nats.url);
		const got: string[] = [];
		listener.subscribe('uftp.events.*', (message) => void got.push(message.text()));
		await listener.flush();
		publisher.publish('uftp.events.job', 'before');
		await publisher.flush();
		const restarted = nats.restart(300);
		await until(() => !publisher.connected, 'the disconnection');
		for (let i = 0; i < 5; i++) publisher.publish('uftp.events.job', `kept ${i}`, { headers: { n: `${i}` } });
		publisher.publish('uftp.hb.sender.s1', 'stale', { whenDisconnected: 'drop' });
		expect(publisher.stats()).toMatchObject({ outbox: 5, dropped: 1 });
		await restarted;
		await until(() => publisher.connected && listener.connected, 'the reconnection of both');
		await publisher.flush();
		// The publisher may be back before the listener: what it sent then went to nobody, as in any core NATS.
		publisher.publish('uftp.events.job', 'after');
		await until(() => got.includes('after'), 'the message after the reconnection');
		expect(got[0]).toBe('before');
		expect(publisher.stats()).toMatchObject({ outbox: 0, reconnects: 1 });
		expect(statuses.find((s) => s.type === 'reconnected')).toMatchObject({ resent: 5 });
		expect(statuses.filter((s) => s.type === 'dropped')).toEqual([
			{ type: 'dropped', subject: 'uftp.hb.sender.s1', reason: 'the connection is down' },
		]);
	});

	it('brings what it kept to its own subscription, which is there again before it is sent', async () => {
		const nats = await server();
		const { bus } = await connect(nats.url);
		const got: string[] = [];
		bus.subscribe('uftp.events.*', (message) => void got.push(message.text()));
		await bus.flush();
		const restarted = nats.restart(100);
		await until(() => !bus.connected, 'the disconnection');
		for (let i = 0; i < 100; i++) bus.publish('uftp.events.job', `${i}`);
		await restarted;
		await until(() => got.length === 100, 'all hundred');
		expect(got).toEqual(Array.from({ length: 100 }, (_, i) => `${i}`));
	});

	it('drops the oldest when the outbox is full, and counts them', async () => {
		const nats = await server();
		const { bus, statuses } = await connect(nats.url, { outboxMessages: 3 });
		const got: string[] = [];
		bus.subscribe('a', (message) => void got.push(message.text()));
		await bus.flush();
		const restarted = nats.restart(100);
		await until(() => !bus.connected, 'the disconnection');
		for (let i = 0; i < 5; i++) bus.publish('a', `${i}`);
		expect(bus.stats()).toMatchObject({ outbox: 3, dropped: 2 });
		expect(statuses.filter((s) => s.type === 'dropped').length).toBe(2);
		await restarted;
		await until(() => got.length === 3, 'the three that were kept');
		expect(got).toEqual(['2', '3', '4']);
	});

	it('lets a request wait for the server, but not longer than its timeout', async () => {
		const nats = await server();
		const { bus } = await connect(nats.url);
		bus.subscribe('echo', (message) => void message.respond(message.text()));
		await bus.flush();
		const restarted = nats.restart(300);
		await until(() => !bus.connected, 'the disconnection');
		await expect(bus.request('echo', 'x', { timeoutMs: 30 })).rejects.toThrow('the connection to the bus is down');
		const answer = bus.request('echo', 'patient', { timeoutMs: 10_000 });
		await restarted;
		expect((await answer).text()).toBe('patient');
	});

	it('closes while the connection is down, and counts what it could not send', async () => {
		const nats = await server();
		const { bus } = await connect(nats.url);
		await nats.stop();
		await until(() => !bus.connected, 'the disconnection');
		bus.publish('a', 'x');
		await expect(bus.flush(50)).rejects.toThrow(RequestTimeout);
		await bus.drain();
		expect(bus.closed).toBe(true);
		expect(bus.stats().dropped).toBe(1);
	});
});

describe.skipIf(withoutPeers)('the NATS driver and what the server refuses', () => {
	const config = `authorization { users = [
		{ user: app, password: pw, permissions: { publish: ["uftp.jobs.send"], subscribe: ["_INBOX.app.>"] } } ] }`;

	it('tells and counts a publish or a subscription that is not permitted', async () => {
		const nats = await server(config);
		const url = nats.url.replace('//', '//app:pw@');
		const { bus, statuses } = await connect(url, { inboxPrefix: '_INBOX.app' });
		bus.publish('uftp.events.job', 'forged');
		bus.subscribe('uftp.events.*', () => {});
		await until(() => bus.stats().permissionErrors === 2, 'two refusals');
		expect(statuses.filter((s) => s.type === 'permission-denied')).toEqual([
			{ type: 'permission-denied', operation: 'publish to', subject: 'uftp.events.job' },
			{ type: 'permission-denied', operation: 'subscribe to', subject: 'uftp.events.*' },
		]);
		expect(bus.connected).toBe(true);
		await expect(bus.request('uftp.jobs.send', {})).rejects.toMatchObject({ code: 'no-responders' });
	});

	it('says that a request has no permission for its answer', async () => {
		const nats = await server(config);
		const { bus } = await connect(nats.url, { user: 'app', password: 'pw' });
		await expect(bus.request('uftp.jobs.send', {})).rejects.toMatchObject({ code: 'permission-denied' });
	});

	it('says that credentials are wrong, at once, even where it would wait for the server', async () => {
		const nats = await server(config);
		const bad = connectBus(nats.url, { user: 'app', password: 'no', waitForServer: true });
		await expect(bad).rejects.toThrow('refuses these credentials');
	});

	it('refuses to talk without TLS where TLS was asked for', async () => {
		const nats = await server();
		await expect(connectBus(nats.url.replace('nats:', 'tls:'))).rejects.toThrow('cannot be reached with TLS');
	});
});

describe('connecting', () => {
	it('fails with a sentence when nobody is there or the address is none', async () => {
		await expect(connectBus('nats://127.0.0.1:1')).rejects.toThrow('No bus answers at nats://127.0.0.1:1');
		for (const url of ['', 'http://x', 'nats://', 'memory:a b', 'nats://a b']) {
			await expect(connectBus(url), url).rejects.toThrow(BusUnavailable);
		}
	});

	it('waits for the server if asked to, says so, and stops at a signal', async () => {
		const abort = new AbortController();
		const waiting: string[] = [];
		const bus = connectBus('nats://127.0.0.1:1', {
			waitForServer: true,
			reconnectWaitMs: 10,
			signal: abort.signal,
			onStatus: (status) => {
				if (status.type === 'waiting') waiting.push(status.reason);
			},
		}).catch((error: unknown) => error);
		await until(() => waiting.length >= 2, 'two tries');
		abort.abort();
		expect(await bus).toBeInstanceOf(BusUnavailable);
		expect(waiting[0]).toContain('No bus answers at');
	});

	it('gives the same memory bus to everyone in the process who names it alike', async () => {
		const one = await connectBus('memory:shared-test');
		const two = await connectBus('memory:shared-test');
		const other = await connectBus('memory:other-test');
		const got: string[] = [];
		one.subscribe('a', () => void got.push('one'));
		other.subscribe('a', () => void got.push('other'));
		two.publish('a', 'x');
		await until(() => got.length === 1, 'the message');
		await two.close();
		expect(one.closed).toBe(false);
		expect(got).toEqual(['one']);
		await one.close();
		await other.close();
	});

	it.skipIf(withoutPeers)('uses whichever of several servers is there, and remembers the others', async () => {
		const nats = await server();
		const { bus } = await connect(`nats://127.0.0.1:1,127.0.0.1:${nats.port}`);
		await bus.flush();
		await nats.restart(100);
		await until(() => bus.stats().reconnects === 1, 'the reconnection');
	});
});

describe('an address of a bus', () => {
	it.each([
		'nats://app:50%off@127.0.0.1:4222',
		'nats://app:off#50@127.0.0.1:4222',
		'nats://app:50#off@127.0.0.1:4222',
		'nats://app:50/off@127.0.0.1:4222',
		'nats://app:50?off@127.0.0.1:4222',
		'nats://app:50@off@127.0.0.1:4222',
		'nats://app:off,50@127.0.0.1:4222',
		'nats://50%off@127.0.0.1:4222',
	])('says how "%s" is to be written, and shows nothing of the secret', (url) => {
		let said = '';
		try {
			parseBusAddress(url);
		} catch (error) {
			said = error instanceof BusUnavailable ? error.message : `not a sentence: ${String(error)}`;
		}
		expect(said).toMatch(/in percent form .*"%" as %25.* or leave them out of the address and set NATS_USER/);
		expect(said.replace('leave them', '')).not.toMatch(/50|off|127/);
	});

	it('is used with the credentials that the environment has beside it', () => {
		expect(credentialsIn({ NATS_USER: 'app', NATS_PASSWORD: '50%off#/', NATS_TOKEN: '' })).toEqual({
			user: 'app',
			password: '50%off#/',
		});
		expect(credentialsIn({ NATS_TOKEN: 't', NATS_URL: 'nats://h' })).toEqual({ token: 't' });
	});

	it('is taken apart, and shown without its credentials', () => {
		expect(parseBusAddress('nats://localhost')).toMatchObject({ servers: ['localhost:4222'], tls: false });
		expect(parseBusAddress('tls://u:p%40ss@a:80,b')).toEqual({
			servers: ['a:80', 'b:4222'],
			tls: true,
			user: 'u',
			password: 'p@ss',
			shown: 'tls://a:80,b:4222',
		});
		expect(parseBusAddress('nats://tok@[::1]:4333')).toMatchObject({ servers: ['[::1]:4333'], token: 'tok' });
	});
});

describe('the outbox', () => {
	it('is bounded in messages and bytes, oldest out first', () => {
		const entry = (subject: string, size: number) => ({
			subject,
			data: new Uint8Array(size),
			headers: noHeaders,
			reply: undefined,
		});
		const outbox = new Outbox(3, 100);
		expect(outbox.push(entry('a', 40))).toEqual([]);
		expect(outbox.push(entry('b', 40))).toEqual([]);
		expect(outbox.push(entry('c', 40)).map((e) => e.subject)).toEqual(['a']);
		expect(outbox.push(entry('huge', 101)).map((e) => e.subject)).toEqual(['b', 'c', 'huge']);
		expect(outbox.size).toBe(0);
	});
});

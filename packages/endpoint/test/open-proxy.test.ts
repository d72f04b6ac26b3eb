import { generateRsaKey } from '@uftp/crypto';
import { afterEach, describe, expect, it } from 'vitest';
import {
	describeProblem,
	EndpointError,
	LIBRARY_VOCABULARY,
	openCryptography,
	openProxy,
	type ProxySettings,
	type RunningProxy,
	type RunningProxyEvent,
	sendFiles,
} from '../src/index.ts';
import { inMemory, outcomes, pattern } from './loopback-receiver.ts';
import { freePort, onLoopback, openRelayChain, type RelayChain } from './relay-chain.ts';

const content = pattern(9, 300_001);
const SITE = { kind: 'address', endpoint: { host: '127.0.0.1', port: 9 } } as const;

const proxies: RunningProxy[] = [];
const chains: RelayChain[] = [];
afterEach(async () => {
	for (const proxy of proxies.splice(0)) await proxy.stop('over');
	for (const chain of chains.splice(0)) await chain.close();
});

async function open(settings: ProxySettings): Promise<RunningProxy> {
	const proxy = await openProxy({ ...onLoopback, port: await freePort(), ...settings });
	proxies.push(proxy);
	return proxy;
}

async function chain(): Promise<RelayChain> {
	const opened = await openRelayChain();
	chains.push(opened);
	return opened;
}

/** What the settings are refused with. */
async function refusal(settings: ProxySettings): Promise<EndpointError> {
	const error = await open(settings).catch((caught: unknown) => caught);
	if (!(error instanceof EndpointError)) throw new Error('it was not refused');
	return error;
}

describe('a proxy as a library', () => {
	it('carries a session over a server and a client proxy, and says so', async () => {
		const { server, client, receiver, settings } = await chain();
		const seen: RunningProxyEvent[] = [];
		client.events.on((event) => seen.push(event));
		const end = await sendFiles([inMemory('a.bin', content)], settings).ended;
		expect(outcomes(end.results)).toEqual([expect.stringContaining('received')]);
		expect(Buffer.compare(receiver.files.get('a.bin') as Uint8Array, content)).toBe(0);
		expect(server.sessions.length + client.sessions.length).toBeGreaterThan(0);
		expect(seen[0]).toMatchObject({ kind: 'sessionStarted', isEncrypted: false });
		expect(seen).toContainEqual(expect.objectContaining({ kind: 'receiverRegistered', receiverId: receiver.id }));
		await client.stop('over');
		expect(seen.at(-1)).toMatchObject({ kind: 'sessionEnded', totals: { receivers: 1 } });
	});

	it('drains until the sessions that need it are over, and stops for good', async () => {
		const { client, settings } = await chain();
		const sending = sendFiles([inMemory('a.bin', content)], { ...settings, rateBytesPerSecond: 400_000 });
		const registered = Promise.withResolvers<void>();
		sending.events.on(({ kind }) => kind === 'registered' && registered.resolve());
		await registered.promise;
		const seen: string[] = [];
		client.events.on(({ kind }) => seen.push(kind));
		const drained = client.drain(50_000).then(() => seen.push('drained'));
		const end = await sending.ended;
		expect(outcomes(end.results)).toEqual([expect.stringContaining('received')]);
		await drained;
		expect(seen.slice(-2)).toEqual(['sessionEnded', 'drained']);
		expect(client.sessionCount).toBe(0);
		expect(await client.stop('over')).toEqual({ problem: undefined });
		expect(await client.stop('again')).toEqual({ problem: undefined });
		expect(await client.closed).toEqual({ problem: undefined });
	});

	it('drains no longer than it may', async () => {
		const { client, settings } = await chain();
		const sending = sendFiles([inMemory('a.bin', content)], { ...settings, rateBytesPerSecond: 50_000 });
		const registered = Promise.withResolvers<void>();
		sending.events.on(({ kind }) => kind === 'registered' && registered.resolve());
		await registered.promise;
		await client.drain(10);
		expect(client.sessionCount).toBe(1);
		await client.stop('The proxy is going');
		sending.abort('over');
		await sending.ended;
	});

	it('has nothing to wait for where there is no session', async () => {
		const proxy = await open({ mode: 'response' });
		await proxy.drain(60_000);
		expect(proxy.sessionCount).toBe(0);
	});

	it('ends its events when it ends', async () => {
		const proxy = await open({ mode: 'server', sites: [SITE] });
		const looped: RunningProxyEvent[] = [];
		const loop = (async () => {
			for await (const event of proxy.events) looped.push(event);
		})();
		await proxy.stop('over');
		await loop;
		expect(looped).toEqual([]);
	});

	it('makes its UID from its address unless it is given one', async () => {
		expect((await open({ mode: 'client' })).uid).toBe(0x7f000001);
		expect((await open({ mode: 'client', uid: 0x42 })).uid).toBe(0x42);
	});

	it.each<[string, ProxySettings, RegExp]>([
		['sites-missing', { mode: 'server' }, /^sites names no site/],
		['sites-without-server', { mode: 'client', sites: [SITE] }, /this is a client proxy/],
		['group-invalid', { mode: 'response', publicAddress: ['10.0.0.1'] }, /10\.0\.0\.1 is not a multicast group/],
		['interface-unknown', { mode: 'response', interfaces: ['nosuch0'] }, /no interface "nosuch0".*Change interface/],
		['setting-invalid', { mode: 'client', port: 70_000 }, /^port is 70000: it takes a whole number from 1 to 65535/],
		['setting-invalid', { mode: 'client', uid: Number.NaN }, /^uid is NaN: it takes/],
		['setting-invalid', { mode: 'client', ttl: 0 }, /^ttl is 0: it takes/],
		['outgoing-interface-unknown', { mode: 'client', outgoingInterface: 'nosuch0' }, /Change outgoingInterface/],
		['uid-underivable', { mode: 'client', allowsLoopbackUid: false }, /127\.0\.0\.1: set uid/],
		['proxy-key-missing', { mode: 'response', keys: [] }, /shows its key/],
		[
			'groups-mixed',
			{
				mode: 'response',
				publicAddress: ['232.4.4.1', '230.4.4.1'],
				senders: [{ senderId: 1, address: '127.0.0.1' }],
			},
			/all source-specific/,
		],
	])('is refused with %s', async (code, settings, sentence) => {
		const error = await refusal(settings);
		expect(error.code).toBe(code);
		expect(error.message).toMatch(sentence);
		expect(describeProblem(error, { ...LIBRARY_VOCABULARY, sites: 'SITES', uid: 'UID' })).toBeTruthy();
	});

	it('is refused with a problem for a key that does not fit into a heartbeat', async () => {
		const { backend } = await openCryptography();
		const keys = [generateRsaKey(backend, 520)];
		const heartbeats = { to: [{ host: '127.0.0.1', port: 9 }] };
		const error = await refusal({ mode: 'client', keys, heartbeats });
		expect(error).toMatchObject({ code: 'heartbeat-key-misfit', facts: { bits: 520 } });
		expect(error.message).toMatch(/does not fit into a heartbeat/);
	});

	it('is refused where another program has its port, and leaves nothing open', async () => {
		const port = await freePort();
		const first = await open({ mode: 'client', port });
		const error = await refusal({ mode: 'client', port });
		expect(error).toMatchObject({ code: 'socket-failed', facts: { systemCode: 'EADDRINUSE' } });
		await first.stop('over');
		await open({ mode: 'client', port });
	});
});

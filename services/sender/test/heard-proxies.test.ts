import { type Bus, type Heartbeat, MemoryBroker, MemoryBus, subjects } from '@uftp/bus';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { knownProxies } from '../src/expected-receivers.ts';
import { HeardProxies } from '../src/heard-proxies.ts';

const s = subjects();
const place = { publicAddress: '230.4.4.1', port: 1044, isUnicast: false };
let bus: Bus;
let heard: HeardProxies;
let now: number;

beforeEach(() => {
	bus = new MemoryBus(new MemoryBroker());
	now = 0;
	heard = new HeardProxies(bus, s, () => now);
});
afterEach(async () => {
	heard.stop();
	await bus.close();
});

const print = (byte: string): string => Array.from({ length: 20 }, () => byte).join(':');

function proxy(id: string, uid: string, more: Partial<Heartbeat> = {}): Heartbeat {
	return {
		v: 1,
		role: 'proxy',
		id,
		instance: `${id}-1`,
		seq: 1,
		version: '0.1.0',
		host: 'h',
		startedAt: '2026-01-01T00:00:00.000Z',
		intervalMs: 1000,
		uid,
		addresses: ['10.0.0.1'],
		interfaces: [],
		groups: ['230.4.4.1'],
		port: 1044,
		keys: [{ kind: 'EC, secp256r1', fingerprint: print('AA'), publicKey: 'AAAA' }],
		proxy: { mode: 'response', pool: 'hall' },
		caps: [],
		ours: true,
		...more,
	};
}

async function beat(one: Heartbeat, subject = s.heartbeat('proxy', one.id)): Promise<void> {
	bus.publish(subject, one);
	for (let i = 0; i < 4; i++) await new Promise((resolve) => setImmediate(resolve));
}

const ids = async (): Promise<number[]> =>
	(await knownProxies(bus, s, place, heard.heartbeats())).map(({ proxyId }) => proxyId);

describe('proxies that the sender has heard itself', () => {
	it('count where no registry answers: those that gather answers of the group, with the keys that they show', async () => {
		await beat(proxy('a', '0x0000000A'));
		await beat(proxy('b', '0x0000000B', { groups: [], proxy: { mode: 'client' } }));
		await beat(proxy('c', '0x0000000C', { groups: ['230.9.9.9'] }));
		await beat(proxy('d', '0x0000000D', { proxy: { mode: 'server' } }));
		const known = await knownProxies(bus, s, place, heard.heartbeats());
		expect(known.map(({ proxyId }) => proxyId)).toEqual([0xa, 0xb]);
		expect(known[0]?.keys[0]?.fingerprint).toBe(print('AA'));
	});

	it('count with the key that was heard last, whatever they call themselves', async () => {
		await beat(proxy('a', '0x0000000A'));
		const keys = [{ kind: 'EC, secp256r1', fingerprint: print('BB'), publicKey: 'AAAA' }];
		await beat(proxy('again', '0x0000000A', { keys }));
		const known = await knownProxies(bus, s, place, heard.heartbeats());
		expect(known.map((one) => one.keys[0]?.fingerprint)).toEqual([print('BB')]);
	});

	it('are forgotten when nothing has come from them for long', async () => {
		await beat(proxy('a', '0x0000000A'));
		now = 20_000;
		expect(await ids()).toEqual([0xa]);
		now = 20_001;
		expect(await ids()).toEqual([]);
	});

	it('are told of whoever listens for them, until it does not any more', async () => {
		const told: string[] = [];
		const stop = heard.onHeard(({ id }) => told.push(id));
		await beat(proxy('a', '0x0000000A'));
		stop();
		await beat(proxy('b', '0x0000000B'));
		expect(told).toEqual(['a']);
	});

	it('are not made by what is no heartbeat, or stands on the subject of another', async () => {
		await beat(proxy('a', '0x0000000A'), s.heartbeat('proxy', 'b'));
		await beat({ ...proxy('c', '0x0000000C'), intervalMs: -1 });
		expect(await ids()).toEqual([]);
	});
});

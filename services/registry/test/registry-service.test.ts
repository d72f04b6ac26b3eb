import {
	assignReplica,
	type Bus,
	type Heartbeat,
	MemoryBroker,
	MemoryBus,
	type RegistryListAnswer,
	type ResponsePool,
	subjects,
} from '@uftp/bus';
import { parseEvent, parseRegistryListAnswer, parseResolveAnswer, parseResponsePool } from '@uftp/bus/schemas';
import { checkConfig, type Logger } from '@uftp/service-kit';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { registryConfig } from '../src/config.ts';
import { RegistryService } from '../src/service.ts';

const s = subjects();
let bus: Bus;
let registry: RegistryService;
let lines: string[];
let now: number;
const keep = (line: string): void => void lines.push(line);
const logger: Logger = { debug: keep, info: keep, warn: keep, error: keep };

beforeEach(() => {
	lines = [];
	now = 1_000_000;
	bus = new MemoryBus(new MemoryBroker());
	const config = checkConfig(registryConfig, { id: 'reg1', maxNodes: '5000' });
	if (!config.ok) throw new Error(config.problem);
	registry = new RegistryService(config.value, { bus, subjects: s, logger }, { now: () => now, epochMs: 0 });
});
afterEach(async () => {
	await registry.stop();
	await bus.close();
});

function heartbeat(id: string, more: Partial<Heartbeat> = {}): Heartbeat {
	return {
		v: 1,
		role: 'receiver',
		id,
		instance: `instance-${id}`,
		seq: 1,
		version: '0.1.0',
		host: 'alpha',
		startedAt: '2026-01-01T00:00:00.000Z',
		intervalMs: 1000,
		addresses: ['10.99.0.2'],
		interfaces: [],
		groups: ['230.4.4.1'],
		port: 1044,
		caps: [],
		ours: true,
		...more,
	};
}

async function beat(one: Heartbeat): Promise<void> {
	bus.publish(s.heartbeat(one.role, one.id), one);
	await new Promise((resolve) => setImmediate(resolve));
}

async function list(question: object | string): Promise<RegistryListAnswer> {
	const answer = parseRegistryListAnswer((await bus.request(s.registryList, question)).data);
	if (!answer.ok) throw new Error(answer.problem);
	expect(answer.ignored).toBe(undefined);
	return answer.value;
}

const ids = (answer: RegistryListAnswer): string[] =>
	answer.ok ? answer.nodes.map(({ heartbeat: { id } }) => id) : [];

describe('the registry', () => {
	it('answers who is there, by role and by group, and to an empty question with everybody', async () => {
		await beat(heartbeat('r1'));
		await beat(heartbeat('r2', { groups: ['230.4.4.9'] }));
		await beat(heartbeat('s1', { role: 'sender' }));
		expect(ids(await list(''))).toEqual(['r1', 'r2', 'reg1', 's1']);
		expect(ids(await list({ v: 1, role: 'receiver' }))).toEqual(['r1', 'r2']);
		expect(ids(await list({ v: 1, role: 'receiver', group: '230.4.4.1' }))).toEqual(['r1']);
	});

	it('lists lost nodes only when asked, and tells ages by its own clock', async () => {
		await beat(heartbeat('r1'));
		now += 3001;
		registry.sweep();
		expect(lines.some((line) => line.includes('r1') && line.includes('lost'))).toBe(true);
		expect(ids(await list({ v: 1, role: 'receiver' }))).toEqual([]);
		const answer = await list({ v: 1, role: 'receiver', lost: true });
		expect(answer).toMatchObject({ listeningMs: 3001, nodes: [{ presence: 'lost', ageMs: 3001 }] });
	});

	it('pages: every node once, in order, and never more than fits into a message', async () => {
		const all = Array.from({ length: 1201 }, (_, i) => `n${String(i).padStart(4, '0')}`);
		const interfaces = [{ name: 'eth0', addresses: Array.from({ length: 30 }, (_, i) => `2001:db8::${i}`) }];
		for (const id of all) await beat(heartbeat(id, { interfaces, destination: '/'.padEnd(2000, 'x') }));
		const seen: string[] = [];
		let after: string | undefined;
		let pages = 0;
		do {
			const answer = await list({ v: 1, role: 'receiver', ...(after === undefined ? {} : { after }) });
			if (!answer.ok) throw new Error(answer.error.message);
			expect(answer.total).toBe(1201);
			seen.push(...ids(answer));
			after = answer.next;
			pages++;
		} while (after !== undefined && pages < 100);
		expect(seen).toEqual(all);
		expect(pages).toBeGreaterThan(3);
	});

	it('names both programs that share a UID in one line and one event', async () => {
		const events: Uint8Array[] = [];
		bus.subscribe(s.event('receiver'), (message) => void events.push(message.data));
		const uid = '0x0A630002';
		const first = heartbeat('r1', { uid, host: 'alpha', addresses: ['10.99.0.2'] });
		const second = heartbeat('r2', { uid, host: 'beta', addresses: ['10.99.0.3'] });
		for (let round = 1; round <= 4; round++) {
			await beat({ ...first, seq: round });
			now += 100;
			await beat({ ...second, seq: round });
			now += 100;
		}
		const reports = lines.filter((line) => line.includes('Two programs'));
		expect(reports.length).toBe(1);
		expect(reports[0]).toMatch(/0x0A630002.*(alpha.*beta|beta.*alpha)/);
		expect(reports[0]).toMatch(/10\.99\.0\.2/);
		expect(reports[0]).toMatch(/10\.99\.0\.3/);
		expect(events.length).toBe(1);
		const event = parseEvent(events[0]);
		expect(event).toMatchObject({ ok: true, value: { kind: 'receiver', data: { phase: 'duplicate', uid } } });
		expect(await list({ v: 1, role: 'receiver' })).toMatchObject({ nodes: [{ duplicates: [{ host: 'beta' }] }, {}] });
	});

	it('does not use what is no heartbeat, or speaks for another node, and complains once', async () => {
		for (let i = 0; i < 10; i++) bus.publish(s.heartbeat('receiver', 'r1'), 'nonsense');
		bus.publish(s.heartbeat('receiver', 'r2'), heartbeat('r3'));
		await new Promise((resolve) => setImmediate(resolve));
		expect(ids(await list({ v: 1, role: 'receiver' }))).toEqual([]);
		expect(lines.filter((line) => line.includes('is not used')).length).toBe(2);
	});

	it('refuses a question that it does not understand', async () => {
		expect(await list({ v: 1, rolle: 'receiver' })).toMatchObject({ ok: false, error: { code: 'bad-question' } });
	});
});

describe('the registry, of response proxies', () => {
	const uid = '0x0A630009';
	let pools: ResponsePool[];
	beforeEach(() => {
		pools = [];
		bus.subscribe(s.responsePool('hall'), (message) => {
			const parsed = parseResponsePool(message.data);
			if (!parsed.ok) throw new Error(parsed.problem);
			pools.push(parsed.value);
		});
	});

	const proxy = (id: string, more: Partial<Heartbeat> = {}): Heartbeat =>
		heartbeat(id, { role: 'proxy', uid: '0x0A630064', proxy: { mode: 'response', pool: 'hall' }, ...more });

	async function resolve(pool: string) {
		const parsed = parseResolveAnswer((await bus.request(s.registryResolve, { v: 1, pool, uid })).data);
		if (!parsed.ok || !parsed.value.ok) throw new Error('not resolved');
		return parsed.value;
	}

	it('gives a receiver the replica that rendezvous hashing gives it, and none of another pool or kind', async () => {
		expect((await resolve('hall')).assigned).toBeUndefined();
		await beat(proxy('p1'));
		await beat(proxy('p2', { addresses: ['10.99.0.3'] }));
		await beat(proxy('p3', { proxy: { mode: 'response', pool: 'yard' } }));
		await beat(proxy('p4', { proxy: { mode: 'client' } }));
		const { pool, assigned } = await resolve('hall');
		expect(pool.replicas.map(({ id }) => id)).toEqual(['p1', 'p2']);
		expect(assigned).toEqual(assignReplica(uid, pool.replicas));
		expect((await resolve('nowhere')).pool.replicas).toEqual([]);
	});

	it('publishes the pool when it changes and not otherwise: a new replica, one that leaves, one that falls silent', async () => {
		now += 60_000;
		registry.sweep();
		await beat(proxy('p1'));
		await beat(proxy('p2'));
		await beat(proxy('p2', { seq: 2 }));
		await beat(proxy('p2', { seq: 3, draining: true }));
		now += 3001;
		registry.sweep();
		await new Promise((done) => setImmediate(done));
		expect(pools.map(({ replicas }) => replicas.map(({ id, draining }) => (draining ? `(${id})` : id)))).toEqual([
			['p1'],
			['p1', 'p2'],
			['p1', '(p2)'],
			[],
		]);
		expect(pools.every(({ settled }) => settled)).toBe(true);
		const epochs = pools.map(({ epoch }) => epoch);
		expect(epochs).toEqual([...new Set(epochs)].sort((a, b) => a - b));
	});

	it('says as long as it has only just started that who is not listed may still be there', async () => {
		await beat(proxy('p1'));
		expect(pools.map(({ settled }) => settled)).toEqual([false]);
		now += 20_000;
		await beat(proxy('p1', { seq: 2 }));
		registry.sweep();
		await new Promise((done) => setImmediate(done));
		expect(pools.map(({ settled }) => settled)).toEqual([false, true]);
	});

	it('names those that it has heard and that are gone all the same, until it has listened for long enough', async () => {
		await beat(proxy('p1'));
		await beat(proxy('p2'));
		now += 3001;
		await beat(proxy('p1', { seq: 2 }));
		registry.sweep();
		await new Promise((done) => setImmediate(done));
		const { instance } = proxy('p2');
		expect(pools.at(-1)).toMatchObject({ settled: false, gone: [instance] });
		expect(pools.at(-1)?.replicas.map(({ id }) => id)).toEqual(['p1']);
		now += 20_000;
		await beat(proxy('p1', { seq: 3 }));
		registry.sweep();
		await new Promise((done) => setImmediate(done));
		expect(pools.at(-1)?.settled).toBe(true);
		expect(pools.at(-1)).not.toHaveProperty('gone');
	});
});

import { assignReplica, type Bus, MemoryBroker, MemoryBus, type Replica, type ResponsePool, subjects } from '@uftp/bus';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { PoolMember } from '../src/response-pool.ts';

const s = subjects();
const uid = '0x0A630009';
let bus: Bus;
let member: PoolMember | undefined;
let said: string[];
let log: string[];

beforeEach(() => {
	bus = new MemoryBus(new MemoryBroker());
	said = [];
	log = [];
});
afterEach(async () => {
	member?.stop();
	await bus.close();
});

const replica = (id: string, instance = `${id}-1`): Replica => ({
	id,
	instance,
	uid: '0x0A000001',
	address: '10.0.0.1',
	port: 1044,
});

function pool(epoch: number, replicas: readonly Replica[], settled = true): ResponsePool {
	return { v: 1, registry: 'reg', pool: 'hall', epoch, settled, replicas: [...replicas] };
}

async function turn(): Promise<void> {
	for (let i = 0; i < 4; i++) await new Promise((resolve) => setImmediate(resolve));
}

async function publish(one: ResponsePool): Promise<void> {
	bus.publish(s.responsePool('hall'), one);
	await turn();
}

async function start(): Promise<void> {
	const keep = (line: string): void => void log.push(line);
	const logger = { debug: keep, info: keep, warn: keep, error: keep };
	member = new PoolMember({
		bus,
		subjects: s,
		logger,
		uid,
		pool: 'hall',
		user: {
			assign: (one) => void said.push(`assign ${one?.instance ?? 'none'}`),
			lost: (one) => void said.push(`lost ${one.instance}`),
		},
	});
	await turn();
}

const all = ['a', 'b', 'c'].map((id) => replica(id));
const first = assignReplica(uid, all)!;
const others = all.filter(({ id }) => id !== first.id);
const second = assignReplica(uid, others)!;

describe('a receiver of a pool of response proxies', () => {
	it('asks the registry once and takes the replica that is its own', async () => {
		let questions = 0;
		bus.subscribe(s.registryResolve, (message) => {
			questions++;
			message.respond({ ok: true, v: 1, pool: pool(1, all), assigned: first });
		});
		await start();
		await publish(pool(1, all));
		expect(said).toEqual([`assign ${first.instance}`]);
		expect(questions).toBe(1);
	});

	it('changes nothing without a registry, says so, and hears of the pool when one comes', async () => {
		await start();
		expect(said).toEqual([]);
		expect(log.join('\n')).toContain('nothing changes');
		await publish(pool(5, all));
		expect(said).toEqual([`assign ${first.instance}`]);
	});

	it('moves when its replica is gone, and not when another one is', async () => {
		await start();
		await publish(pool(1, all));
		await publish(pool(2, [first, second]));
		expect(said).toEqual([`assign ${first.instance}`]);
		await publish(pool(3, [second]));
		expect(said.slice(1)).toEqual([`assign ${second.instance}`, `lost ${first.instance}`]);
	});

	it('takes a replica that has started again for another one: it knows nothing of the sessions before', async () => {
		await start();
		await publish(pool(1, all));
		const again = replica(first.id, 'again');
		await publish(pool(2, [again, ...others]));
		expect(said.slice(1)).toEqual(['assign again', `lost ${first.instance}`]);
	});

	it('lets a replica that is leaving finish what it has begun', async () => {
		await start();
		await publish(pool(1, all));
		await publish(pool(2, [{ ...first, draining: true }, ...others]));
		expect(said.slice(1)).toEqual([`assign ${second.instance}`]);
		await publish(pool(3, others));
		expect(said.slice(2)).toEqual([`lost ${first.instance}`]);
	});

	it('gives nothing new to a replica that is leaving, also where the registry has only just started', async () => {
		await start();
		await publish(pool(1, all, false));
		await publish(pool(2, [{ ...first, draining: true }, ...others], false));
		expect(said.slice(1)).toEqual([`assign ${second.instance}`]);
	});

	it('does not believe a registry that has only just started that a replica is gone', async () => {
		await start();
		await publish(pool(1, all));
		await publish(pool(9, [second], false));
		expect(said).toEqual([`assign ${first.instance}`]);
		await publish(pool(10, all));
		expect(said).toEqual([`assign ${first.instance}`]);
	});

	it('believes it of one that this registry has heard and not any more, however short a while it listens', async () => {
		await start();
		await publish(pool(1, all));
		await publish({ ...pool(9, others, false), gone: [first.instance] });
		expect(said.slice(1)).toEqual([`assign ${second.instance}`, `lost ${first.instance}`]);
		const third = others.find(({ id }) => id !== second.id)!;
		await publish({ ...pool(10, [], false), gone: [first.instance, third.instance] });
		expect(said).toHaveLength(3);
	});

	it('ignores a list that is older than what it knows, and what is no list', async () => {
		await start();
		await publish(pool(7, all));
		await publish(pool(6, [second]));
		bus.publish(s.responsePool('hall'), 'nonsense');
		await turn();
		expect(said).toEqual([`assign ${first.instance}`]);
	});

	it('goes back to what was configured when no replica is left', async () => {
		await start();
		await publish(pool(1, [first]));
		await publish(pool(2, []));
		expect(said.slice(1)).toEqual(['assign none', `lost ${first.instance}`]);
	});
});

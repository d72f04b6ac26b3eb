import type { Heartbeat } from '@uftp/bus';
import { describe, expect, it } from 'vitest';
import { PresenceTable } from '../src/presence-table.ts';

const interval = 1000;

function heartbeat(instance: string, more: Partial<Heartbeat> = {}): Heartbeat {
	return {
		v: 1,
		role: 'receiver',
		id: '0x0A630002',
		instance,
		seq: 1,
		version: '0.1.0',
		host: 'alpha',
		startedAt: '2026-01-01T00:00:00.000Z',
		intervalMs: interval,
		uid: '0x0A630002',
		addresses: ['10.99.0.2'],
		interfaces: [],
		groups: ['230.4.4.1'],
		caps: [],
		ours: true,
		...more,
	};
}

const kinds = (changes: readonly { kind: string }[]): string[] => changes.map(({ kind }) => kind);
const presences = (table: PresenceTable): string[] => [...table.current()].map(([, { presence }]) => presence);

describe('the table of who is there', () => {
	it('calls a silent node suspect after two intervals and lost after three, once each', () => {
		const table = new PresenceTable();
		expect(kinds(table.hear(heartbeat('a'), 0))).toEqual(['appeared']);
		expect(table.sweep(2 * interval)).toEqual([]);
		expect(kinds(table.sweep(2 * interval + 1))).toEqual(['suspect']);
		expect(table.sweep(3 * interval)).toEqual([]);
		expect(kinds(table.sweep(3 * interval + 1))).toEqual(['lost']);
		expect(table.sweep(100 * interval)).toEqual([]);
		expect(presences(table)).toEqual(['lost']);
	});

	it('measures by arrival: a heartbeat in time keeps a node alive, whatever its own clock says', () => {
		const table = new PresenceTable();
		for (let at = 0; at < 20; at++) {
			table.hear(heartbeat('a', { seq: at + 1, startedAt: '1999-01-01T00:00:00.000Z' }), at * 1.9 * interval);
			expect(table.sweep(at * 1.9 * interval + interval)).toEqual([]);
		}
		expect(presences(table)).toEqual(['alive']);
	});

	it('uses the interval that each node states', () => {
		const table = new PresenceTable();
		table.hear(heartbeat('quick', { id: 'quick', uid: '0x00000001', intervalMs: 100 }), 0);
		table.hear(heartbeat('slow', { id: 'slow', uid: '0x00000002', intervalMs: 60_000 }), 0);
		expect(kinds(table.sweep(301))).toEqual(['lost']);
		expect(presences(table)).toEqual(['lost', 'alive']);
	});

	it('says when a lost node is back', () => {
		const table = new PresenceTable();
		table.hear(heartbeat('a'), 0);
		table.sweep(4 * interval);
		expect(kinds(table.hear(heartbeat('a', { seq: 2 }), 5 * interval))).toEqual(['returned']);
		expect(presences(table)).toEqual(['alive']);
	});

	it('forgets a node that said goodbye, without calling it lost', () => {
		const table = new PresenceTable();
		table.hear(heartbeat('a'), 0);
		expect(kinds(table.hear(heartbeat('a', { draining: true }), 10))).toEqual(['left']);
		expect(presences(table)).toEqual(['draining']);
		expect(table.sweep(10 + 3 * interval + 1)).toEqual([]);
		expect(table.size).toBe(0);
	});

	it('says of one that was started in place of a dead one that it leaves, not that it is lost', () => {
		const table = new PresenceTable();
		table.hear(heartbeat('a'), 0);
		table.sweep(4 * interval);
		table.hear(heartbeat('b'), 5 * interval);
		table.hear(heartbeat('b', { draining: true }), 5 * interval + 10);
		expect(presences(table)).toEqual(['draining']);
	});

	it('takes a restart for a restart: the old program is never heard again', () => {
		const table = new PresenceTable();
		table.hear(heartbeat('old', { addresses: ['10.99.0.2'] }), 0);
		table.hear(heartbeat('old', { seq: 2 }), 1000);
		expect(kinds(table.hear(heartbeat('new'), 1500))).toEqual(['appeared']);
		expect(kinds(table.hear(heartbeat('new', { seq: 2 }), 2500))).toEqual([]);
		// The old instance is not reported as lost either: its successor holds the id.
		expect(table.sweep(4200)).toEqual([]);
		expect(presences(table)).toEqual(['alive']);
	});

	it('reports two programs with one UID once, as soon as both have been heard beside each other', () => {
		const table = new PresenceTable();
		const first = heartbeat('first');
		const second = heartbeat('second', { id: 'other-name', host: 'beta', addresses: ['10.99.0.3'] });
		table.hear(first, 0);
		expect(kinds(table.hear(second, 100))).toEqual(['appeared']);
		const changes = table.hear({ ...first, seq: 2 }, 1000);
		expect(changes).toMatchObject([{ kind: 'duplicate', heartbeat: { host: 'alpha' }, other: { host: 'beta' } }]);
		expect(table.hear({ ...second, seq: 2 }, 1100)).toEqual([]);
		expect(table.hear({ ...first, seq: 3 }, 2000)).toEqual([]);
		const [, instance] = [...table.current()][0]!;
		expect(table.doublesOf(instance).length).toBe(1);
	});

	it('does not confuse a sender and a receiver with the same UID', () => {
		const table = new PresenceTable();
		table.hear(heartbeat('a'), 0);
		table.hear(heartbeat('b', { role: 'sender' }), 10);
		expect(table.hear(heartbeat('a', { seq: 2 }), 20)).toEqual([]);
	});

	it('stays bounded: makes room by forgetting the longest lost, and says so when everybody is there', () => {
		const table = new PresenceTable({ maxNodes: 3, maxInstances: 2 });
		for (let i = 0; i < 3; i++) table.hear(heartbeat(`i${i}`, { id: `n${i}`, uid: `0x0000000${i + 1}` }), i);
		const late = heartbeat('late', { id: 'late', uid: '0x00000009' });
		expect(kinds(table.hear(late, 10))).toEqual(['full']);
		table.hear(heartbeat('i1', { id: 'n1', uid: '0x00000002', seq: 2 }), 2 * interval);
		table.sweep(3 * interval + 3);
		expect(kinds(table.hear(late, 3 * interval + 4))).toEqual(['appeared']);
		expect(table.size).toBe(3);
		for (let i = 0; i < 50; i++)
			table.hear(heartbeat(`again${i}`, { id: 'late', uid: '0x00000009' }), 3 * interval + 5 + i);
		expect([...table.current()].length).toBe(3);
	});
});

import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { assignReplica, type Replica } from '../src/index.ts';

const replica = (id: string, draining = false): Replica => ({
	id,
	instance: `${id}-1`,
	uid: '0x0A000001',
	address: '10.0.0.1',
	port: 1044,
	...(draining ? { draining } : {}),
});
const uids = Array.from(
	{ length: 3000 },
	(_, i) => `0x${(0x0a000000 + i).toString(16).toUpperCase().padStart(8, '0')}`,
);

describe('assignReplica', () => {
	it('gives each of three replicas about a third of the receivers', () => {
		const replicas = ['response-1', 'response-2', 'response-3'].map((id) => replica(id));
		for (const { id } of replicas) {
			const share = uids.filter((uid) => assignReplica(uid, replicas)?.id === id).length / uids.length;
			expect(share).toBeGreaterThan(0.28);
			expect(share).toBeLessThan(0.39);
		}
	});

	it('moves only the receivers of the replica that goes, whatever the order of the list', () => {
		const name = fc.stringMatching(/^[a-z0-9-]{1,12}$/);
		fc.assert(
			fc.property(fc.uniqueArray(name, { minLength: 2, maxLength: 8 }), fc.nat(), (names, pick) => {
				const before = names.map((id) => replica(id));
				const gone = names[pick % names.length];
				const after = before.filter(({ id }) => id !== gone).reverse();
				for (const uid of uids.slice(0, 100)) {
					const was = assignReplica(uid, before)?.id;
					if (was !== gone) expect(assignReplica(uid, after)?.id).toBe(was);
				}
			}),
		);
	});

	it('gives nobody to a replica that is leaving', () => {
		const replicas = [replica('a', true), replica('b')];
		for (const uid of uids.slice(0, 50)) expect(assignReplica(uid, replicas)?.id).toBe('b');
		expect(assignReplica('0x0A000001', [replica('a', true)])).toBeUndefined();
	});
});

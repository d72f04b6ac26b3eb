import type { RegistryNode } from '@uftp/bus';
import { describe, expect, it } from 'vitest';
import { nodesText } from '../../src/uftpctl/clients.ts';

function node(more: Partial<RegistryNode['heartbeat']>): RegistryNode {
	return {
		presence: 'alive',
		ageMs: 1000,
		firstSeen: '2026-01-01T00:00:00.000Z',
		lastSeen: '2026-01-01T00:00:00.000Z',
		heartbeat: {
			v: 1,
			role: 'receiver',
			id: 'n',
			instance: 'n-1',
			seq: 1,
			version: '0.1.0',
			host: 'alpha',
			startedAt: '2026-01-01T00:00:00.000Z',
			intervalMs: 1000,
			uid: '0x0A630002',
			addresses: ['10.99.0.2'],
			interfaces: [],
			groups: ['230.4.4.1'],
			port: 1044,
			caps: [],
			ours: true,
			...more,
		},
	} as RegistryNode;
}

const rowOf = (text: string, role: string): string => text.split('\n').find((line) => line.startsWith(role)) ?? '';

describe('the list of nodes', () => {
	it('says of proxies what they are, and for how many they answer', () => {
		const nodes = [
			node({ role: 'proxy', proxy: { mode: 'response', pool: 'lan', receivers: 7 }, load: { sessions: 2 } }),
			node({ role: 'sender', roots: ['a', 'b'] }),
			node({ destination: '/srv/in' }),
		];
		const text = nodesText(nodes, true);
		expect(rowOf(text, 'proxy')).toMatch(/ 2 sessions, 7 receivers$/);
		expect(rowOf(text, 'proxy')).toContain('response proxy of the pool lan, ');
		expect(rowOf(text, 'sender')).toMatch(/ roots a,b$/);
		expect(rowOf(text, 'receiver')).toMatch(/ \/srv\/in$/);
		const server = node({ role: 'proxy', proxy: { mode: 'server' }, load: { sessions: 1 } });
		expect(rowOf(nodesText([server], true), 'proxy')).toMatch(/ server proxy, 1 session$/);
	});
});

import type { Replica } from '@uftp/bus';
import { parseFingerprint } from '@uftp/crypto';
import type { Endpoint, ResponseProxyConfig } from '@uftp/protocol';
import { describe, expect, it } from 'vitest';
import { poolUser } from '../src/pool-proxy.ts';

const PRINT = Array.from({ length: 20 }, (_, i) => (i + 16).toString(16).toUpperCase()).join(':');
const REPLICA: Replica = { id: 'a', instance: 'a1', uid: '0x0A000001', address: '10.0.0.1', port: 1050 };
const CONFIGURED: ResponseProxyConfig = { endpoint: { host: '10.0.0.9', port: 1044 } };

describe('what the pool says to the receiving node', () => {
	function node() {
		const said: (string | ResponseProxyConfig | Endpoint | undefined)[] = [];
		const user = poolUser(
			{
				setResponseProxy: (_now, proxy) => void said.push('set', proxy),
				responseProxyLost: (_now, endpoint) => void said.push('lost', endpoint),
			},
			{ flush: () => void said.push('flush') },
			CONFIGURED,
		);
		return { user, said };
	}

	it('sets the replica as its response proxy, pinned to the key that its heartbeat shows', () => {
		const { user, said } = node();
		user.assign({ ...REPLICA, fingerprint: PRINT });
		const endpoint = { host: '10.0.0.1', port: 1050 };
		expect(said).toEqual(['set', { endpoint, fingerprint: parseFingerprint(PRINT) }, 'flush']);
	});

	it('falls back to the configured one when the pool is empty, and tells which one is dead', () => {
		const { user, said } = node();
		user.assign(undefined);
		user.lost(REPLICA);
		expect(said).toEqual(['set', CONFIGURED, 'flush', 'lost', { host: '10.0.0.1', port: 1050 }, 'flush']);
	});
});

import type { Replica } from '@uftp/bus';
import { parseFingerprint } from '@uftp/crypto';
import type { Endpoint, ResponseProxyConfig } from '@uftp/protocol';
import { describe, expect, it } from 'vitest';
import { poolUser } from '../src/pool-proxy.ts';

const PRINT = Array.from({ length: 20 }, (_, i) => (i + 16).toString(16).toUpperCase()).join(':');
const REPLICA: Replica = { id: 'a', instance: 'a1', uid: '0x0A000001', address: '10.0.0.1', port: 1050 };
const CONFIGURED: ResponseProxyConfig = { endpoint: { host: '10.0.0.9', port: 1044 } };

describe('what a change of the pool means for the receiver', () => {
	function watched() {
		const commands: (string | ResponseProxyConfig | Endpoint | undefined)[] = [];
		const user = poolUser(
			{
				setResponseProxy: (proxy) => void commands.push('set', proxy),
				responseProxyLost: (endpoint) => void commands.push('lost', endpoint),
			},
			CONFIGURED,
		);
		return { user, commands };
	}

	it('sets the replica as its response proxy, pinned to the key that its heartbeat shows', () => {
		const { user, commands } = watched();
		user.assign({ ...REPLICA, fingerprint: PRINT });
		const endpoint = { host: '10.0.0.1', port: 1050 };
		expect(commands).toEqual(['set', { endpoint, fingerprint: parseFingerprint(PRINT) }]);
	});

	it('falls back to the configured one when the pool is empty, and says which one is dead', () => {
		const { user, commands } = watched();
		user.assign(undefined);
		user.lost(REPLICA);
		expect(commands).toEqual(['set', CONFIGURED, 'lost', { host: '10.0.0.1', port: 1050 }]);
	});
});

import { expect, it } from 'vitest';
import { maskedNetwork } from '../src/masked-network.ts';

it.each([
	['203.0.113.77', '203.0.113.0/24'],
	['2001:db8:1:2::77', '2001:db8:1::/48'],
	['fe80::1%eth0', 'fe80::/48'],
	['nonsense', 'unknown'],
])('%s is shown as %s', (host, network) => {
	expect(maskedNetwork(host)).toBe(network);
});

import { describe, expect, it } from 'vitest';
import { isSameEndpoint } from '../../src/shared/endpoints.ts';

const isSame = (one: string, other: string) => isSameEndpoint({ host: one, port: 1044 }, { host: other, port: 1044 });

describe('two endpoints', () => {
	it('are one with the same address and port only', () => {
		expect(isSame('10.0.0.7', '10.0.0.7')).toBe(true);
		expect(isSame('10.0.0.7', '10.0.0.8')).toBe(false);
		expect(isSameEndpoint({ host: 'fe80::7%2', port: 1044 }, { host: 'fe80::7%2', port: 1045 })).toBe(false);
	});

	it('are one where only one of them names its interface, or by another kind of name', () => {
		expect(isSame('fe80::7', 'fe80::7%2')).toBe(true);
		expect(isSame('fe80::7%eth0', 'fe80::7%2')).toBe(true);
		expect(isSame('fe80::7%2', 'fe80::7%eth0')).toBe(true);
		expect(isSame('fe80::7%eth0', 'fe80::8%2')).toBe(false);
	});

	it('are two on two links', () => {
		expect(isSame('fe80::7%3', 'fe80::7%2')).toBe(false);
		expect(isSame('fe80::7%eth0', 'fe80::7%eth1')).toBe(false);
	});
});

import { hostKey } from '@uftp/wire';
import { describe, expect, it } from 'vitest';
import { SenderHosts } from '../../src/shared/sender-hosts.ts';

describe('the hosts of a sender', () => {
	it('are the one that announced, over IPv4', () => {
		const hosts = new SenderHosts('10.0.0.1');
		expect(hosts.accepts(hostKey('10.0.0.1'))).toBe(true);
		expect(hosts.accepts(hostKey('10.0.0.2'))).toBe(false);
	});

	it('may be one more over IPv6, where the source follows the scope of the group, and no third', () => {
		const hosts = new SenderHosts('fe80::1%2');
		expect(hosts.accepts(hostKey('fe80::1'))).toBe(true);
		expect(hosts.isKnown(hostKey('fd00::1'))).toBe(false);
		expect(hosts.accepts(hostKey('fd00::1'))).toBe(true);
		expect(hosts.isKnown(hostKey('fd00::1'))).toBe(true);
		expect(hosts.accepts(hostKey('fd00::2'))).toBe(false);
		expect(hosts.accepts(hostKey('fd00::1'))).toBe(true);
	});

	it('never take an IPv4 host for another address of an IPv6 sender, nor what is no address', () => {
		const hosts = new SenderHosts('fe80::1');
		expect(hosts.accepts(hostKey('10.0.0.1'))).toBe(false);
		expect(hosts.accepts(hostKey('somewhere'))).toBe(false);
		expect(new SenderHosts('10.0.0.1').accepts(hostKey('somewhere'))).toBe(false);
	});
});

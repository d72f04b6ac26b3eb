import { describe, expect, it } from 'vitest';
import { defaultInterface, findInterface, splitFamily, usableInterfaces } from '../src/interface-choice.ts';
import { listInterfaces, type NetworkInterface } from '../src/interfaces.ts';
import { loopback } from './loopback.ts';
import { runInNamespace } from './network-namespace.ts';

function fake(name: string, index: number, facts: Partial<NetworkInterface> = {}): NetworkInterface {
	const usual = { mtu: 1500, isUp: true, isMulticast: true, isLoopback: false };
	return { name, index, ipv4: [`10.0.${index}.1`], ipv6: [`fd0${index}::1`], ...usual, ...facts };
}

const MACHINE = [
	fake('lo', 1, { ipv4: ['127.0.0.1'], ipv6: ['::1'], mtu: 65_536, isMulticast: false, isLoopback: true }),
	fake('down0', 2, { isUp: false }),
	fake('eth0', 3, { ipv6: [] }),
	fake('eth1', 4),
	fake('tun0', 5, { isMulticast: false }),
];

describe('naming an interface', () => {
	it.each(['eth1', '4', '10.0.4.1', 'fd04::1', 'fd04:0::1', '10.0.4.0/24', 'fd04::/16', 'eth1/4', 'eth1/6'])(
		'%s finds eth1',
		async (name) => {
			expect((await findInterface(name, 4, MACHINE)).name).toBe('eth1');
		},
	);

	it('the loopback is used when it is named', async () => {
		expect((await findInterface('127.0.0.1', 4, MACHINE)).name).toBe('lo');
	});

	it('a host name of this machine finds its interface', async () => {
		expect((await findInterface('localhost', 4, MACHINE)).name).toBe('lo');
	});

	it('one that does not exist gives a sentence with those that do', async () => {
		await expect(findInterface('eth9', 4, MACHINE)).rejects.toThrow(
			/^There is no interface "eth9"\. This machine has: lo \(127\.0\.0\.1, ::1; .*eth0 \(10\.0\.3\.1; .*tun0/,
		);
	});

	it.each([
		['down0', 4, /down0 is down/],
		['eth0', 6, /eth0 has no IPv6 address/],
		['eth0/6', 4, /eth0 has no IPv6 address/],
		['10.0.0.0/8', 4, /Several interfaces are in 10\.0\.0\.0\/8: down0 .*eth0 .*eth1/],
		['192.168.7.7', 4, /There is no interface "192\.168\.7\.7"/],
		['10.0.0.0/99', 4, /There is no interface/],
		['', 4, /There is no interface ""/],
	] as const)('"%s" over IPv%i is refused with a sentence', async (name, family, sentence) => {
		await expect(findInterface(name, family, MACHINE)).rejects.toThrow(sentence);
	});

	it('the family can stand behind the name but not behind a network', () => {
		expect(splitFamily('eth0/6')).toEqual({ name: 'eth0', family: 6 });
		expect(splitFamily('eth0')).toEqual({ name: 'eth0', family: undefined });
		expect(splitFamily('10.0.0.0/4')).toEqual({ name: '10.0.0.0/4', family: undefined });
	});
});

describe('choosing an interface', () => {
	it('takes the first that is up, multicasts and has the family, and says why and which it did not take', () => {
		const { networkInterface, reason, ignored } = defaultInterface(6, undefined, MACHINE);
		expect(networkInterface.name).toBe('eth1');
		expect(reason).toMatch(
			/^Interface eth1 \(.*\): the only one that is up and multicasts; not used: lo, down0, eth0, tun0\.$/,
		);
		expect(ignored).toEqual(['lo', 'down0', 'eth0', 'tun0']);
		expect(defaultInterface(4, undefined, MACHINE).networkInterface.name).toBe('eth0');
	});

	it('never takes the loopback by itself', () => {
		const only = MACHINE.filter((each) => each.isLoopback);
		expect(() => defaultInterface(4, '230.4.4.1', only)).toThrow(/^No interface .* besides the loopback/);
		expect(usableInterfaces(4, MACHINE).map((each) => each.name)).toEqual(['eth0', 'eth1']);
	});

	it('on a machine with one real interface takes that one, by its own facts', () => {
		expect(runInNamespace('default-interface')).toMatchObject({ name: 'uftp0', byNetwork: 'uftp0' });
	});
});

describe('the interfaces of this machine', () => {
	it('include the loopback with its number, MTU and address', () => {
		const found = loopback();
		expect(found).toMatchObject({ isUp: true, isLoopback: true });
		expect(found.ipv4).toContain('127.0.0.1');
		expect(found.mtu).toBeGreaterThanOrEqual(16_384);
		expect(found.index).toBeGreaterThan(0);
	});

	it('have names and numbers of their own', () => {
		const all = listInterfaces();
		expect(new Set(all.map((each) => each.name)).size).toBe(all.length);
		expect(new Set(all.map((each) => each.index)).size).toBe(all.length);
	});
});

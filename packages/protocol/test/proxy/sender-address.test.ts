import { hostKey, MessageType } from '@uftp/wire';
import { describe, expect, it } from 'vitest';
import { SenderAddress } from '../../src/proxy/sender-address.ts';
import { announcement, datagram, GatheringShell, HELD_MS, PROXY_ID, receiverId } from './gathering-shell.ts';

const FIRST = hostKey('fd99::1');
const LINK_LOCAL = hostKey('fe80::1%2');

describe('the address of a relayed sender', () => {
	it('is the one that announced, with its port', () => {
		const address = new SenderAddress({ host: '10.0.0.1', port: 40_000 });
		expect(address.is(hostKey('10.0.0.1'), 40_000)).toBe(true);
		expect(address.is(hostKey('10.0.0.1'), 40_001)).toBe(false);
		expect(address.adopt(hostKey('10.0.0.2'), 40_000)).toBe(false);
	});

	it('has one more with IPv6, the first that speaks from the same port', () => {
		const address = new SenderAddress({ host: 'fd99::1', port: 40_000 });
		expect(address.is(FIRST, 40_000)).toBe(true);
		expect(address.adopt(LINK_LOCAL, 1044)).toBe(false);
		expect(address.adopt(hostKey('10.0.0.1'), 40_000)).toBe(false);
		expect(address.adopt(LINK_LOCAL, 40_000)).toBe(true);
		expect(address.is(LINK_LOCAL, 40_000)).toBe(true);
		expect(address.adopt(hostKey('fe80::2'), 40_000)).toBe(false);
	});
});

describe('a response proxy of an IPv6 sender', () => {
	const SENDER6 = { host: 'fd99::1', port: 40_000 };
	const groups = { publicAddress: 'ff15::4:1', privateAddress: 'ff12::5:1' };

	function confirmedFrom(host: string, port: number): number {
		const shell = new GatheringShell({ kind: 'response', publicGroups: ['ff15::4:1'], ownAddresses: ['fd99::9'] });
		shell.receive(SENDER6, datagram(MessageType.ANNOUNCE, announcement({ family: 6, ...groups })));
		shell.register(1);
		shell.advance(HELD_MS);
		const confirmation = { ids: [PROXY_ID, receiverId(1)] };
		shell.receive({ host, port }, datagram(MessageType.REG_CONF, confirmation, { sequence: 1 }));
		return shell.of('receiverConfirmed').length;
	}

	it('hears it also at the address that goes with the scope of the private group', () => {
		expect(confirmedFrom('fd99::1', 40_000)).toBe(1);
		expect(confirmedFrom('fe80::1%2', 40_000)).toBe(1);
	});

	it('hears nobody else in its name from another port', () => {
		expect(confirmedFrom('fe80::1%2', 40_001)).toBe(0);
	});
});

import { sourceKey } from '@uftp/native';
import { formatAddress, hostKey, parseAddress } from '@uftp/wire';
import fc from 'fast-check';
import { afterEach, describe, expect, it } from 'vitest';
import type { DatagramSocket } from '../src/datagram-socket.ts';
import { openSocket } from '../src/open-socket.ts';
import { block, fillBurst, loopback, sendAll, until } from './loopback.ts';

const sockets: DatagramSocket[] = [];
afterEach(() => {
	for (const socket of sockets.splice(0)) socket.close();
});

async function open(driver: 'linux-batch' | 'portable', address: string): Promise<DatagramSocket> {
	const socket = await openSocket({ family: 4, driver, bind: { address }, networkInterface: loopback() });
	sockets.push(socket);
	return socket;
}

describe('the keys of hosts', () => {
	it('are told apart by their keys', () => {
		const v6 = fc.uint8Array({ minLength: 16, maxLength: 16 });
		fc.assert(
			fc.property(v6, v6, (a, b) => {
				const same = a.every((byte, i) => byte === b[i]);
				expect(sourceKey(a, 0, 16) === sourceKey(b, 0, 16)).toBe(same);
				expect(sourceKey(a, 0, 16)).toBeLessThan(0);
			}),
		);
		const one = parseAddress('fd00::1');
		const two = parseAddress('fd00::2');
		if (one === undefined || two === undefined) throw new Error('these are addresses');
		expect(sourceKey(one, 0, 16)).not.toBe(sourceKey(two, 0, 16));
	});

	it('have the key that the socket makes of their bytes', () => {
		for (const size of [4, 16] as const) {
			const address = fc.uint8Array({ minLength: size, maxLength: size });
			fc.assert(
				fc.property(address, (bytes) => {
					expect(hostKey(formatAddress(bytes, 0, size))).toBe(sourceKey(bytes, 0, size));
				}),
			);
		}
	});

	it.each(['linux-batch', 'portable'] as const)('are what the %s socket says of each datagram', async (driver) => {
		const receiver = await open(driver, '127.0.0.1');
		const senders = [await open(driver, '127.0.0.1'), await open(driver, '127.0.0.7')];
		const keys = new Set<number>();
		const batch = receiver.createIncoming();
		receiver.onReadable(() => {
			while (receiver.receive(batch)) for (let i = 0; i < batch.count; i++) keys.add(batch.sourceKey(i));
		});
		for (const sender of senders) {
			const burst = sender.createOutgoing();
			fillBurst(burst, receiver.local, [block(0, 100), block(1, 100)]);
			await sendAll(sender, burst);
		}
		await until(() => keys.size === 2);
		expect(keys).toEqual(new Set([hostKey('127.0.0.1'), hostKey('127.0.0.7')]));
	});
});

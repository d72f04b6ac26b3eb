import { readFileSync } from 'node:fs';
import { afterEach, describe, expect, it } from 'vitest';
import type { DatagramSocket, SocketDriver } from '../src/datagram-socket.ts';
import { type MulticastListener, openListener } from '../src/listener.ts';
import { openSocket } from '../src/open-socket.ts';
import { collect, loopback, pattern, sendEach, settle, until } from './loopback.ts';

const sockets: DatagramSocket[] = [];
afterEach(() => {
	for (const socket of sockets.splice(0)) socket.close();
});

/** A port that nobody has: taken from the kernel and given back. */
async function freePort(): Promise<number> {
	const probe = await openSocket({ family: 4, bind: { port: 0 } });
	const { port } = probe.local;
	probe.close();
	return port;
}

async function listen(driver: SocketDriver, port: number): Promise<MulticastListener> {
	const listener = await openListener({ family: 4, bind: { port }, networkInterface: loopback(), driver });
	sockets.push(listener);
	return listener;
}

async function openSender(): Promise<DatagramSocket> {
	const sender = await openSocket({ family: 4, bind: { address: '127.0.0.1' }, networkInterface: loopback() });
	sockets.push(sender);
	return sender;
}

function group(i: number): string {
	return `230.78.${i >> 8}.${i & 255}`;
}

for (const driver of ['linux-batch', 'portable'] as const) {
	describe(`the receiver's port with the ${driver} socket`, () => {
		it('50 groups are more than a socket of the kernel takes, and each arrives exactly once', async () => {
			const listener = await listen(driver, await freePort());
			const sender = await openSender();
			const collected = collect(listener);
			for (let i = 0; i < 50; i += 1) {
				listener.join(group(i), loopback());
				// A portable socket is opened in a later turn.
				if (i % 15 === 14) await Bun.sleep(20);
			}
			expect(listener.socketCount).toBe(3);
			for (let i = 0; i < 50; i += 1) {
				await sendEach(sender, { host: group(i), port: listener.local.port }, [pattern(i, 100 + i)]);
			}
			await until(() => collected.length >= 50);
			await settle();
			const lengths = collected.map((each) => each.bytes.length).sort((a, b) => a - b);
			expect(lengths).toEqual(Array.from({ length: 50 }, (_, i) => 100 + i));
		});

		it('a group that was joined twice is left after two leaves', async () => {
			const listener = await listen(driver, await freePort());
			const sender = await openSender();
			const collected = collect(listener);
			const to = { host: group(1), port: listener.local.port };
			listener.join(group(1), loopback());
			listener.join(group(1), loopback());
			listener.leave(group(1), loopback());
			await sendEach(sender, to, [pattern(1, 10)]);
			await until(() => collected.length === 1);
			expect(collected).toHaveLength(1);
			listener.leave(group(1), loopback());
			listener.leave(group(1), loopback());
			await sendEach(sender, to, [pattern(2, 20)]);
			await settle();
			expect(collected).toHaveLength(1);
		});

		it('what is sent to the host itself arrives once, however many sockets there are', async () => {
			const listener = await listen(driver, await freePort());
			const sender = await openSender();
			const collected = collect(listener);
			for (let i = 0; i < 25; i += 1) listener.join(group(i), loopback());
			await sendEach(sender, { host: '127.0.0.1', port: listener.local.port }, [pattern(1, 33)]);
			await until(() => collected.length === 1);
			await settle();
			expect(collected.map((each) => each.bytes.length)).toEqual([33]);
		});

		it('a second receiver on the port is told that it shares it; multicast reaches both, unicast only one', async () => {
			const port = await freePort();
			const first = await listen(driver, port);
			const second = await listen(driver, port);
			expect([first.isShared, second.isShared]).toEqual([false, true]);
			const sender = await openSender();
			const [atFirst, atSecond] = [collect(first), collect(second)];
			first.join(group(1), loopback());
			second.join(group(1), loopback());
			await sendEach(sender, { host: group(1), port }, [pattern(1, 20)]);
			await sendEach(sender, { host: '127.0.0.1', port }, [pattern(1, 30)]);
			await until(() => atFirst.length + atSecond.length === 3);
			await settle();
			const lengths = [...atFirst, ...atSecond].map((each) => each.bytes.length).sort((a, b) => a - b);
			expect(lengths).toEqual([20, 20, 30]);
			expect(atFirst.length).toBeGreaterThan(0);
			expect(atSecond.length).toBeGreaterThan(0);
		});

		it('a port that another program does not share is refused with its name', async () => {
			const holder = await openSocket({ family: 4, driver });
			sockets.push(holder);
			const error = await listen(driver, holder.local.port).catch((caught: unknown) => caught);
			expect(String(error)).toMatch(
				new RegExp(`^TransportError: UDP port ${holder.local.port} .*process ${process.pid}`),
			);
		});
	});
}

describe('past the end', () => {
	it('the sentence says that all sockets are full and what the limit is called', async () => {
		const listener = await listen('linux-batch', await freePort());
		let joined = 0;
		let error: unknown;
		while (error === undefined && joined < 5000) {
			try {
				listener.join(group(joined), loopback());
				joined += 1;
			} catch (caught) {
				error = caught;
			}
		}
		const limit = Number(readFileSync('/proc/sys/net/ipv4/igmp_max_memberships', 'utf8'));
		expect([listener.socketCount, joined]).toEqual([32, 32 * limit]);
		expect(String(error)).toMatch(/Cannot join 230\.78\..*igmp_max_memberships.*All 32 sockets/);
	});
});

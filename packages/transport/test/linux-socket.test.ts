import { Errno, openReadiness } from '@uftp/native';
import fc from 'fast-check';
import { afterEach, describe, expect, it } from 'vitest';
import type { SocketOptions } from '../src/datagram-socket.ts';
import { type LinuxSocket, openLinuxSocket } from '../src/linux/socket.ts';
import { block, collect, fillBurst, loopback, pattern, sendAll, sendEach, unpack, until } from './loopback.ts';
import { runInNamespace } from './network-namespace.ts';

const sockets: LinuxSocket[] = [];
afterEach(() => {
	for (const socket of sockets.splice(0)) socket.close();
});

function open(options: Partial<SocketOptions> = {}): LinuxSocket {
	const { readiness, why } = openReadiness();
	if (readiness === undefined) throw new Error(`these tests need Linux: ${why}`);
	const bind = { address: '127.0.0.1' };
	const socket = openLinuxSocket(readiness, { family: 4, bind, networkInterface: loopback(), ...options });
	sockets.push(socket);
	return socket;
}

describe('multicast on the loopback interface', () => {
	it('comes from 127.0.0.1, not from another address of the machine', async () => {
		const receiver = open({ bind: {} });
		receiver.join('230.4.4.9', loopback());
		const sender = open({ bind: {} });
		const collected = collect(receiver);
		const batch = sender.createOutgoing();
		fillBurst(batch, { host: '230.4.4.9', port: receiver.local.port }, [block(0, 100)]);
		await sendAll(sender, batch);
		await until(() => collected.length === 1);
		expect(collected[0].from.host).toBe('127.0.0.1');
	});
});

describe('sending in trains', () => {
	it('a burst is one system call', async () => {
		const [receiver, sender] = [open(), open()];
		const collected = collect(receiver);
		const batch = sender.createOutgoing();
		fillBurst(
			batch,
			receiver.local,
			Array.from({ length: 48 }, (_, i) => block(i, 1300)),
		);
		await sendAll(sender, batch);
		await until(() => collected.length === 48);
		expect(sender.stats().sendCalls).toBe(1);
		expect(receiver.stats().receiveCalls).toBeLessThanOrEqual(3);
	});

	it('a burst can be sent from its middle', async () => {
		const [receiver, sender] = [open(), open()];
		const collected = collect(receiver);
		const batch = sender.createOutgoing();
		const sent = Array.from({ length: 10 }, (_, i) => pattern(i, 200));
		fillBurst(batch, receiver.local, sent);
		expect(sender.send(batch, 7)).toBe(3);
		await until(() => collected.length === 3);
		expect(collected.map((each) => each.bytes)).toEqual(sent.slice(7));
	});

	it.each([4, 6])(
		'over IPv%i, datagrams longer than the MTU go one by one, and those that fit stay segmented',
		(family) => {
			// 1300 fits 1500 segmented; 8800 does not and is left to IP to fragment, by one call for separate messages.
			expect(runInNamespace('beyond-mtu', `${family} 1500`)).toEqual({
				results: [
					{ received: 40, isWhole: true, calls: 1, errors: 0 },
					{ received: 7, isWhole: true, calls: 1, errors: 0 },
					{ received: 40, isWhole: true, calls: 1, errors: 0 },
				],
				isSegmenting: [true, false],
			});
		},
	);

	it.each([4, 6])(
		'over IPv%i, an MTU smaller than was thought is learnt, and the same burst goes again in singles',
		(family) => {
			const { results, isSegmenting } = runInNamespace('beyond-mtu', `${family} 9000`) as {
				results: unknown;
				isSegmenting: boolean[];
			};
			expect(results).toEqual([
				{ received: 40, isWhole: true, calls: 1, errors: 0 },
				{ received: 7, isWhole: true, calls: 2, errors: 0 },
				{ received: 40, isWhole: true, calls: 1, errors: 0 },
			]);
			// Kernels that say EINVAL instead of EMSGSIZE are not asked to segment anything any more.
			expect(isSegmenting[1]).toBe(false);
		},
	);

	it('a kernel that does not segment gets every datagram by itself, for good', async () => {
		const [receiver, sender] = [open(), open()];
		const collected = collect(receiver);
		sender.disableSegmentation();
		const batch = sender.createOutgoing();
		const sent = Array.from({ length: 30 }, (_, i) => block(i, 1300));
		fillBurst(batch, receiver.local, sent);
		for (let burst = 0; burst < 3; burst += 1) await sendAll(sender, batch);
		await until(() => collected.length === 90);
		expect(collected.map((each) => each.bytes)).toEqual([...sent, ...sent, ...sent]);
		expect([sender.stats().sendCalls, sender.isSegmenting(100)]).toEqual([3, false]);
	});

	it('a destination without permission is counted as lost and explained', () => {
		const sender = open();
		const batch = sender.createOutgoing();
		fillBurst(batch, { host: '255.255.255.255', port: 9 }, [pattern(1, 50), pattern(2, 50)]);
		expect(sender.send(batch, 0)).toBe(2);
		expect(sender.stats()).toMatchObject({ datagramsOut: 0, sendErrors: 2 });
		expect(sender.stats().lastError).toMatch(/^sending to 255\.255\.255\.255 port 9 failed: .*\(E[A-Z]+\)$/);
	});

	it('a buffer that is full takes no more and says so', () => {
		expect(Errno.EAGAIN).toBe(11);
		const [receiver, sender] = [open(), open()];
		const batch = sender.createOutgoing();
		fillBurst(
			batch,
			receiver.local,
			Array.from({ length: 7 }, (_, i) => block(i, 8800)),
		);
		let refused = 0;
		// Nobody reads: what is queued at the receiver is charged to the sender's buffer until then, or dropped.
		for (let i = 0; i < 2000; i += 1) if (sender.send(batch, 0) < 7) refused += 1;
		const { datagramsOut, sendErrors } = sender.stats();
		expect(sendErrors).toBe(0);
		expect(datagramsOut + refused).toBeGreaterThan(0);
		expect(receiver.stats().kernelDrops + refused).toBeGreaterThan(0);
	});
});

describe('receiving in trains', () => {
	it('any mixture of bursts, singles and predictions brings every datagram whole and in order', async () => {
		const lengths = fc.oneof(fc.constant(1324), fc.constant(524), fc.integer({ min: 1, max: 1400 }));
		const burst = fc.record({
			length: lengths,
			lastLength: fc.integer({ min: 1, max: 1324 }),
			count: fc.oneof(fc.constant(1), fc.integer({ min: 2, max: 12 })),
			isData: fc.boolean(),
		});
		const prediction = fc.constantFrom([0, 0], [24, 1300], [24, 500], [36, 1288], [24, 9000]);
		await fc.assert(
			fc.asyncProperty(fc.array(burst, { minLength: 1, maxLength: 8 }), prediction, async (bursts, hint) => {
				const [receiver, sender] = [open(), open()];
				receiver.expectData(hint[0], hint[1]);
				const batch = sender.createOutgoing();
				const sent: Uint8Array[] = [];
				for (const { length, lastLength, count, isData } of bursts) {
					const datagrams = Array.from({ length: count }, (_, i) => {
						const own = i === count - 1 ? Math.min(lastLength, length) : length;
						return isData && own > 24 ? block(sent.length + i, own - 24) : pattern(sent.length + i, own);
					});
					fillBurst(batch, receiver.local, datagrams);
					await sendAll(sender, batch);
					sent.push(...datagrams);
				}
				const collected = collect(receiver);
				await until(() => collected.length === sent.length);
				receiver.close();
				sender.close();
				expect(collected.map((each) => Buffer.from(each.bytes).toString('base64'))).toEqual(
					sent.map((each) => Buffer.from(each).toString('base64')),
				);
				for (const [i, each] of collected.entries()) {
					if (each.isScattered) expect([sent[i][0], sent[i][1], sent[i][17] * 4 + 16]).toEqual([0x40, 9, hint[0]]);
				}
			}),
			{ numRuns: 40 },
		);
	});

	it('single blocks come many to a call, their payloads back to back', async () => {
		const [receiver, sender] = [open(), open()];
		receiver.expectData(24, 1300);
		const sent = Array.from({ length: 100 }, (_, i) => block(i, 1300));
		await sendEach(sender, receiver.local, sent);
		const batch = receiver.createIncoming();
		const collected = [];
		let calls = 0;
		let backToBack = 0;
		while (receiver.receive(batch)) {
			calls += 1;
			for (let i = 1; i < batch.count; i += 1)
				if (batch.payloadAt[i] === batch.payloadAt[i - 1] + 1300) backToBack += 1;
			collected.push(...unpack(batch));
		}
		expect(collected.map((each) => each.bytes)).toEqual(sent);
		expect(calls).toBeLessThan(15);
		expect(backToBack).toBeGreaterThan(80);
	});

	it('sources stay apart when several senders come in one call', async () => {
		const receiver = open();
		const senders = [open(), open(), open()];
		for (let round = 0; round < 5; round += 1) {
			for (const sender of senders) await sendEach(sender, receiver.local, [pattern(round, 40)]);
		}
		const collected = collect(receiver);
		await until(() => collected.length === 15);
		expect(collected.map((each) => each.from)).toEqual(
			Array.from({ length: 5 }, () => senders.map((each) => each.local)).flat(),
		);
	});

	it('datagrams that nobody fetched in time are counted as dropped by the kernel', async () => {
		const [receiver, sender] = [open(), open()];
		const batch = sender.createOutgoing();
		fillBurst(
			batch,
			receiver.local,
			Array.from({ length: 49 }, (_, i) => block(i, 1300)),
		);
		for (let i = 0; i < 2500; i += 1) await sendAll(sender, batch);
		const collected = receiver.createIncoming();
		let received = 0;
		while (receiver.receive(collected)) received += collected.count;
		expect(receiver.stats().kernelDrops).toBeGreaterThan(0);
		expect(received).toBeLessThan(2500 * 49);
	});
});

describe('memory that the kernel sees', () => {
	it('survives the collector: thousands of datagrams through collections arrive where and as they should', async () => {
		const [receiver, sender] = [open(), open()];
		receiver.expectData(24, 1300);
		const collected = collect(receiver);
		const batch = sender.createOutgoing();
		const sent = Array.from({ length: 20 }, (_, i) => block(i, 1300));
		let garbage: Uint8Array[] = [];
		for (let round = 1; round <= 100; round += 1) {
			fillBurst(batch, { ...receiver.local }, sent);
			await sendAll(sender, batch);
			await sendEach(sender, { ...receiver.local }, [pattern(round, 60)]);
			garbage = Array.from({ length: 200 }, () => new Uint8Array(16 + (round % 64)));
			Bun.gc(true);
			await until(() => collected.length === round * 21);
		}
		expect(garbage).toHaveLength(200);
		expect(collected).toHaveLength(2100);
		for (const [i, each] of collected.entries()) {
			const wanted = i % 21 < 20 ? sent[i % 21] : pattern(Math.floor(i / 21) + 1, 60);
			expect(Buffer.compare(each.bytes, wanted)).toBe(0);
			expect(each.from).toEqual(sender.local);
		}
	});
});

import type { Family } from '@uftp/wire';
import { afterEach, describe, expect, it } from 'vitest';
import type { DatagramSocket, SocketDriver, SocketOptions } from '../src/datagram-socket.ts';
import { TransportError } from '../src/errors/transport-error.ts';
import { openSocket } from '../src/open-socket.ts';
import { block, collect, fillBurst, loopback, pattern, sendAll, sendEach, settle, until } from './loopback.ts';

const HOSTS = { 4: '127.0.0.1', 6: '::1' } as const;

const sockets: DatagramSocket[] = [];
afterEach(() => {
	for (const socket of sockets.splice(0)) socket.close();
});

for (const driver of ['linux-batch', 'portable'] as const) {
	for (const family of [4, 6] as const) {
		describe(`the ${driver} socket over IPv${family}`, () => contract(driver, family));
	}
}

function contract(driver: SocketDriver, family: Family): void {
	const host = HOSTS[family];

	async function open(options: Partial<SocketOptions> = {}): Promise<DatagramSocket> {
		const socket = await openSocket({ family, driver, networkInterface: loopback(), ...options });
		sockets.push(socket);
		return socket;
	}

	async function openBound(): Promise<DatagramSocket> {
		return open({ bind: { address: host } });
	}

	it('says its driver, its real port and the buffers it got', async () => {
		const socket = await openBound();
		expect([socket.driver, socket.family, socket.local.host]).toEqual([driver, family, host]);
		expect(socket.local.port).toBeGreaterThan(0);
		expect(socket.receiveBufferBytes).toBeGreaterThanOrEqual(200_000);
		expect(socket.sendBufferBytes).toBeGreaterThanOrEqual(200_000);
	});

	it.each([512, 1300, 8800])(
		'a burst of blocks of %i bytes arrives as it was sent, and in order',
		async (payloadBytes) => {
			const receiver = await openBound();
			const sender = await openBound();
			receiver.expectData(24, payloadBytes);
			const collected = collect(receiver);
			const batch = sender.createOutgoing();
			const count = Math.min(batch.capacity, Math.floor(batch.bytes.length / (24 + payloadBytes)));
			const sent = Array.from({ length: count }, (_, i) => block(i, i === count - 1 ? 100 : payloadBytes));
			fillBurst(batch, receiver.local, sent);
			await sendAll(sender, batch);
			await until(() => collected.length === count);
			expect(collected.map((each) => each.bytes)).toEqual(sent);
			expect(collected[0].isScattered).toBe(true);
			expect(collected[1].payloadAt - collected[0].payloadAt).toBe(payloadBytes);
			expect(collected[0].from).toEqual(sender.local);
			const { datagramsOut, bytesOut } = sender.stats();
			const { datagramsIn, bytesIn } = receiver.stats();
			const bytes = (count - 1) * (24 + payloadBytes) + 124;
			expect([datagramsOut, bytesOut, datagramsIn, bytesIn]).toEqual([count, bytes, count, bytes]);
		},
	);

	it('no length is cut off or merged, whatever was predicted', async () => {
		for (const [split, payloadBytes] of [
			[0, 0],
			[24, 1300],
			[24, 100],
			[56, 8800],
		]) {
			const receiver = await openBound();
			const sender = await openBound();
			receiver.expectData(split, payloadBytes);
			const collected = collect(receiver);
			const lengths = [1, 16, 23, 24, 25, 56, 57, 124, 125, 1323, 1324, 1325, 8856, 9000, 20_000, 65_000];
			const sent = lengths.flatMap((length) => [pattern(length, length), pattern(length + 1, length)]);
			for (const [i, datagram] of sent.entries()) {
				await sendEach(sender, receiver.local, [datagram]);
				// Where the system gives small buffers, two of the longest fill one.
				if (datagram.length > 5000) await until(() => collected.length === i + 1);
			}
			await until(() => collected.length === sent.length);
			expect(collected.map((each) => each.bytes.length)).toEqual(sent.map((each) => each.length));
			for (const [i, each] of collected.entries()) expect(Buffer.compare(each.bytes, sent[i])).toBe(0);
		}
	});

	it('what is not a block is flat, though it is as long as one and stands between blocks', async () => {
		const receiver = await openBound();
		const sender = await openBound();
		receiver.expectData(24, 300);
		const collected = collect(receiver);
		const sealed = block(3, 300);
		sealed[1] = 2;
		const longHeader = block(4, 300);
		longHeader[17] = 4;
		const sent = [block(1, 300), sealed, block(2, 300), longHeader, block(5, 300)];
		const batch = sender.createOutgoing();
		fillBurst(batch, receiver.local, sent);
		await sendAll(sender, batch);
		await until(() => collected.length === sent.length);
		expect(collected.map((each) => each.bytes)).toEqual(sent);
		expect([collected[1].isScattered, collected[3].isScattered]).toEqual([false, false]);
	});

	it('short control messages of one length stay separate datagrams', async () => {
		const receiver = await openBound();
		const sender = await openBound();
		const collected = collect(receiver);
		const sent = Array.from({ length: 50 }, (_, i) => pattern(i, 44));
		const batch = sender.createOutgoing();
		fillBurst(batch, receiver.local, sent);
		await sendAll(sender, batch);
		await until(() => collected.length === sent.length);
		expect(collected.map((each) => each.bytes)).toEqual(sent);
	});

	it('a port that is held gives a sentence that names the port and its holder', async () => {
		const holder = await openBound();
		const { port } = holder.local;
		const error = await open({ bind: { address: host, port } }).catch((caught: unknown) => caught);
		expect(error).toBeInstanceOf(TransportError);
		expect((error as TransportError).code).toBe('EADDRINUSE');
		expect(String(error)).toContain(`port ${port} `);
		expect(String(error)).toContain(`process ${process.pid}`);
	});

	it('an address of another machine cannot be bound, and the sentence says so', async () => {
		const address = family === 4 ? '192.0.2.99' : '2001:db8::99';
		const error = await open({ bind: { address } }).catch((caught: unknown) => caught);
		expect(String(error)).toMatch(/^TransportError: .*is not an address of this machine/);
	});

	it('joining what is no group gives a sentence', async () => {
		const socket = await openBound();
		const noGroup = family === 4 ? '10.1.2.3' : '2001:db8::1';
		expect(() => socket.join(noGroup, loopback())).toThrow(/^Cannot join .* is not a multicast group/);
	});

	it('a destination of the other family or no address is counted as lost, never thrown', async () => {
		const socket = await openBound();
		const batch = socket.createOutgoing();
		for (const destination of [family === 4 ? '::1' : '127.0.0.1', 'host.example', '']) {
			fillBurst(batch, { host: destination, port: 9 }, [pattern(1, 20), pattern(2, 20)]);
			expect(socket.send(batch, 0)).toBe(2);
		}
		expect(socket.stats()).toMatchObject({ datagramsOut: 0, sendErrors: 6 });
		expect(socket.stats().lastError).toContain(`is not an IPv${family} address`);
		const other = await openBound();
		const collected = collect(other);
		await sendEach(socket, other.local, [pattern(3, 30)]);
		await until(() => collected.length === 1);
		expect(collected).toHaveLength(1);
	});

	it('a closed socket is silent: nothing is called, sending and receiving do nothing', async () => {
		const receiver = await openBound();
		const sender = await openBound();
		const collected = collect(receiver);
		const incoming = receiver.createIncoming();
		await sendEach(sender, receiver.local, [pattern(1, 20)]);
		receiver.close();
		receiver.close();
		await settle();
		expect([collected.length, receiver.receive(incoming)]).toEqual([0, false]);
		const batch = receiver.createOutgoing();
		fillBurst(batch, sender.local, [pattern(1, 20)]);
		expect(receiver.send(batch, 0)).toBe(1);
	});

	it('the listener is called again when it left something unread', async () => {
		const receiver = await openBound();
		const sender = await openBound();
		const batch = receiver.createIncoming();
		let received = 0;
		receiver.onReadable(() => {
			if (receiver.receive(batch)) received += batch.count;
		});
		for (let i = 0; i < 300; i += 1) await sendEach(sender, receiver.local, [pattern(i, 10 + i)]);
		await until(() => received === 300);
		expect(received).toBe(300);
	});
}

import { connect as connectSocket, type Socket } from 'node:net';
import { afterEach, describe, expect, it } from 'vitest';
import { BusUnavailable, connectBus, MemoryBroker, MemoryBus } from '../src/index.ts';
import {
	type LoopbackListener,
	type LoopbackListenerOptions,
	startLoopbackListener,
} from '../src/loopback/loopback-listener.ts';
import { until } from './contract.ts';

const atEnd: (() => void | Promise<void>)[] = [];
afterEach(async () => {
	for (const end of atEnd.splice(0).reverse()) await end();
});

async function listen(
	options: LoopbackListenerOptions = {},
): Promise<{ broker: MemoryBroker; listener: LoopbackListener }> {
	const broker = new MemoryBroker();
	const listener = await startLoopbackListener(broker, options);
	atEnd.push(() => listener.close());
	return { broker, listener };
}

/** A client without any library: what it was sent, and whether the other side hung up. */
interface RawClient {
	readonly socket: Socket;
	readonly seen: { text: string; closed: boolean };
}

async function raw(port: number): Promise<RawClient> {
	const socket = connectSocket(port, '127.0.0.1');
	const seen = { text: '', closed: false };
	socket.on('data', (chunk: Buffer) => {
		seen.text += chunk.toString('latin1');
	});
	socket.on('error', () => {});
	socket.on('close', () => {
		seen.closed = true;
	});
	atEnd.push(() => void socket.destroy());
	await until(() => seen.text.startsWith('INFO ') || seen.closed, 'the greeting');
	return { socket, seen };
}

describe('the loopback listener', () => {
	it('refuses every address but 127.0.0.1', async () => {
		for (const host of ['0.0.0.0', '::', '::1', 'localhost', '192.0.2.1', '127.0.0.2']) {
			await expect(startLoopbackListener(new MemoryBroker(), { host })).rejects.toThrow(BusUnavailable);
		}
	});

	it('says which port is taken', async () => {
		const { listener } = await listen();
		await expect(startLoopbackListener(new MemoryBroker(), { port: listener.port })).rejects.toThrow(
			`127.0.0.1:${listener.port}: another program holds the port`,
		);
	});

	it('greets, answers PING and says +OK to those who ask for it', async () => {
		const { listener } = await listen();
		const { socket, seen } = await raw(listener.port);
		const info = JSON.parse(seen.text.slice(5)) as Record<string, unknown>;
		expect(info).toMatchObject({ headers: true, max_payload: 1024 * 1024, jetstream: false, proto: 1 });
		socket.write('CONNECT {"verbose":true}\r\nSUB a 1\r\nPUB a 2\r\nhi\r\nPING\r\n');
		await until(() => seen.text.includes('PONG'), 'the PONG');
		expect(seen.text.split('\r\n').slice(1)).toEqual(['+OK', '+OK', '+OK', 'MSG a 1 2', 'hi', 'PONG', '']);
	});

	it('answers malformed input with -ERR and hangs up, and serves the others on', async () => {
		const { listener } = await listen();
		const other = await raw(listener.port);
		for (const input of ['GET / HTTP/1.1\r\n\r\n', 'PUB a 9999999\r\n', 'SUB\r\n', 'x'.repeat(5000), '\0\0\r\n']) {
			const { socket, seen } = await raw(listener.port);
			socket.write(input);
			await until(() => seen.closed, `the end after ${JSON.stringify(input.slice(0, 20))}`);
			expect(seen.text).toContain("-ERR '");
		}
		expect(listener.stats().protocolErrors).toBe(5);
		other.socket.write('PING\r\n');
		await until(() => other.seen.text.includes('PONG'), 'the PONG of the other client');
	});

	it('refuses subjects with -ERR and goes on', async () => {
		const { listener } = await listen();
		const { socket, seen } = await raw(listener.port);
		socket.write('SUB a..b 1\r\nPUB a.* 0\r\n\r\nPING\r\n');
		await until(() => seen.text.includes('PONG'), 'the PONG');
		expect(seen.text).toContain("-ERR 'Invalid Subject'\r\n-ERR 'Invalid Publish Subject'\r\nPONG");
	});

	it('sends headers as a 503 to a requester whom nobody answers, and plain messages to clients without headers', async () => {
		const { listener, broker } = await listen();
		const asker = await raw(listener.port);
		asker.socket.write(
			'CONNECT {"headers":true,"no_responders":true}\r\nSUB in.1 7\r\nPUB nobody in.1 0\r\n\r\nPING\r\n',
		);
		await until(() => asker.seen.text.includes('PONG'), 'the PONG');
		expect(asker.seen.text).toContain('HMSG in.1 7 16 16\r\nNATS/1.0 503\r\n\r\n\r\n');
		const old = await raw(listener.port);
		old.socket.write('CONNECT {}\r\nSUB a 1\r\nPING\r\n');
		await until(() => old.seen.text.includes('PONG'), 'the PONG');
		new MemoryBus(broker).publish('a', 'hi', { headers: { x: 'y' } });
		await until(() => old.seen.text.includes('hi'), 'the message');
		expect(old.seen.text).toContain('MSG a 1 2\r\nhi\r\n');
	});

	it('keeps its own messages from a client that does not want them, also within a queue group', async () => {
		const { listener } = await listen();
		const first = await raw(listener.port);
		const second = await raw(listener.port);
		for (const { socket, seen } of [first, second]) {
			socket.write('CONNECT {"echo":false}\r\nSUB a 1\r\nSUB a q 2\r\nPING\r\n');
			await until(() => seen.text.includes('PONG'), 'the PONG');
		}
		first.socket.write('PUB a 2\r\nhi\r\nPUB a 2\r\nhi\r\nPING\r\n');
		await until(() => first.seen.text.split('PONG').length === 3, 'the second PONG');
		await until(() => second.seen.text.split('MSG a').length === 5, 'two messages for each subscription');
		expect(first.seen.text).not.toContain('MSG');
	});

	it('lets nobody in without the token', async () => {
		const { listener } = await listen({ token: 'secret', limits: { authTimeoutMs: 100 } });
		const inputs = ['SUB a 1\r\n', 'PUB a 0\r\n\r\n', 'CONNECT {}\r\n', 'CONNECT {"auth_token":"wrong"}\r\n', ''];
		for (const input of inputs) {
			const { socket, seen } = await raw(listener.port);
			socket.write(input);
			await until(() => seen.closed, `the end after ${JSON.stringify(input)}`);
			expect(seen.text).toContain(input === '' ? 'Authentication Timeout' : 'Authorization Violation');
		}
		expect(listener.stats().authFailures).toBe(5);
		await expect(connectBus(`nats://wrong@127.0.0.1:${listener.port}`)).rejects.toThrow('refuses these credentials');
		const bus = await connectBus(listener.url);
		await bus.flush();
		expect(bus.url).not.toContain('secret');
		await bus.close();
	});

	it('cuts off a client that does not read what it asked for', async () => {
		const { listener, broker } = await listen({ limits: { maxWaitingBytes: 1024 * 1024 } });
		const { socket, seen } = await raw(listener.port);
		socket.write('SUB a 1\r\nPING\r\n');
		await until(() => seen.text.includes('PONG'), 'the PONG');
		socket.pause();
		const bus = new MemoryBus(broker);
		const block = new Uint8Array(256 * 1024);
		for (let i = 0; i < 200 && listener.stats().slowConsumers === 0; i++) {
			bus.publish('a', block);
			await new Promise((resolve) => setTimeout(resolve, 1));
		}
		expect(listener.stats().slowConsumers).toBe(1);
		await until(() => broker.subscriptions === 0, 'the end of its subscription');
	});

	it('forgets the subscriptions of a client that goes away, and bounds how many it may have', async () => {
		const { listener, broker } = await listen({ limits: { maxSubscriptions: 3 } });
		const { socket, seen } = await raw(listener.port);
		socket.write('SUB a 1\r\nSUB b 2\r\nSUB c 3\r\nSUB c 3\r\nSUB d 4\r\nPING\r\n');
		await until(() => seen.text.includes('PONG'), 'the PONG');
		expect(seen.text).toContain("-ERR 'Maximum Subscriptions Exceeded'");
		expect(broker.subscriptions).toBe(3);
		socket.destroy();
		await until(() => broker.subscriptions === 0 && listener.stats().connections === 0, 'nothing left of it');
	});

	it('ends the connections when it closes, and a client of ours connects again when it is back', async () => {
		const { listener } = await listen();
		const statuses: string[] = [];
		const bus = await connectBus(listener.url, { reconnectWaitMs: 20, onStatus: (s) => void statuses.push(s.type) });
		atEnd.push(() => bus.close());
		await listener.close();
		await until(() => !bus.connected, 'the disconnection');
		bus.publish('a', 'kept');
		const again = await startLoopbackListener(new MemoryBroker(), { port: listener.port });
		atEnd.push(() => again.close());
		await until(() => bus.connected, 'the reconnection');
		await bus.flush();
		expect(statuses).toEqual(['connected', 'disconnected', 'reconnected']);
	});
});

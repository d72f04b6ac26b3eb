import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { Memory } from '../src/memory.ts';
import type { PollMechanism } from '../src/poll-queue.ts';
import { makeReadiness, openReadiness, type Readiness, type Watch } from '../src/readiness.ts';
import { SendMessages } from '../src/send-messages.ts';
import { UdpSocket } from '../src/udp-socket.ts';

const closers: (() => void)[] = [];
afterEach(() => {
	for (const close of closers.splice(0)) close();
});

/** Containers often forbid io_uring: then the other one is what is used, and what is tried here. */
const available = (['io_uring', 'aio'] as const).filter((each) => makeReadiness(each).readiness !== undefined);

describe('the mechanism', () => {
	it('is the better one of those that the system allows', () => {
		expect(available.length).toBeGreaterThan(0);
		expect(openReadiness().readiness?.mechanism).toBe(available[0]);
	});

	it('that the system refuses is named with the reason', () => {
		for (const each of ['io_uring', 'aio'] as const) {
			const { readiness: found, why } = makeReadiness(each);
			if (found === undefined) expect(why).toMatch(new RegExp(`^no asynchronous polling \\(${each}\\): .+`));
			else expect(found.mechanism).toBe(each);
		}
	});
});

const made = new Map<PollMechanism, Readiness>();
let mechanism: PollMechanism = 'io_uring';

function readiness(): Readiness {
	const known = made.get(mechanism);
	if (known !== undefined) return known;
	const { readiness: found, why } = makeReadiness(mechanism);
	if (found === undefined) throw new Error(`this test needs Linux with ${mechanism}: ${why}`);
	made.set(mechanism, found);
	return found;
}

interface Bound {
	readonly socket: UdpSocket;
	/** Sends one datagram to itself. */
	send(): void;
	/** Takes one datagram; false when there is none. */
	take(): boolean;
}

const buffer = new Memory(64);

function boundSocket(): Bound {
	const { libc } = readiness();
	const socket = UdpSocket.open(libc, 4);
	if (typeof socket === 'number') throw new Error(`socket: ${socket}`);
	expect(socket.bind('127.0.0.1', 0, 0)).toBe(0);
	const local = socket.localAddress();
	if (typeof local === 'number') throw new Error(`getsockname: ${local}`);
	const messages = new SendMessages(libc, socket.descriptor);
	messages.setDestination(4, local.host, local.port, 0);
	return {
		socket,
		send: () => expect(messages.sendOne(buffer.address, 10)).toBe(1),
		take: () => Number(libc.read(socket.descriptor, buffer.address, 64)) >= 0,
	};
}

function watch(bound: Bound, listener: () => void): Watch {
	const watching = readiness().watch(bound.socket.descriptor, listener);
	if (typeof watching === 'string') throw new Error(watching);
	closers.push(() => {
		watching.close();
		bound.socket.close();
	});
	return watching;
}

async function until(condition: () => boolean): Promise<void> {
	const end = performance.now() + 2000;
	while (!condition() && performance.now() < end) await Bun.sleep(1);
}

describe.each(available)('readiness in the event loop by %s', (by) => {
	beforeEach(() => {
		mechanism = by;
	});

	it('a listener that never reads does not keep timers and immediates from running', async () => {
		const bound = boundSocket();
		let calls = 0;
		let immediates = 0;
		watch(bound, () => {
			calls += 1;
			setImmediate(() => {
				immediates += 1;
			});
		});
		bound.send();
		await new Promise((resolve) => setTimeout(resolve, 20));
		expect(calls).toBeGreaterThan(1);
		expect(immediates).toBeGreaterThan(1);
		bound.take();
	});

	it('a listener is called when a datagram comes, and again for the next one', async () => {
		const bound = boundSocket();
		let taken = 0;
		watch(bound, () => {
			while (bound.take()) taken += 1;
		});
		for (let i = 1; i <= 3; i += 1) {
			bound.send();
			await until(() => taken === i);
			expect(taken).toBe(i);
		}
	});

	it('a listener that leaves datagrams unread is called again, and others run in between', async () => {
		const bound = boundSocket();
		const order: string[] = [];
		for (let i = 0; i < 5; i += 1) bound.send();
		watch(bound, () => {
			if (bound.take()) order.push('taken');
			if (order.length === 1) setImmediate(() => order.push('other'));
		});
		await until(() => order.length === 6);
		expect(order.filter((each) => each === 'taken')).toHaveLength(5);
		expect(order.indexOf('other')).toBeLessThan(5);
	});

	it('what came before watching began is noticed', async () => {
		const bound = boundSocket();
		bound.send();
		let calls = 0;
		watch(bound, () => {
			calls += 1;
			while (bound.take());
		});
		await until(() => calls > 0);
		expect(calls).toBe(1);
	});

	it('a closed watch is not called any more, and its place can be used again at once', async () => {
		const first = boundSocket();
		let firstCalls = 0;
		const watching = watch(first, () => {
			firstCalls += 1;
		});
		first.send();
		watching.close();
		const second = boundSocket();
		let taken = 0;
		watch(second, () => {
			while (second.take()) taken += 1;
		});
		second.send();
		await until(() => taken === 1);
		expect([firstCalls, taken]).toEqual([0, 1]);
	});

	it('watching can stop and start many times', async () => {
		for (let round = 0; round < 50; round += 1) {
			const bound = boundSocket();
			let taken = 0;
			const watching = watch(bound, () => {
				while (bound.take()) taken += 1;
			});
			bound.send();
			await until(() => taken === 1);
			expect(taken).toBe(1);
			watching.close();
		}
	});

	it('a closed socket gives its port back at once', () => {
		const bound = boundSocket();
		const local = bound.socket.localAddress();
		watch(bound, () => undefined);
		for (const close of closers.splice(0)) close();
		const again = UdpSocket.open(readiness().libc, 4);
		if (typeof again === 'number' || typeof local === 'number') throw new Error('no socket');
		expect(again.bind('127.0.0.1', local.port, 0)).toBe(0);
		again.close();
	});

	it('an exception in a listener does not silence the other sockets', async () => {
		const bad = boundSocket();
		const good = boundSocket();
		const reported: unknown[] = [];
		const { reportError } = globalThis;
		globalThis.reportError = (error: unknown) => reported.push(error);
		try {
			let taken = 0;
			watch(bad, () => {
				while (bad.take());
				throw new Error('on purpose');
			});
			watch(good, () => {
				while (good.take()) taken += 1;
			});
			bad.send();
			good.send();
			await until(() => taken === 1 && reported.length === 1);
			expect([taken, String(reported[0])]).toEqual([1, 'Error: on purpose']);
		} finally {
			globalThis.reportError = reportError;
		}
	});
});

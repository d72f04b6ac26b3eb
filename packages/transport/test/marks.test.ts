import { IpOption, Ipv6Option, Level, loadLibc, Memory, openReadiness, SendMessages, UdpSocket } from '@uftp/native';
import type { Family } from '@uftp/wire';
import { afterEach, describe, expect, it } from 'vitest';
import type { SocketOptions } from '../src/datagram-socket.ts';
import { type LinuxSocket, openLinuxSocket } from '../src/linux/socket.ts';
import { openPortableSocket } from '../src/portable/socket.ts';
import { loopback, until } from './loopback.ts';

const HOST = { 4: '127.0.0.1', 6: '::1' } as const;
const NOT_CAPABLE = 0;
const CAPABLE = 2;
const CONGESTED = 3;
const EXPEDITED = 46 << 2;

const closers: (() => void)[] = [];
afterEach(() => {
	for (const close of closers.splice(0)) close();
});

function open(family: Family, options: Partial<SocketOptions> = {}): LinuxSocket {
	const { readiness, why } = openReadiness();
	if (readiness === undefined) throw new Error(`these tests need Linux: ${why}`);
	const socket = openLinuxSocket(readiness, { family, bind: { address: HOST[family] }, ...options });
	closers.push(() => socket.close());
	return socket;
}

/** Sends a train of three datagrams and a lone one with that traffic class, as a router may have left it. */
function sendWith(family: Family, trafficClass: number, port: number): void {
	const { libc } = loadLibc();
	if (libc === undefined) throw new Error('these tests need libc');
	const socket = UdpSocket.open(libc, family);
	if (typeof socket === 'number') throw new Error(`no socket: ${socket}`);
	closers.push(() => socket.close());
	const [level, option] = family === 4 ? [Level.IP, IpOption.TypeOfService] : [Level.IPv6, Ipv6Option.TrafficClass];
	expect(socket.setOption(level, option, trafficClass)).toBe(0);
	const messages = new SendMessages(libc, socket.descriptor);
	messages.setDestination(family, HOST[family], port, 0);
	const memory = new Memory(1024);
	memory.bytes.fill(trafficClass);
	expect(messages.sendSegmented(memory.address, 300, 100)).toBe(3);
	expect(messages.sendOne(memory.address, 50)).toBe(1);
}

/** Marks of what arrives, in order. */
function watch(socket: LinuxSocket): boolean[] {
	const marks: boolean[] = [];
	const batch = socket.createIncoming();
	socket.onReadable(() => {
		while (socket.receive(batch)) for (let i = 0; i < batch.count; i++) marks.push(batch.isMarked(i));
	});
	return marks;
}

describe.each([4, 6] as const)('congestion marks over IPv%i', (family) => {
	it('are seen on every datagram of a train, once they are asked for', async () => {
		const receiver = open(family);
		const marks = watch(receiver);
		expect(receiver.expectMarks(true)).toBeUndefined();
		for (const trafficClass of [NOT_CAPABLE, CONGESTED, CAPABLE, EXPEDITED | CONGESTED]) {
			marks.length = 0;
			sendWith(family, trafficClass, receiver.local.port);
			await until(() => marks.length === 4);
			expect(marks).toEqual(Array(4).fill((trafficClass & CONGESTED) === CONGESTED));
		}
	});

	it('are not looked for otherwise', async () => {
		const receiver = open(family);
		const marks = watch(receiver);
		receiver.expectMarks(true);
		receiver.expectMarks(false);
		sendWith(family, CONGESTED, receiver.local.port);
		await until(() => marks.length === 4);
		expect(marks).toEqual([false, false, false, false]);
	});
});

describe('the portable socket', () => {
	it('says in a sentence that it sees no marks, and that nothing is wrong as long as none are wanted', async () => {
		const socket = await openPortableSocket({ family: 4, bind: { address: HOST[4] }, networkInterface: loopback() });
		closers.push(() => socket.close());
		expect(socket.expectMarks(false)).toBeUndefined();
		expect(socket.expectMarks(true)).toMatch(/^The portable socket cannot see congestion marks \(ECN\)/);
		expect(socket.marksProblem).toBeUndefined();
	});
});

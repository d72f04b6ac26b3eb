import type { IncomingBatch, OutgoingBatch } from '@uftp/protocol';
import type { DatagramSocket } from '../src/datagram-socket.ts';
import { listInterfaces, type NetworkInterface } from '../src/interfaces.ts';

/** The loopback interface, always chosen explicitly. */
export function loopback(): NetworkInterface {
	const found = listInterfaces().find((each) => each.isLoopback);
	if (found === undefined) throw new Error('this machine has no loopback interface');
	return found;
}

/** A datagram as its receiver sees it: whole, and whether its payload stood apart from its header. */
export interface Collected {
	readonly bytes: Uint8Array;
	readonly isScattered: boolean;
	readonly payloadAt: number;
	readonly from: { readonly host: string; readonly port: number };
}

/** Everything that is in a batch, put together. */
export function unpack(batch: IncomingBatch): Collected[] {
	const all: Collected[] = [];
	for (let i = 0; i < batch.count; i += 1) {
		const length = batch.length[i];
		const header = Math.min(batch.split, length);
		const bytes = new Uint8Array(length);
		bytes.set(batch.bytes.subarray(batch.headerAt[i], batch.headerAt[i] + header));
		bytes.set(batch.bytes.subarray(batch.payloadAt[i], batch.payloadAt[i] + length - header), header);
		const isScattered = batch.payloadAt[i] !== batch.headerAt[i] + batch.split;
		all.push({ bytes, isScattered, payloadAt: batch.payloadAt[i], from: batch.from(i) });
	}
	return all;
}

/** Collects whatever a socket receives, in order. */
export function collect(socket: DatagramSocket): Collected[] {
	const collected: Collected[] = [];
	const batch = socket.createIncoming();
	socket.onReadable(() => {
		while (socket.receive(batch)) collected.push(...unpack(batch));
	});
	return collected;
}

/** Waits until `condition` holds or two seconds have passed: the expectation that follows decides. */
export async function until(condition: () => boolean, patienceMs = 2000): Promise<void> {
	const end = performance.now() + patienceMs;
	while (!condition() && performance.now() < end) await Bun.sleep(1);
}

/** Long enough for a datagram that should not come to have come. */
export function settle(): Promise<void> {
	return Bun.sleep(30);
}

/** Sends a whole batch, waiting where the buffer is full. */
export async function sendAll(socket: DatagramSocket, batch: OutgoingBatch): Promise<void> {
	let at = 0;
	while (at < batch.count) {
		const taken = socket.send(batch, at);
		at += taken;
		if (taken === 0) await Bun.sleep(1);
	}
}

/** Sends datagrams of any lengths one by one. */
export async function sendEach(
	socket: DatagramSocket,
	to: { readonly host: string; readonly port: number },
	datagrams: readonly Uint8Array[],
): Promise<void> {
	const batch = socket.createOutgoing();
	for (const datagram of datagrams) {
		batch.bytes.set(datagram);
		batch.count = 1;
		batch.stride = datagram.length;
		batch.lastLength = datagram.length;
		batch.destination = to;
		await sendAll(socket, batch);
	}
}

/** Bytes that differ from datagram to datagram and from place to place. */
export function pattern(seed: number, length: number): Uint8Array {
	const bytes = new Uint8Array(length);
	for (let i = 0; i < length; i += 1) bytes[i] = (seed * 31 + i * 7 + (i >> 8)) & 0xff;
	return bytes;
}

/** A clear block: header of 24 bytes, then `payloadBytes` of pattern. */
export function block(seed: number, payloadBytes: number): Uint8Array {
	const bytes = pattern(seed, 24 + payloadBytes);
	bytes[0] = 0x40;
	bytes[1] = 9;
	bytes[17] = 2;
	return bytes;
}

/** Puts equally long datagrams (the last may be shorter) into a batch as one burst. */
export function fillBurst(
	batch: OutgoingBatch,
	to: { readonly host: string; readonly port: number },
	datagrams: readonly Uint8Array[],
): void {
	const stride = datagrams[0].length;
	for (const [i, datagram] of datagrams.entries()) batch.bytes.set(datagram, i * stride);
	batch.count = datagrams.length;
	batch.stride = stride;
	batch.lastLength = datagrams[datagrams.length - 1].length;
	batch.destination = to;
}

import { openOtherReadiness, openReadiness, type Readiness } from '@uftp/native';
import { formatBytes } from './buffer-sizes.ts';
import type { SocketDriver } from './datagram-socket.ts';
import { type LinuxSocket, openLinuxSocket } from './linux/socket.ts';

/** What works on this machine. */
export interface DriverChoice {
	readonly driver: SocketDriver;
	/** For the first log line: the driver, what it can do or why it is not the faster one, the buffers. */
	readonly sentence: string;
}

/** How long the self-test waits for its own datagrams. On an idle machine they take a tenth of a millisecond. */
const PATIENCE_MS = 250;
const SEGMENTS = 4;
const SEGMENT_BYTES = 200;

let choice: Promise<DriverChoice> | undefined;

/**
 * Finds out, once per process, which socket works: sends a segmented burst to itself on the loopback address and waits
 * for it in the event loop. Never rejects.
 */
export function selectDriver(): Promise<DriverChoice> {
	choice ??= testBatchSocket();
	return choice;
}

async function testBatchSocket(): Promise<DriverChoice> {
	const { readiness, why } = openReadiness();
	if (readiness === undefined) return portable(why);
	const first = await testReadiness(readiness);
	if (first.driver === 'linux-batch' || readiness.mechanism === 'aio') return first;
	const other = openOtherReadiness();
	return other.readiness === undefined ? first : testReadiness(other.readiness);
}

async function testReadiness(readiness: Readiness): Promise<DriverChoice> {
	let socket: LinuxSocket;
	try {
		socket = openLinuxSocket(readiness, { family: 4, bind: { address: '127.0.0.1' } });
	} catch (error) {
		return portable(error instanceof Error ? error.message : String(error));
	}
	try {
		const { datagrams, calls } = await sendToSelf(socket);
		if (datagrams < SEGMENTS) return portable(`${datagrams} of ${SEGMENTS} datagrams sent to itself came back`);
		const sending = socket.isSegmenting(SEGMENT_BYTES) ? 'segmentation' : 'no segmentation';
		const receiving = calls < SEGMENTS ? 'receive offload' : 'no receive offload';
		const buffers = `receive buffer ${formatBytes(socket.receiveBufferBytes)}`;
		return { driver: 'linux-batch', sentence: `linux-batch (${sending}, ${receiving}), ${buffers}` };
	} catch (error) {
		return portable(error instanceof Error ? error.message : String(error));
	} finally {
		socket.close();
	}
}

function portable(why: string): DriverChoice {
	return { driver: 'portable', sentence: `portable: ${why}` };
}

/** Datagrams that came back whole, and the receive calls that brought them. */
function sendToSelf(socket: LinuxSocket): Promise<{ datagrams: number; calls: number }> {
	const incoming = socket.createIncoming();
	const outgoing = socket.createOutgoing();
	return new Promise((resolve) => {
		let datagrams = 0;
		let calls = 0;
		const finish = (): void => {
			clearTimeout(timeout);
			resolve({ datagrams, calls });
		};
		const timeout = setTimeout(finish, PATIENCE_MS);
		socket.onReadable(() => {
			while (socket.receive(incoming)) {
				calls += 1;
				for (let i = 0; i < incoming.count; i += 1) {
					if (incoming.bytes[incoming.headerAt[i]] === datagrams + 1) datagrams += 1;
				}
			}
			if (datagrams >= SEGMENTS) finish();
		});
		for (let i = 0; i < SEGMENTS; i += 1) outgoing.bytes[i * SEGMENT_BYTES] = i + 1;
		outgoing.count = SEGMENTS;
		outgoing.stride = SEGMENT_BYTES;
		outgoing.lastLength = SEGMENT_BYTES - 1;
		outgoing.destination = socket.local;
		socket.send(outgoing, 0);
	});
}

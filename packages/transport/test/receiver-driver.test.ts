import { type BlockSink, RECEIVER_DEFAULTS } from '@uftp/protocol';
import { ReceiverNode } from '@uftp/protocol/receiver';
import { type Announce, encodeAnnounce, HEADER_BYTES, MessageType, writeHeader } from '@uftp/wire';
import { afterEach, describe, expect, it } from 'vitest';
import type { DatagramSocket, SocketDriver } from '../src/datagram-socket.ts';
import { openListener } from '../src/listener.ts';
import { openSocket } from '../src/open-socket.ts';
import { ReceiverDriver } from '../src/receiver-driver.ts';
import type { NodeFault } from '../src/receiving-node.ts';
import { collect, loopback, sendEach, until } from './loopback.ts';

const closing: { close(): void }[] = [];
afterEach(() => {
	for (const each of closing.splice(0).reverse()) each.close();
});

async function open(driver: SocketDriver, port = 0): Promise<DatagramSocket> {
	const socket = await openSocket({ family: 4, bind: { port }, networkInterface: loopback(), driver });
	closing.push(socket);
	return socket;
}

const faults: NodeFault[] = [];
const onFault = (fault: NodeFault) => faults.push(fault);
afterEach(() => expect(faults).toEqual([]));

const sink: BlockSink = {
	offer: () => ({ kind: 'answer', status: 3, reason: 'not in this test' }),
	write: () => undefined,
	finish: () => undefined,
	discard: () => undefined,
};

/** An announcement of an open group; without a private group the session is unicast. */
function announcement(groupId: number, privateAddress: string): Uint8Array {
	const bytes = new Uint8Array(100);
	const header = { sequence: 0, sourceId: 1, groupId, groupInstance: 0, grtt: 106, groupSize: 0 };
	writeHeader(bytes, 0, { ...header, func: MessageType.ANNOUNCE });
	const announce: Announce = {
		sync: false,
		preview: false,
		family: 4,
		robust: 20,
		ccType: 0,
		blockBytes: 1300,
		timestamp: { seconds: 1, microseconds: 0 },
		publicAddress: privateAddress === '0.0.0.0' ? '0.0.0.0' : '230.4.4.1',
		privateAddress,
		ids: [],
	};
	return bytes.slice(0, HEADER_BYTES + encodeAnnounce(bytes, HEADER_BYTES, announce));
}

for (const driver of ['linux-batch', 'portable'] as const) {
	describe(`a receiving node on the ${driver} socket`, () => {
		async function answerPorts(privateAddress: string) {
			const probe = await open(driver);
			const { port } = probe.local;
			probe.close();
			const listener = await openListener({ family: 4, bind: { port }, networkInterface: loopback(), driver });
			closing.push(listener);
			const reply = await open(driver);
			const receiver = new ReceiverNode({ ...RECEIVER_DEFAULTS, receiverId: 7, instance: [1, 2] });
			const receiverDriver = new ReceiverDriver(listener);
			closing.push(receiverDriver);
			receiverDriver.attach({ receiver, sink, reply, interfaces: [loopback()], onEvent: () => {}, onFault });
			const sender = await open(driver);
			const heard = collect(sender);
			await sendEach(sender, { host: '127.0.0.1', port }, [announcement(5, privateAddress)]);
			await until(() => heard.length > 0);
			expect(heard[0].bytes[1]).toBe(MessageType.REGISTER);
			return { from: heard[0].from.port, listening: port, own: reply.local.port };
		}

		it('answers in a unicast session from the port it was spoken to, as a NAT or a firewall expects', async () => {
			const { from, listening } = await answerPorts('0.0.0.0');
			expect(from).toBe(listening);
		});

		it('answers in a multicast session from a port of its own, by which it can be told from another', async () => {
			const { from, own } = await answerPorts('230.5.5.77');
			expect(from).toBe(own);
		});
	});
}

import {
	type BlockSink,
	type IncomingFile,
	type OutgoingBatch,
	RECEIVER_DEFAULTS,
	type ReceiverEvent,
	SENDER_DEFAULTS,
	type SenderEnd,
} from '@uftp/protocol';
import { ReceiverNode } from '@uftp/protocol/receiver';
import { SenderSession } from '@uftp/protocol/sender';
import { afterEach, describe, expect, it } from 'vitest';
import { monotonicMs } from '../src/clock.ts';
import type { DatagramSocket } from '../src/datagram-socket.ts';
import { type MulticastListener, openListener } from '../src/listener.ts';
import { openSocket } from '../src/open-socket.ts';
import { ReceiverDriver } from '../src/receiver-driver.ts';
import type { NodeFault, ReceiverNodeOptions } from '../src/receiving-node.ts';
import { SenderDriver } from '../src/sender-driver.ts';
import { loopback, pattern, until } from './loopback.ts';

const FILE_BYTES = 60_001;
const FILE = { type: 0, name: 'a.bin', size: FILE_BYTES, modifiedSeconds: 1, link: '' } as const;
const CONTENT = pattern(3, FILE_BYTES);
const GROUP = '230.4.6.1';
const BROKEN = 0x7a01;
const HEALTHY = 0x7a02;
const FIRST_ID = 0x7f000030;

const closing: { close(): void }[] = [];
afterEach(() => {
	for (const each of closing.splice(0).reverse()) each.close();
});

function fault(name: string): never {
	throw new Error(`fault in ${name}`);
}

/** Keeps one file for each session. */
class Sink implements BlockSink {
	readonly content = new Map<number, Uint8Array>();
	discards = 0;
	readonly files = new Map<number, IncomingFile>();

	offer(file: IncomingFile) {
		this.files.set(file.handle, file);
		this.content.set(file.groupId, new Uint8Array(file.size));
		return { kind: 'accept', status: 0 } as const;
	}

	write(handle: number, offset: number, bytes: Uint8Array, at: number, length: number): string | undefined {
		const groupId = this.groupOf(handle);
		this.content.get(groupId)?.set(bytes.subarray(at, at + length), offset);
		return undefined;
	}

	finish(_handle: number): string | undefined {
		return undefined;
	}

	discard(): void {
		this.discards++;
	}

	groupOf(handle: number): number {
		return this.files.get(handle)?.groupId ?? -1;
	}
}

interface Parts {
	readonly sink: Sink;
	readonly reply: DatagramSocket;
	readonly receiver: ReceiverNode;
	onEvent: (event: ReceiverEvent) => void;
}

async function port(): Promise<{ listener: MulticastListener; driver: ReceiverDriver }> {
	const listener = await openListener({ family: 4, bind: { port: 0 }, networkInterface: loopback() });
	closing.push(listener);
	listener.join(GROUP, loopback());
	const driver = new ReceiverDriver(listener);
	closing.push(driver);
	return { listener, driver };
}

/** Attaches a node of which a part is broken. */
async function attach(driver: ReceiverDriver, receiverId: number, breakPart: (parts: Parts) => void) {
	const reply = await openSocket({ family: 4, networkInterface: loopback() });
	closing.push(reply);
	const events: ReceiverEvent[] = [];
	const faults: NodeFault[] = [];
	const receiver = new ReceiverNode({ ...RECEIVER_DEFAULTS, receiverId, instance: [3, receiverId] });
	const parts: Parts = { sink: new Sink(), reply, receiver, onEvent: (event) => events.push(event) };
	breakPart(parts);
	const options: ReceiverNodeOptions = {
		...parts,
		interfaces: [loopback()],
		onEvent: (event) => parts.onEvent(event),
		onFault: (one) => faults.push(one),
	};
	const attached = driver.attach(options);
	return { parts, events, faults, attached };
}

async function send(listener: MulticastListener, groupId: number, targets: readonly number[]): Promise<SenderEnd> {
	const networkInterface = loopback();
	const socket = await openSocket({ family: 4, networkInterface, bind: { address: '127.0.0.1' } });
	closing.push(socket);
	const session = new SenderSession(
		{
			...SENDER_DEFAULTS,
			groupId,
			groupInstance: 0,
			sourceId: 0x7f000001,
			family: 4,
			publicEndpoint: { host: GROUP, port: listener.local.port },
			privateEndpoint: { host: `230.5.6.${groupId & 0xff}`, port: listener.local.port },
			isUnicast: false,
			rateBytesPerSecond: 2_000_000,
			targets,
			proxies: [],
			expected: [],
			openPolicy: 'settled',
			quitOnError: false,
			epochMs: Date.now() - monotonicMs(),
			seed: groupId,
			graceMs: 500,
			grttMs: { initial: 20, min: 10, max: 1000 },
		},
		[FILE],
		monotonicMs(),
	);
	const source = {
		open: () => undefined,
		close: () => {},
		fill: ({ bytes, count, stride, payloadOffset, payloadBytes, lastPayloadBytes, offsets }: OutgoingBatch) => {
			for (let i = 0; i < count; i++) {
				const length = i === count - 1 ? lastPayloadBytes : payloadBytes;
				bytes.set(CONTENT.subarray(offsets[i], offsets[i] + length), i * stride + payloadOffset);
			}
			return undefined;
		},
	};
	return new SenderDriver({ session, socket, source, onEvent: () => {} }).run();
}

const outcomes = (end: SenderEnd): string[] => end.results.map(({ outcome }) => outcome);

describe('a receiver whose session meets a fault', () => {
	const isBroken = (event: ReceiverEvent): boolean => {
		return ('groupId' in event ? event.groupId : 'file' in event ? event.file.groupId : 0) === BROKEN;
	};
	const cases: [string, number, (parts: Parts) => void][] = [
		[
			'in the offer of a file',
			1,
			({ sink }) => {
				const offer = sink.offer.bind(sink);
				sink.offer = (file) => (file.groupId === BROKEN ? fault('offer') : offer(file));
			},
		],
		[
			'in a write',
			1,
			({ sink }) => {
				const write = sink.write.bind(sink);
				sink.write = (...values) => (sink.groupOf(values[0]) === BROKEN ? fault('write') : write(...values));
			},
		],
		[
			'at the end of a file',
			1,
			({ sink }) => {
				const finish = sink.finish.bind(sink);
				sink.finish = (handle) => (sink.groupOf(handle) === BROKEN ? fault('finish') : finish(handle));
			},
		],
		...(
			[
				['sessionStarted', 0],
				['registered', 0],
				['fileOffered', 1],
				['fileStarted', 1],
				['fileComplete', 0],
				['fileEnded', 0],
			] as const
		).map(([kind, discards]): (typeof cases)[number] => [
			`in a hook at ${kind}`,
			discards,
			(parts) => {
				const { onEvent } = parts;
				parts.onEvent = (event) => {
					if (event.kind === kind && isBroken(event)) fault(kind);
					onEvent(event);
				};
			},
		]),
	];

	it.each(cases)('%s ends that session, and delivers the others', async (_, discards, breakPart) => {
		const { listener, driver } = await port();
		const node = await attach(driver, FIRST_ID, breakPart);
		const [broken, healthy] = await Promise.all([
			send(listener, BROKEN, [FIRST_ID]),
			send(listener, HEALTHY, [FIRST_ID]),
		]);
		expect(outcomes(healthy)).toEqual(['received']);
		expect(Buffer.compare(node.parts.sink.content.get(HEALTHY) ?? new Uint8Array(), CONTENT)).toBe(0);
		expect(outcomes(broken)).not.toEqual(['received']);
		expect(node.faults).toMatchObject([{ groupId: BROKEN, endsNode: false }]);
		expect(String(node.faults[0].error)).toMatch('fault in');
		const ended = node.events.filter((event) => event.kind === 'sessionEnded');
		expect(ended.find(({ groupId }) => groupId === BROKEN)).toMatchObject({ outcome: 'internal' });
		expect(node.parts.receiver.sessionCount).toBe(0);
		// Whatever was begun for it, and is not under its name, is given back.
		expect(node.parts.sink.discards).toBe(discards);
	});

	it('in a discard, or in a hook at its end, reports one fault of each session and goes on', async () => {
		const { listener, driver } = await port();
		const node = await attach(driver, FIRST_ID, (parts) => {
			parts.sink.finish = (handle) => (parts.sink.groupOf(handle) === BROKEN ? 'the disk is full' : undefined);
			parts.sink.discard = () => fault('discard');
			const { onEvent } = parts;
			parts.onEvent = (event) => {
				onEvent(event);
				if (event.kind === 'sessionEnded') fault('sessionEnded');
			};
		});
		const [broken, healthy] = await Promise.all([
			send(listener, BROKEN, [FIRST_ID]),
			send(listener, HEALTHY, [FIRST_ID]),
		]);
		expect([outcomes(broken), outcomes(healthy)]).toEqual([['aborted'], ['received']]);
		await until(() => node.faults.length >= 2);
		expect(node.faults.every(({ endsNode }) => !endsNode)).toBe(true);
		expect(node.faults.map(({ error }) => (error as Error).message).sort()).toEqual([
			'fault in discard',
			'fault in sessionEnded',
		]);
	});
});

describe('a fault that concerns no session', () => {
	it.each([
		['in the reply socket', 'reply', 'send'],
		['in the node itself', 'receiver', 'handle'],
		['in the clockwork of the node', 'receiver', 'pollTimeout'],
		['in what the node is asked to send', 'receiver', 'pollTransmit'],
	] as const)('%s ends the node, and no other of the port', async (_, part, method) => {
		const { listener, driver } = await port();
		const broken = await attach(driver, FIRST_ID, (parts) => {
			Object.assign(parts[part], { [method]: () => fault(method) });
		});
		const healthy = await attach(driver, FIRST_ID + 1, () => {});
		const end = await send(listener, HEALTHY, [FIRST_ID, FIRST_ID + 1]);
		expect(outcomes(end)).toEqual([expect.not.stringContaining('received'), 'received']);
		expect(broken.faults).toMatchObject([{ groupId: undefined, endsNode: true }]);
		expect(healthy.faults).toEqual([]);
		// It answers nothing any more, and what it is told to do does no harm.
		broken.attached.flush();
		broken.attached.detach();
		expect(broken.faults).toHaveLength(1);
	});

	it('in a hook without a session ends the node', async () => {
		const { listener, driver } = await port();
		const node = await attach(driver, FIRST_ID, (parts) => {
			parts.onEvent = (event) => {
				if (event.kind === 'dropped') fault('dropped');
			};
		});
		const stranger = await openSocket({ family: 4, networkInterface: loopback(), bind: { address: '127.0.0.1' } });
		closing.push(stranger);
		const batch = stranger.createOutgoing();
		batch.bytes.fill(7, 0, 20);
		batch.count = 1;
		batch.stride = 20;
		batch.lastLength = 20;
		batch.destination = { host: '127.0.0.1', port: listener.local.port };
		stranger.send(batch, 0);
		await until(() => node.faults.length > 0);
		expect(node.faults).toMatchObject([{ groupId: undefined, endsNode: true }]);
	});

	it('in the listener ends all nodes of the port', async () => {
		const { listener, driver } = await port();
		const nodes = [await attach(driver, FIRST_ID, () => {}), await attach(driver, FIRST_ID + 1, () => {})];
		listener.receive = () => fault('receive');
		const end = await send(listener, HEALTHY, [FIRST_ID]);
		expect(outcomes(end)).toEqual(['mute']);
		for (const { faults } of nodes) expect(faults).toMatchObject([{ groupId: undefined, endsNode: true }]);
	});

	it('in the hook for faults is nobody’s to hear, and harms nothing', async () => {
		const { listener, driver } = await port();
		const reply = await openSocket({ family: 4, networkInterface: loopback() });
		closing.push(reply);
		let told = 0;
		const sink = new Sink();
		const offer = sink.offer.bind(sink);
		sink.offer = (file) => (file.groupId === BROKEN ? fault('offer') : offer(file));
		driver.attach({
			receiver: new ReceiverNode({ ...RECEIVER_DEFAULTS, receiverId: FIRST_ID, instance: [3, 3] }),
			sink,
			reply,
			interfaces: [loopback()],
			onEvent: () => {},
			onFault: () => {
				told++;
				fault('onFault');
			},
		});
		const [, healthy] = await Promise.all([send(listener, BROKEN, [FIRST_ID]), send(listener, HEALTHY, [FIRST_ID])]);
		expect([outcomes(healthy), told]).toEqual([['received'], 1]);
	});
});

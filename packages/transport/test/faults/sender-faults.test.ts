import { CipherType, CurveId, curveById, generateEcKey, HashType, KeyExchange, signatureTypeFor } from '@uftp/crypto';
import { selectBackend, systemRandom } from '@uftp/crypto/backends';
import {
	type BlockSource,
	RECEIVER_DEFAULTS,
	type ReceiverEvent,
	SENDER_DEFAULTS,
	type SenderEnd,
	type SenderEvent,
} from '@uftp/protocol';
import { ReceiverNode } from '@uftp/protocol/receiver';
import { SenderSession } from '@uftp/protocol/sender';
import { afterEach, describe, expect, it } from 'vitest';
import { monotonicMs } from '../../src/clock.ts';
import type { DatagramSocket } from '../../src/datagram-socket.ts';
import { openListener } from '../../src/listener.ts';
import { openSocket } from '../../src/open-socket.ts';
import { ReceiverDriver } from '../../src/receiver-driver.ts';
import { type LateBlockSource, SenderDriver } from '../../src/sender-driver.ts';
import { loopback, pattern, until } from '../loopback.ts';

const FILE_BYTES = 200_001;
const FILE = { type: 0, name: 'a.bin', size: FILE_BYTES, modifiedSeconds: 1, link: '' } as const;
const RECEIVER = 0x7f000020;
const { backend } = selectBackend();
const newKey = () => generateEcKey(backend, curveById(CurveId.SECP256R1)!, systemRandom);

const closing: { close(): void }[] = [];
afterEach(() => {
	for (const each of closing.splice(0).reverse()) each.close();
});

/** The parts that a sender driver calls: one of them throws. */
interface Parts {
	session: SenderSession;
	socket: DatagramSocket;
	source: BlockSource;
	onEvent: (event: SenderEvent) => void;
}

/** `target`, whose method `name` throws at its call number `call` (0 is the first). */
function failing<T extends object>(target: T, name: keyof T, call: number): T {
	let calls = 0;
	return new Proxy(target, {
		get(_target, key) {
			const value: unknown = Reflect.get(target, key, target);
			if (typeof value !== 'function') return value;
			if (key !== name) return value.bind(target);
			return (...values: unknown[]) => {
				if (calls++ === call) throw new Error(`fault in ${String(name)}`);
				return value.apply(target, values);
			};
		},
	});
}

const content = pattern(7, FILE_BYTES);
function newSource(): BlockSource & { open: (file: number) => undefined; isOpen: boolean } {
	return {
		isOpen: false,
		open() {
			this.isOpen = true;
			return undefined;
		},
		close() {
			this.isOpen = false;
		},
		fill(batch) {
			for (let i = 0; i < batch.count; i++) {
				const length = i === batch.count - 1 ? batch.lastPayloadBytes : batch.payloadBytes;
				const from = content.subarray(batch.offsets[i], batch.offsets[i] + length);
				batch.bytes.set(from, i * batch.stride + batch.payloadOffset);
			}
			return undefined;
		},
	};
}

let groups = 0;

/** A receiver on the loopback interface, and the parts of a session that sends it a file. */
async function scene(isEncrypted: boolean) {
	const networkInterface = loopback();
	const number = 1 + (groups++ % 200);
	const listener = await openListener({ family: 4, bind: { port: 0 }, networkInterface });
	closing.push(listener);
	listener.join(`230.4.5.${number}`, networkInterface);
	const receivers = new ReceiverDriver(listener);
	closing.push(receivers);
	const reply = await openSocket({ family: 4, networkInterface });
	closing.push(reply);
	const events: ReceiverEvent[] = [];
	const bytes = new Uint8Array(FILE_BYTES);
	receivers.attach({
		receiver: new ReceiverNode({
			...RECEIVER_DEFAULTS,
			receiverId: RECEIVER,
			instance: [3, number],
			...(isEncrypted ? { security: { backend, random: systemRandom, keys: [newKey()], encryptedOnly: true } } : {}),
		}),
		sink: {
			offer: () => ({ kind: 'accept', status: 0 }),
			write: (_handle, offset, from, at, length) => void bytes.set(from.subarray(at, at + length), offset),
			finish: () => undefined,
			discard: () => {},
		},
		reply,
		interfaces: [networkInterface],
		onEvent: (event) => events.push(event),
		onFault: ({ error }) => {
			throw error;
		},
	});
	const socket = await openSocket({ family: 4, networkInterface, bind: { address: '127.0.0.1' } });
	closing.push(socket);
	const { port } = listener.local;
	const cipher = CipherType.AES256_GCM;
	const suite = {
		cipher,
		hash: HashType.SHA256,
		keyExchange: KeyExchange.ECDH_ECDSA,
		signature: signatureTypeFor(cipher, false),
	};
	const session = new SenderSession(
		{
			...SENDER_DEFAULTS,
			groupId: 0x7800 + number,
			groupInstance: 0,
			sourceId: 0x7f000001,
			family: 4,
			publicEndpoint: { host: `230.4.5.${number}`, port },
			privateEndpoint: { host: `230.5.5.${number}`, port },
			isUnicast: false,
			rateBytesPerSecond: 20_000_000,
			targets: [RECEIVER],
			proxies: [],
			expected: [],
			openPolicy: 'settled',
			quitOnError: false,
			epochMs: Date.now() - monotonicMs(),
			seed: 1,
			grttMs: { initial: 20, min: 10, max: 1000 },
			...(isEncrypted
				? {
						security: {
							backend,
							random: systemRandom,
							suite,
							key: newKey(),
							clientAuth: false,
							fingerprints: new Map(),
						},
					}
				: {}),
		},
		[FILE],
		monotonicMs(),
	);
	const source = newSource();
	const parts: Parts = { session, socket, source, onEvent: () => {} };
	return { parts, source, events, bytes };
}

/** Runs a session with a fault beside a healthy one; what both of them came to. */
async function runBeside(isEncrypted: boolean, inject: (parts: Parts) => Partial<Parts>) {
	const broken = await scene(isEncrypted);
	const healthy = await scene(isEncrypted);
	const other = new SenderDriver(healthy.parts).run();
	const ending = new SenderDriver({ ...broken.parts, ...inject(broken.parts) }).run().then(
		(end: SenderEnd) => ({ end, error: undefined }),
		(error: unknown) => ({ end: undefined, error }),
	);
	return { broken, healthy, ending: await ending, other: await other };
}

const hook = (call: number) => {
	let calls = 0;
	return () => {
		if (calls++ === call) throw new Error('fault in onEvent');
	};
};

const CASES: [string, string, boolean, (parts: Parts) => Partial<Parts>][] = [
	...(
		[
			['the session, asked for a burst in the first turn', 'pollTransmit', 0],
			['the session, asked for a burst later', 'pollTransmit', 4],
			['the session, asked for its deadline in the first turn', 'pollTimeout', 0],
			['the session, asked for its deadline later', 'pollTimeout', 6],
			['the session, when its time has come', 'handleTimeout', 0],
			['the session, given the first datagram of a batch', 'handle', 0],
			['the session, given a later datagram', 'handle', 1],
			['the session, asked for an event in the first turn', 'pollEvent', 0],
			['the session, asked for an event later', 'pollEvent', 9],
			['the session, told that its file is open', 'fileOpened', 0],
		] as const
	).map(([name, method, call]): (typeof CASES)[number] => [
		name,
		method,
		false,
		({ session }) => ({ session: failing(session, method, call) }),
	]),
	['the sealing of a burst', 'seal', true, ({ session }) => ({ session: failing(session, 'seal', 0) })],
	['the source, asked to open', 'open', false, ({ source }) => ({ source: failing(source, 'open', 0) })],
	['the source, asked for blocks', 'fill', false, ({ source }) => ({ source: failing(source, 'fill', 1) })],
	['the source, asked for blocks to seal', 'fill', true, ({ source }) => ({ source: failing(source, 'fill', 0) })],
	['the source, asked to close', 'close', false, ({ source }) => ({ source: failing(source, 'close', 0) })],
	['the socket at its first send', 'send', false, ({ socket }) => ({ socket: failing(socket, 'send', 0) })],
	['the socket at a later send', 'send', false, ({ socket }) => ({ socket: failing(socket, 'send', 3) })],
	['the socket at its first receive', 'receive', false, ({ socket }) => ({ socket: failing(socket, 'receive', 0) })],
	['the socket at a later receive', 'receive', false, ({ socket }) => ({ socket: failing(socket, 'receive', 3) })],
	['the event hook at its first event', 'onEvent', false, () => ({ onEvent: hook(0) })],
	['the event hook at a later event', 'onEvent', false, () => ({ onEvent: hook(5) })],
];

describe('a fault in a sending session', () => {
	it.each(CASES)('ends that session alone when it is thrown by %s', async (_name, method, isEncrypted, inject) => {
		const { ending, healthy, other } = await runBeside(isEncrypted, inject);
		expect(ending.error).toEqual(new Error(`fault in ${method}`));
		expect(other.failure).toBeUndefined();
		expect(other.results.map(({ outcome }) => outcome)).toEqual(['received']);
		expect(Buffer.compare(healthy.bytes, content)).toBe(0);
	});

	it.each([
		['in the clear', false],
		['encrypted', true],
	])('reaches the receivers as an ABORT, and closes the file (%s)', async (_name, isEncrypted) => {
		const { broken } = await runBeside(isEncrypted, ({ source }) => ({ source: failing(source, 'fill', 0) }));
		const ended = () => broken.events.filter((event) => event.kind === 'sessionEnded');
		await until(() => ended().length > 0);
		expect(ended()).toMatchObject([{ outcome: 'aborted', reason: expect.stringContaining('Internal error') }]);
		expect(broken.source.isOpen).toBe(false);
	});

	it('leaves its commands without effect', async () => {
		const { parts } = await scene(false);
		const driver = new SenderDriver({ ...parts, onEvent: hook(0) });
		await expect(driver.run()).rejects.toThrow('fault in onEvent');
		driver.abort('too late');
		driver.expectProxy(5, undefined);
	});

	it('in a command ends the session like any other', async () => {
		const { parts } = await scene(false);
		const driver = new SenderDriver({ ...parts, session: failing(parts.session, 'abort', 0) });
		const run = driver.run();
		driver.abort('enough');
		await expect(run).rejects.toThrow('fault in abort');
	});
});

describe('a source that answers later', () => {
	const later = <T>(value: T) => new Promise<T>((resolve) => setTimeout(() => resolve(value), 1));
	/** `source`, with every answer a promise. */
	const late = (source: BlockSource): LateBlockSource => ({
		open: (file) => later(source.open(file)),
		fill: (batch) => later(undefined).then(() => source.fill(batch)),
		close: (file) => source.close(file),
	});

	it.each([
		['in the clear', false],
		['encrypted', true],
	])('is waited for (%s)', async (_name, isEncrypted) => {
		const { parts, bytes } = await scene(isEncrypted);
		const end = await new SenderDriver({ ...parts, source: late(parts.source) }).run();
		expect(end.failure).toBeUndefined();
		expect(Buffer.compare(bytes, content)).toBe(0);
	});

	it.each([
		['open', { open: () => Promise.reject(new Error('late fault')) }],
		['fill', { fill: () => Promise.reject(new Error('late fault')) }],
	])('ends the session with what its answer to %s rejects with', async (_name, faulty) => {
		const { parts } = await scene(false);
		await expect(new SenderDriver({ ...parts, source: { ...late(parts.source), ...faulty } }).run()).rejects.toThrow(
			'late fault',
		);
	});

	it('may fail a file', async () => {
		const { parts } = await scene(false);
		const source = { ...late(parts.source), fill: () => later('it is gone') };
		const end = await new SenderDriver({ ...parts, source }).run();
		expect(end.failure?.code).toBe('fileChanged');
	});

	it.each([
		['in the clear', false],
		['encrypted', true],
	])('does not hold up the end of the session when it never answers (%s)', async (_name, isEncrypted) => {
		const { parts, events } = await scene(isEncrypted);
		const asked = Promise.withResolvers<void>();
		const source = {
			...late(parts.source),
			fill: () => {
				asked.resolve();
				return new Promise<undefined>(() => {});
			},
		};
		const driver = new SenderDriver({ ...parts, source });
		const run = driver.run();
		await asked.promise;
		driver.abort('enough');
		expect((await run).failure?.code).toBe('interrupted');
		await until(() => events.some((event) => event.kind === 'sessionEnded'));
	});
});

it('a sending session that is failed from outside rejects with that error once, and tells its receivers', async () => {
	const { parts, events } = await scene(false);
	const started = Promise.withResolvers<void>();
	const driver = new SenderDriver({
		...parts,
		onEvent: (event) => {
			if (event.kind === 'fileStarted') started.resolve();
		},
	});
	const run = driver.run();
	await started.promise;
	driver.fail(new Error('first'));
	driver.fail(new Error('second'));
	await expect(run).rejects.toThrow('first');
	await until(() => events.some((event) => event.kind === 'sessionEnded'));
});

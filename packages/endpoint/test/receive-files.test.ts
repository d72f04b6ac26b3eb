import { createSocket } from 'node:dgram';
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { ReceiverEvent } from '@uftp/protocol';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import {
	EndpointError,
	FileRejection,
	type FileWriter,
	heartbeatDatagram,
	openReceiver,
	ReceiverPort,
	type RunningReceiver,
	sendFiles,
} from '../src/index.ts';
import { inMemory, outcomes, pattern } from './loopback-receiver.ts';
import { loopbackSettings, reaching, sendOne } from './loopback-sender.ts';

let folder: string;
const open: RunningReceiver[] = [];
beforeEach(() => {
	folder = mkdtempSync(join(tmpdir(), 'uftp-receive-'));
});
afterEach(async () => {
	for (const receiver of open.splice(0)) await receiver.stop();
	rmSync(folder, { recursive: true });
});

async function opened(...args: Parameters<typeof openReceiver>): Promise<RunningReceiver> {
	const receiver = await openReceiver(...args);
	open.push(receiver);
	return receiver;
}

/** A writer that keeps a file in memory, and counts its calls. */
function kept(size: number, answer: () => void | Promise<void> = () => {}) {
	const bytes = new Uint8Array(size);
	const calls: string[] = [];
	const writer: FileWriter = {
		write: (chunk, offset) => {
			bytes.set(chunk, offset);
			return answer();
		},
		end: () => void calls.push('end'),
		abort: () => void calls.push('abort'),
	};
	return { bytes, calls, writer };
}

/** Functions that refuse a file in their various ways; `refuse` throws. */
const refuse = (): never => {
	throw new FileRejection('the shelf is full');
};
const refusals: [string, NonNullable<Parameters<typeof openReceiver>[0]['sink']>][] = [
	['is offered it', refuse],
	['is offered it, later', async () => refuse()],
	['writes', () => ({ write: refuse })],
	['writes, later', () => ({ write: async () => refuse() })],
	['ends', () => ({ write() {}, end: refuse })],
	['ends, later', () => ({ write() {}, end: async () => refuse() })],
];

describe('a sink that refuses one file', () => {
	it.each(refusals)('when it %s gets the others of the session', async (_when, openWriter) => {
		const others: string[] = [];
		const events: ReceiverEvent[] = [];
		const sink: typeof openWriter = (file) =>
			file.name === 'bad' ? openWriter(file) : { write() {}, end: () => void others.push(file.name) };
		const receiver = await opened({ ...loopbackSettings(), sink }, { onEvent: (event) => void events.push(event) });
		const { results } = await sendFiles(
			['bad', 'good'].map((name) => inMemory(name, pattern(1, 200_001))),
			reaching([receiver]),
		).ended;
		expect(results).toMatchObject([{ outcome: 'rejected', filesReceived: 1, filesRejected: 1 }]);
		expect(others).toEqual(['good']);
		const ends = events.flatMap((event) => (event.kind === 'fileEnded' ? [[event.file.name, event.reason]] : []));
		expect(ends).toEqual([
			['bad', 'the shelf is full'],
			['good', undefined],
		]);
	});
});

describe('a receiver', () => {
	it('stores what it is sent under its folder, and reports it to a hook, listeners and a loop alike', async () => {
		const hooked: ReceiverEvent[] = [];
		const looped: ReceiverEvent[] = [];
		const receiver = await opened(
			{ ...loopbackSettings(), destination: folder },
			{ onEvent: (event) => void hooked.push(event) },
		);
		const loop = (async () => {
			for await (const event of receiver.events) looped.push(event);
		})();
		const { results } = await sendOne('a.bin', [receiver]).ended;
		expect(results).toMatchObject([{ receiverId: receiver.uid, outcome: 'received' }]);
		expect(Buffer.compare(readFileSync(join(folder, 'a.bin')), pattern(1, 200_001))).toBe(0);
		await receiver.stop();
		await loop;
		expect(hooked.map(({ kind }) => kind)).toEqual(
			expect.arrayContaining(['sessionStarted', 'fileEnded', 'sessionEnded']),
		);
		expect(looped).toEqual(hooked);
	});

	it('gives the bytes of files to functions, also where these take their time', async () => {
		const file = kept(200_001, () => new Promise((resolve) => setTimeout(resolve, 1)));
		const names: string[] = [];
		const receiver = await opened({
			...loopbackSettings(),
			sink: async ({ name }) => {
				names.push(name);
				return file.writer;
			},
		});
		const { results } = await sendOne('a.bin', [receiver]).ended;
		expect(results).toMatchObject([{ outcome: 'received' }]);
		expect([names, file.calls]).toEqual([['a.bin'], ['end']]);
		expect(Buffer.compare(file.bytes, pattern(1, 200_001))).toBe(0);
	});

	it('skips files that the function does not want', async () => {
		const receiver = await opened({ ...loopbackSettings(), sink: () => undefined });
		const { results } = await sendOne('a.bin', [receiver]).ended;
		expect(results).toMatchObject([{ outcome: 'skipped' }]);
	});

	it('lets a session lag whose writer is slower than the network, and gets every byte all the same', async () => {
		const size = 60_000_000;
		const secondPass = Promise.withResolvers<void>();
		let calls = 0;
		// More than may wait has come by then.
		const file = kept(size, () => (calls++ === 0 ? secondPass.promise : undefined));
		const receiver = await opened({ ...loopbackSettings(), sink: () => file.writer });
		const sending = sendOne('large.bin', [receiver], size, { rateBytesPerSecond: 200_000_000 });
		sending.events.on((event) => event.kind === 'passStarted' && event.pass > 1 && secondPass.resolve());
		const { results, repairBytesSent } = await sending.ended;
		expect(results).toMatchObject([{ outcome: 'received' }]);
		expect(repairBytesSent).toBeGreaterThan(0);
		expect(Buffer.compare(file.bytes, pattern(1, size))).toBe(0);
	});

	it('takes part in encrypted sessions with a key that it makes and keeps', async () => {
		const settings = {
			...loopbackSettings(),
			security: undefined,
			destination: folder,
			stateDirectory: join(folder, 'state'),
		};
		const receiver = await opened(settings);
		expect(receiver.keys?.keys).toHaveLength(1);
		expect(readdirSync(join(folder, 'state'))).toHaveLength(1);
	});

	it('shares a port with others of its process, and leaves it to them', async () => {
		const { publicAddress } = loopbackSettings();
		const ports = await ReceiverPort.open({ publicAddress, port: 0, interfaces: ['lo'], receivers: 2 });
		const files = [kept(200_001), kept(200_001)];
		const receivers: RunningReceiver[] = [];
		for (const { writer } of files) {
			receivers.push(await opened({ ...loopbackSettings(), ports, sink: () => writer }));
		}
		const both = await sendOne('a.bin', receivers).ended;
		expect(outcomes(both.results).map((line) => line.slice(12))).toEqual(['received', 'received']);
		await receivers[0].stop();
		const { results } = await sendOne('b.bin', [receivers[1]]).ended;
		expect(results).toMatchObject([{ outcome: 'received' }]);
		expect(files.map(({ calls }) => calls.length)).toEqual([1, 2]);
	});

	it('drains: the session under way ends, no other one begins', async () => {
		const { publicAddress } = loopbackSettings();
		const ports = await ReceiverPort.open({ publicAddress, port: 0, interfaces: ['lo'], receivers: 2 });
		const draining = await opened({ ...loopbackSettings(), ports, sink: ({ size }) => kept(size).writer });
		// Keeps the groups joined, so that the announcement of the other session comes.
		const other = await opened({ ...loopbackSettings(), ports, sink: ({ size }) => kept(size).writer });
		const started = new Promise<void>((resolve) => {
			draining.events.on((event) => event.kind === 'fileStarted' && resolve());
		});
		const ignored = new Promise<void>((resolve) => {
			draining.events.on((event) => event.kind === 'announceIgnored' && resolve());
		});
		const first = sendOne('a.bin', [draining], 2_000_000, { rateBytesPerSecond: 4_000_000 });
		await started;
		const drained = draining.drain();
		const second = sendOne('b.bin', [draining, other], 1000);
		await ignored;
		expect(draining.sessionCount).toBe(1);
		await drained;
		expect(draining.sessionCount).toBe(0);
		expect((await first.ended).results).toMatchObject([{ outcome: 'received' }]);
		second.abort('enough');
		await second.ended;
	});

	it('drains at once where nothing is under way, and when it is stopped', async () => {
		const receiver = await opened({ ...loopbackSettings(), destination: folder });
		await receiver.drain();
		await receiver.stop();
		await receiver.drain();
		await receiver.closed;
	});

	it('refuses settings with a code, and leaves nothing open', async () => {
		const codeOf = (error: unknown) => (error instanceof EndpointError ? error.code : error);
		const refused = (more: Parameters<typeof openReceiver>[0]) =>
			openReceiver({ ...loopbackSettings(), ...more }).catch(codeOf);
		expect(await refused({})).toBe('destination-missing');
		for (const wrong of [{ uid: 0 }, { port: 70_000 }, { port: 1.5 }, { sessionsMax: 0 }, { graceMs: Number.NaN }]) {
			expect(await refused({ destination: folder, ...wrong })).toBe('setting-invalid');
		}
		const heartbeats = { to: [], intervalMs: 0 };
		expect(await refused({ destination: folder, heartbeats })).toBe('setting-invalid');
		expect(await refused({ destination: folder, interfaces: ['nonsense0'] })).toBe('interface-unknown');
		expect(await refused({ destination: folder, publicAddress: ['10.0.0.1'] })).toBe('group-invalid');
		expect(await refused({ destination: folder, senders: [], publicAddress: ['232.1.1.1', '230.1.1.1'] })).toBe(
			'groups-mixed',
		);
		const holder = createSocket('udp4');
		await new Promise<void>((resolve) => holder.bind(0, resolve));
		expect(await refused({ destination: folder, port: holder.address().port })).toBe('socket-failed');
		await new Promise<void>((resolve) => holder.close(() => resolve()));
	});
});

describe('the heartbeats of a receiver', () => {
	it('are 28 bytes without a key, as C sends them', () => {
		expect(Buffer.from(heartbeatDatagram(0x0a630002)).toString('hex')).toBe(
			'400e0000' + '0a630002' + '00000000' + '00000000' + '0e030000' + '00000000' + '00000000',
		);
	});

	it('leave from the port that it listens on', async () => {
		const proxy = createSocket('udp4');
		await new Promise<void>((resolve) => proxy.bind(0, '127.0.0.1', resolve));
		const came = new Promise<{ readonly port: number; readonly bytes: Uint8Array }>((resolve) => {
			proxy.once('message', (bytes, { port }) => resolve({ port, bytes }));
		});
		const to = [{ host: '127.0.0.1', port: proxy.address().port }];
		const receiver = await opened({
			...loopbackSettings(),
			destination: folder,
			heartbeats: { to, intervalMs: 60_000 },
		});
		const { port, bytes } = await came;
		expect(port).toBe(receiver.ports[0].port);
		expect([...bytes]).toEqual([...heartbeatDatagram(receiver.uid)]);
		await new Promise<void>((resolve) => proxy.close(() => resolve()));
	});
});

import { mkdtempSync, readdirSync, readlinkSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { SenderSession } from '@uftp/protocol/sender';
import { FileSource } from '@uftp/storage';
import { type DatagramSocket, openSocket } from '@uftp/transport';
import { afterAll, afterEach, beforeAll, describe, expect, it, vi } from 'vitest';
import { type Fault, type SendHooks, type SendSettings, sendFiles, type WhatToSend } from '../../src/index.ts';
import { inMemory, type LoopbackReceiver, openLoopbackReceiver, outcomes, pattern } from '../loopback-receiver.ts';

const content = pattern(5, 200_001);
/** By which the socket is known that is to fail. */
const SOURCE_PORT = 21_044;
let folder: string;
let file: string;
/** The prototype of the sockets that sessions send from. */
let sockets: DatagramSocket;
const receivers: LoopbackReceiver[] = [];

beforeAll(async () => {
	folder = mkdtempSync(join(tmpdir(), 'uftp-faults-'));
	file = join(folder, 'a.bin');
	writeFileSync(file, content);
	const socket = await openSocket({ family: 4 });
	sockets = Object.getPrototypeOf(socket) as DatagramSocket;
	socket.close();
});
afterAll(() => rmSync(folder, { recursive: true }));
afterEach(() => {
	vi.restoreAllMocks();
	for (const receiver of receivers.splice(0)) receiver.close();
});

type Target = { readonly [name: string]: unknown };

/** The call number `call` of `name` throws, of the first object on which it is called that `isVictim`. */
function sabotage(prototype: object, name: string, call: number, isVictim = (_object: unknown) => true): void {
	const original = (prototype as Target)[name] as (...values: unknown[]) => unknown;
	let victim: unknown;
	let calls = 0;
	vi.spyOn(prototype as Record<string, () => unknown>, name).mockImplementation(function (
		this: unknown,
		...values: unknown[]
	) {
		if (isVictim(this)) victim ??= this;
		if (victim === this && calls++ === call) throw new Error(`fault in ${name}`);
		return original.apply(this, values);
	} as never);
}

/** Sockets and files of this test that are open. */
function openThings(): string[] {
	const targets = readdirSync('/proc/self/fd').flatMap((fd) => {
		try {
			return [readlinkSync(`/proc/self/fd/${fd}`)];
		} catch {
			return []; // the descriptor with which the folder was read
		}
	});
	return targets.filter((target) => target.startsWith('socket:') || target.startsWith(folder)).sort();
}

interface Case {
	readonly what?: WhatToSend;
	readonly settings?: SendSettings;
	readonly hooks?: SendHooks;
	/** Done when the receivers are there. */
	readonly inject?: () => void;
}

/** Runs a session with a fault, and beside it a healthy one, which must succeed. */
async function runBeside({ what = [file], settings = {}, hooks = {}, inject = () => {} }: Case) {
	const [broken, healthy] = [await openLoopbackReceiver(), await openLoopbackReceiver()];
	receivers.push(broken, healthy);
	inject();
	const faults: Fault[] = [];
	const before = openThings();
	const onFault = (fault: Fault): void => void faults.push(fault);
	const sending = sendFiles(what, { ...broken.settings, ...settings }, { onFault, ...hooks });
	// The first to call anything is the broken one.
	await Promise.race([sending.ended, new Promise<void>((resolve) => sending.events.on(() => resolve()))]);
	const other = sendFiles([inMemory('b.bin', content)], healthy.settings);
	const [end, otherEnd] = await Promise.all([sending.ended, other.ended]);
	expect(otherEnd.failure).toBeUndefined();
	expect(outcomes(otherEnd.results)).toEqual([expect.stringContaining('received')]);
	expect(Buffer.compare(healthy.files.get('b.bin') as Uint8Array, content)).toBe(0);
	expect(openThings()).toEqual(before);
	return { end, faults, broken };
}

const throwing = (message: string) => () => {
	throw new Error(message);
};

const SESSION_CALLS: readonly [name: string, call: number][] = [
	['pollTransmit', 0],
	['pollTransmit', 4],
	['pollTimeout', 0],
	['pollTimeout', 6],
	['handleTimeout', 0],
	['pollEvent', 0],
	['pollEvent', 9],
];
const SOURCE_CALLS: readonly [name: string, call: number][] = [
	['open', 0],
	['fill', 0],
	['fill', 1],
	['close', 0],
];
const SOCKET_CALLS: readonly [name: string, call: number][] = [
	['createOutgoing', 0],
	['onReadable', 0],
	['send', 0],
	['send', 3],
	['receive', 0],
	['receive', 3],
	['stats', 0],
];

describe('a session that meets a fault ends as internal, and no other does,', () => {
	it.each([
		...SESSION_CALLS.map(([name, call]) => ['session', SenderSession.prototype, name, call] as const),
		...SOURCE_CALLS.map(([name, call]) => ['source', FileSource.prototype, name, call] as const),
		...SOCKET_CALLS.map(([name, call]) => ['socket', undefined, name, call] as const),
	])('when its %s throws (%#)', async (_part, prototype, name, call) => {
		const inject = (): void => {
			if (prototype !== undefined) sabotage(prototype, name, call);
			else sabotage(sockets, name, call, (socket) => (socket as DatagramSocket).local.port === SOURCE_PORT);
		};
		const settings = prototype === undefined ? { sourcePort: SOURCE_PORT } : {};
		const { end, faults } = await runBeside({ settings, inject });
		expect(end.failure).toEqual({ code: 'internal', facts: { why: `fault in ${name}` } });
		expect(faults).toMatchObject([{ error: new Error(`fault in ${name}`), groupId: expect.any(Number) }]);
		expect(end.fault).toBe(faults[0]?.error);
	});

	it('when an answer of a receiver makes the session throw', async () => {
		const name = 'handle' in SenderSession.prototype ? 'handle' : 'handleDatagram';
		const { end, broken } = await runBeside({ inject: () => sabotage(SenderSession.prototype, name, 1) });
		expect(end.failure).toMatchObject({ code: 'internal' });
		await vi.waitFor(() =>
			expect(broken.events).toContainEqual(expect.objectContaining({ kind: 'sessionEnded', outcome: 'aborted' })),
		);
	});

	it.each(['opened', 'announced', 'fileStarted', 'passStarted', 'fileEnded', 'ended'])(
		'when its event hook throws at "%s"',
		async (kind) => {
			const onEvent: SendHooks['onEvent'] = (event) => {
				if (event.kind === kind) throw new Error(`fault at ${kind}`);
			};
			const { end, faults } = await runBeside({ hooks: { onEvent } });
			expect(end.failure).toEqual({ code: 'internal', facts: { why: `fault at ${kind}` } });
			expect(faults).toHaveLength(1);
		},
	);

	it.each(['opened', 'announced', 'passStarted', 'ended'])(
		'when its asynchronous event hook rejects at "%s"',
		async (kind) => {
			const onEvent: SendHooks['onEvent'] = async (event) => {
				await Promise.resolve();
				if (event.kind === kind) throw new Error(`fault at ${kind}`);
			};
			const { end, faults } = await runBeside({ hooks: { onEvent } });
			expect(end.failure).toEqual({ code: 'internal', facts: { why: `fault at ${kind}` } });
			expect(faults).toHaveLength(1);
		},
	);

	it.each<[string, SendHooks['onEvent']]>([
		['throws', ({ kind }) => (kind === 'ended' ? throwing('too late')() : undefined)],
		['rejects at once', async ({ kind }) => (kind === 'ended' ? throwing('too late')() : undefined)],
	])('when its event hook %s at the very end, and says what the receivers have all the same', async (_how, onEvent) => {
		const { end, faults } = await runBeside({ ...(onEvent === undefined ? {} : { hooks: { onEvent } }) });
		expect(end.failure).toEqual({ code: 'internal', facts: { why: 'too late' } });
		expect(faults).toHaveLength(1);
		expect(end.results).toMatchObject([{ outcome: 'received' }]);
		expect(end.bytesSent).toBeGreaterThan(0);
	});

	it.each<[string, () => void | Promise<void>]>([
		['throws', throwing('fault of a listener')],
		['rejects', () => Promise.reject(new Error('fault of a listener'))],
	])('when a listener %s', async (_what, listener) => {
		const receiver = await openLoopbackReceiver();
		receivers.push(receiver);
		const sending = sendFiles([inMemory('a.bin', pattern(1, 20_000_000))], receiver.settings, { onFault: () => {} });
		sending.events.on((event) => (event.kind === 'passStarted' ? listener() : undefined));
		expect((await sending.ended).failure).toEqual({ code: 'internal', facts: { why: 'fault of a listener' } });
	});

	it('when the hook throws at an event of a timer', async () => {
		const onEvent: SendHooks['onEvent'] = ({ kind }) => {
			if (kind === 'progress') throw new Error('fault in a sample');
		};
		const { end } = await runBeside({
			what: [inMemory('a.bin', pattern(1, 20_000_000))],
			settings: { progressMs: 5 },
			hooks: { onEvent },
		});
		expect(end.failure).toEqual({ code: 'internal', facts: { why: 'fault in a sample' } });
	});

	it.each([
		['opened', 'The event hook'],
		['passStarted', 'The event hook'],
	])('when its event hook never returns from "%s"', async (kind, hook) => {
		const onEvent: SendHooks['onEvent'] = (event) => (event.kind === kind ? new Promise(() => {}) : undefined);
		const what = [inMemory('a.bin', pattern(1, 20_000_000))];
		const { end } = await runBeside({ what, settings: { hookMsMax: 50 }, hooks: { onEvent } });
		expect(end.failure).toMatchObject({ code: 'internal', facts: { why: expect.stringContaining(hook) } });
	});

	it.each<[string, () => Uint8Array | Promise<Uint8Array>, string]>([
		['throws', throwing('no bytes'), 'no bytes'],
		['rejects', () => Promise.reject(new Error('no bytes')), 'no bytes'],
		['never answers', () => new Promise(() => {}), 'did not return within 0.05 s'],
		['returns nothing', (() => undefined) as never, 'returned no Uint8Array'],
		['returns other numbers', (() => new Float64Array(9000)) as never, 'returned no Uint8Array'],
	])('when its own source %s', async (_what, read, why) => {
		const what = [{ path: 'a.bin', content: { size: 9000, read } }];
		const { end, broken } = await runBeside({ what, settings: { hookMsMax: 50 } });
		expect(end.failure).toMatchObject({ code: 'internal', facts: { why: expect.stringContaining(why) } });
		await vi.waitFor(() => expect(broken.events.some(({ kind }) => kind === 'sessionEnded')).toBe(true));
	});

	it.each<[string, unknown, string]>([
		['a string', 'just text', 'just text'],
		['nothing', undefined, 'undefined'],
		['something without a text', Object.create(null), 'something was thrown that has no text'],
	])('when %s is thrown instead of an error', async (_what, thrown, why) => {
		const onEvent = (): void => {
			throw thrown;
		};
		const { end } = await runBeside({ hooks: { onEvent } });
		expect(end.failure).toEqual({ code: 'internal', facts: { why } });
	});

	it.each<[string, SendHooks['onFault']]>([
		['throws', throwing('again')],
		['rejects', (() => Promise.reject(new Error('again'))) as never],
	])('when the hook for faults itself %s', async (_what, onFault) => {
		const { end } = await runBeside({ hooks: { onEvent: throwing('first'), onFault: onFault as () => void } });
		expect(end.failure).toEqual({ code: 'internal', facts: { why: 'first' } });
	});

	it('when reading how far it is throws', async () => {
		vi.spyOn(SenderSession.prototype, 'progress', 'get').mockImplementation(throwing('fault in progress'));
		const receiver = await openLoopbackReceiver();
		receivers.push(receiver);
		const sending = sendFiles([file], receiver.settings, { onFault: () => {} });
		sending.events.on(({ kind }) => {
			if (kind === 'announced') expect(sending.progress).toBeUndefined();
		});
		expect((await sending.ended).failure).toEqual({ code: 'internal', facts: { why: 'fault in progress' } });
	});

	it.each<[string, unknown]>([
		['no list', 5],
		['a list of something else', [{}]],
	])('when it is to send %s', async (_what, what) => {
		const sending = sendFiles(what as never, {}, { onFault: () => {} });
		expect((await sending.ended).failure).toMatchObject({ code: 'internal' });
	});
});

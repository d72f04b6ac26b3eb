import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { SenderEnd, SenderProgress } from '@uftp/protocol';
import { checkConfig } from '@uftp/service-kit';
import type { SocketStats } from '@uftp/transport';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { senderConfig } from '../src/config.ts';
import { endingOf } from '../src/jobs/job-ending.ts';
import { JobProgress } from '../src/jobs/job-progress.ts';
import { receiverResults } from '../src/jobs/receiver-results.ts';
import { locateInRoots } from '../src/locate-files.ts';

const stats: SocketStats = {
	datagramsOut: 0,
	bytesOut: 0,
	sendCalls: 0,
	sendErrors: 0,
	datagramsIn: 0,
	bytesIn: 0,
	receiveCalls: 0,
	receiveErrors: 0,
	kernelDrops: 0,
	queueDrops: 0,
	lastError: '',
};

describe('the settings of a sender', () => {
	it('map labels to folders', () => {
		expect(checkConfig(senderConfig, { roots: 'a=/srv/a, b.c=/srv/b=c' })).toMatchObject({
			ok: true,
			value: {
				roots: [
					{ label: 'a', directory: '/srv/a' },
					{ label: 'b.c', directory: '/srv/b=c' },
				],
			},
		});
	});

	it.each([
		[{ roots: '/srv/a' }, '"/srv/a" is not "label=/path"'],
		[{ roots: 'a=srv/a' }, 'the folder of root a must be an absolute path'],
		[{ roots: 'a=/x,a=/y' }, 'the root a stands there twice'],
		[{ rateKbps: '0' }, 'must be at least 1, or -1'],
		[{ congestion: 'tfmcc:min=9:max=8' }, 'Invalid rate: min <= init <= max: takes "none" or "tfmcc"'],
		[{ proxies: '0x1=zz' }, '"zz" is no fingerprint'],
		[{ proxies: '0x1,0x00000001' }, 'the proxy 0x00000001 stands there twice'],
		[{ blockSize: '9000' }, 'must be at most 8800'],
		[{ publicAddress: 'example' }, 'must be an IPv4 or IPv6 address'],
	])('refuse %o', (settings, sentence) => {
		const read = checkConfig(senderConfig, settings as Record<string, string>);
		expect(read.ok ? '' : read.problem).toContain(sentence);
	});
});

describe('progress', () => {
	const files = [
		{ name: 'a', size: 1_000_000 },
		{ name: 'b', size: 1_000_000 },
	];
	const make = (): JobProgress =>
		new JobProgress({ session: '00000001', job: 'j', blockBytes: 1000, files, totalBytes: 2_000_000 }, 0);
	const at = (more: Partial<SenderProgress>): SenderProgress => ({
		phase: 'transfer',
		answersHandled: 0,
		file: 0,
		pass: 1,
		passBytes: 0,
		passBytesTotal: 1_000_000,
		filesBytesDone: 0,
		filesBytesTotal: 2_000_000,
		rateBytesPerSecond: 0,
		receivers: [
			{ receiverId: 1, state: 'active', missingBlocks: 0 },
			{ receiverId: 2, state: 'naked', missingBlocks: 0 },
		],
		...more,
	});

	it('counts what the slowest receiver has, and names it', () => {
		const receivers = [
			{ receiverId: 1, state: 'active', missingBlocks: 10 },
			{ receiverId: 2, state: 'naked', missingBlocks: 200 },
		] as const;
		const sample = make().sample(1000, at({ passBytes: 500_000, receivers }), 0);
		expect(sample).toMatchObject({ bytes: 300_000, percent: 15, slowest: { uid: '0x00000002', percent: 15 } });
		expect(sample.rateBytesPerSecond).toBe(300_000);
		expect(sample.etaSeconds).toBeCloseTo(1_700_000 / 300_000, 0);
	});

	it('never goes back, and is not complete before every receiver is', () => {
		const progress = make();
		const percents = [
			progress.sample(100, at({ passBytes: 900_000 }), 0),
			progress.sample(200, at({ pass: 2, passBytes: 0, passBytesTotal: 500_000 }), 0),
			progress.sample(300, at({ phase: 'file', file: 1, filesBytesDone: 1_000_000 }), 0),
			progress.sample(400, at({ phase: 'catchUp', filesBytesDone: 2_000_000 }), 1),
			progress.sample(500, at({ phase: 'ended', filesBytesDone: 2_000_000 }), 1),
			progress.sample(600, at({ phase: 'ended', filesBytesDone: 2_000_000 }), 2),
		].map(({ percent }) => percent);
		expect(percents).toEqual([45, 45, 50, 99.9, 99.9, 100]);
	});

	it('does not claim success when nobody is left', () => {
		const gone = [{ receiverId: 1, state: 'lost', missingBlocks: 0 }] as const;
		expect(make().sample(10, at({ phase: 'ended', file: -1, pass: 0, receivers: gone }), 0)).toMatchObject({
			percent: 0,
			receivers: 0,
		});
	});

	it('sends nothing but empty files without dividing by zero', () => {
		const empty = new JobProgress({ session: '00000001', job: 'j', blockBytes: 1000, files: [], totalBytes: 0 }, 0);
		expect(empty.sample(0, at({ file: -1, pass: 0 }), 0)).toMatchObject({ percent: 0, rateBytesPerSecond: 0 });
	});
});

describe('results', () => {
	const end = (results: SenderEnd['results']): SenderEnd => ({
		results,
		elapsedMs: 1,
		bytesSent: 1,
		packetsSent: 1,
		repairBytesSent: 0,
	});
	const one = (receiverId: number): SenderEnd['results'][number] => ({
		receiverId,
		outcome: 'received',
		address: { host: '10.0.0.1', port: 1 },
		isOurs: true,
		rttMs: 1,
		filesReceived: 1,
		filesOverwritten: 0,
		filesSkipped: 0,
		filesRejected: 0,
		filesMissing: 0,
		bytes: 5,
	});

	it('fit into a message of the bus for ten thousand receivers', () => {
		const many = Array.from({ length: 10_000 }, (_, i) => one(i + 1));
		const results = receiverResults(end(many), {
			fileCount: 1,
			expected: new Map(),
			secondsOf: new Map(),
			keptOut: new Map(),
		});
		expect(results.length).toBe(10_000);
		expect(JSON.stringify(results).length).toBeLessThan(900_000);
	});

	it('do not count a receiver as served that lacks a file', () => {
		const context = { fileCount: 2, expected: new Map(), secondsOf: new Map(), keptOut: new Map() };
		expect(receiverResults(end([one(1)]), context)).toMatchObject([
			{ outcome: 'aborted', reason: expect.stringContaining('1 of 2') },
		]);
	});
});

describe('the end of a job', () => {
	const failure = { code: 'nobody-registered', facts: { why: 'no receiver answered the announcement' } } as const;
	const socket = (sendErrors: number, lastError: string): SocketStats => ({ ...stats, sendErrors, lastError });
	const ended = { session: '00000001', receivers: [], cancelled: undefined };

	it('says in whole sentences what failed, and that nothing got out where that is why', () => {
		expect(endingOf({ ...ended, end: { failure, socket: socket(0, '') } })).toMatchObject({
			phase: 'failed',
			error: { code: 'nobody-registered', message: 'No receiver answered the announcement.' },
		});
		expect(endingOf({ ...ended, end: { failure, socket: socket(3, 'no route (ENETUNREACH)') } }).error).toEqual({
			code: 'nobody-registered',
			message: 'No receiver answered the announcement. 3 datagrams could not be sent: no route (ENETUNREACH).',
		});
	});

	it('names the setting of this program that keeps it from being started', () => {
		const unknown = { code: 'interface-unknown', facts: { why: 'There is no interface "eth9".' } } as const;
		expect(endingOf({ ...ended, session: undefined, end: { failure: unknown, socket: undefined } })).toEqual({
			phase: 'failed',
			receivers: [],
			error: { code: 'cannot-send', message: 'There is no interface "eth9". Change UFTP_INTERFACE.' },
		});
	});

	it('is a fault as such, whatever its session had come to', () => {
		const fault = { code: 'internal', facts: { why: 'lost count' } } as const;
		expect(endingOf({ ...ended, end: { failure: fault, socket: undefined } })).toMatchObject({
			phase: 'failed',
			session: '00000001',
			error: { code: 'internal', message: expect.stringContaining('lost count') },
		});
	});
});

describe('local files', () => {
	let folder: string;
	beforeAll(() => {
		folder = mkdtempSync(join(tmpdir(), 'uftp-locate-'));
		mkdirSync(join(folder, 'media', 'films'), { recursive: true });
		mkdirSync(join(folder, 'mediator'));
		writeFileSync(join(folder, 'media', 'films', 'a.mkv'), 'x');
		writeFileSync(join(folder, 'mediator', 'b'), 'x');
		symlinkSync(join(folder, 'media'), join(folder, 'link'));
		symlinkSync(join(folder, 'mediator', 'b'), join(folder, 'media', 'out'));
	});
	afterAll(() => rmSync(folder, { recursive: true, force: true }));
	const roots = () => [
		{ label: 'media', directory: join(folder, 'media') },
		{ label: 'films', directory: join(folder, 'link', 'films') },
	];
	const ask = (paths: string[], host = 'here') => locateInRoots({ v: 1, host, paths }, roots(), 'here');

	it('are found under the innermost root, also through links above them', () => {
		expect(ask([join(folder, 'link/films/a.mkv'), join(folder, 'media'), join(folder, 'media/out')])).toEqual({
			ok: true,
			files: [
				{ root: 'films', path: 'a.mkv' },
				{ root: 'media', path: '.' },
				{ root: 'media', path: 'out' },
			],
		});
	});

	it.each([
		['in a folder whose name begins like a root', 'mediator/b'],
		['that do not exist', 'media/nothing'],
	])('%s are in no root', (_, path) => {
		expect(ask([join(folder, path)])).toMatchObject({ ok: false, error: { code: 'not-in-a-root' } });
	});

	it('of another host are refused', () => {
		expect(ask([join(folder, 'media')], 'elsewhere')).toMatchObject({ ok: false, error: { code: 'other-host' } });
	});
});

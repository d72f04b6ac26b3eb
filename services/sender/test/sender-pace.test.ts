import type { Job, JobOptions } from '@uftp/bus';
import { checkConfig } from '@uftp/service-kit';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { senderConfig } from '../src/config.ts';
import { sendSettings } from '../src/jobs/send-settings.ts';
import { SenderBench } from './sender-bench.ts';

/** What the session is told for a job with these options, at a sender with these settings. */
function told(options: Partial<JobOptions>, settings: Record<string, string> = {}) {
	const read = checkConfig(senderConfig, settings);
	if (!read.ok) throw new Error(read.problem);
	const job: Job = { v: 1, files: [{ root: 'files', path: 'a' }], options };
	const addresses = { family: 4, publicAddress: '230.4.4.1', privateAddress: '230.5.5.1', isUnicast: false } as const;
	return sendSettings({ job, addresses, targets: [] }, read.value, {
		expected: new Map(),
		proxies: [],
		security: { kind: 'clear', why: 'the job asks for that', wasAsked: true },
		pinnedIn: '/nowhere',
		pinnedProxies: [],
	});
}

describe('the pace of a job', () => {
	it('follows what the receivers report if the job says so, within its bounds', () => {
		expect(told({ congestion: 'tfmcc:min=8:init=16:max=24' }).congestion).toEqual({
			kind: 'tfmcc',
			minBytesPerSecond: 1024,
			initialBytesPerSecond: 2048,
			maxBytesPerSecond: 3072,
		});
		expect(told({}).congestion).toBeUndefined();
	});

	it('is the sender’s own unless the job has a rate or a word of its own', () => {
		const settings = { congestion: 'tfmcc:max=24' };
		expect(told({}, settings).congestion).toMatchObject({ maxBytesPerSecond: 3072 });
		expect(told({ congestion: 'none' }, settings).congestion).toBeUndefined();
		expect(told({ rateKbps: 8 }, settings)).toMatchObject({ rateBytesPerSecond: 1024 });
		expect(told({ rateKbps: 8 }, settings).congestion).toBeUndefined();
	});

	it('has a longest time only if the job says so, and then ten seconds at least', () => {
		expect(told({}).limits).toBeUndefined();
		expect(told({ maxTimePercent: 300 }).limits).toEqual({
			transferPercentMax: 300,
			transferSecondsMin: 10,
			nominalBytesPerSecond: 12_500_000,
		});
		expect(told({ maxTimePercent: 300, minTimeSeconds: 0 }).limits).toMatchObject({ transferSecondsMin: 0 });
	});
});

describe('a sender', () => {
	let bench: SenderBench;
	beforeEach(() => {
		bench = new SenderBench();
	});
	afterEach(() => bench.close());

	it('sends a job under congestion control, and says so', async () => {
		await bench.start(2);
		bench.write('a', 200_000);
		const end = await bench.send({ options: { congestion: 'tfmcc:init=20000', grttSeconds: 0.02 } });
		expect(end.phase).toBe('succeeded');
		const announced = bench.events.find(({ kind, data }) => kind === 'session' && data.phase === 'announced');
		expect(announced?.data).toMatchObject({ congestion: 'tfmcc', rateKbps: -1 });
	});

	it('gives up a file that takes longer than the job allows', async () => {
		await bench.start(2);
		// At 8000 Kbps its bytes take 1.95 s, with their headers more than 2 s: 110 %, in whole seconds.
		bench.write('a', 2_000_000);
		const end = await bench.send({ options: { rateKbps: 8000, maxTimePercent: 110, minTimeSeconds: 0 } });
		expect(end).toMatchObject({ phase: 'failed', error: { code: 'time-exceeded' } });
		expect((end.receivers ?? []).map(({ outcome }) => outcome)).toEqual(['aborted', 'aborted']);
	});

	it.each([
		[{ congestion: 'tfmcc:max=0' }, 'Invalid rate max=0: the job\'s congestion must be "none" or "tfmcc"'],
		[{ congestion: 'tfmcc', rateKbps: 8 }, 'rateKbps and congestion contradict each other'],
		[{ congestion: 'tfmcc', maxTimePercent: 300 }, 'maxTimePercent needs a rate to reckon with'],
		[{ minTimeSeconds: 5 }, 'minTimeSeconds needs maxTimePercent'],
	])('refuses the options %j', async (options, sentence) => {
		await bench.start(0);
		bench.write('a');
		const answer = await bench.ask({ v: 1, files: [{ root: 'files', path: 'a' }], options });
		expect(answer).toMatchObject({ ok: false, error: { code: 'bad-job', message: expect.stringContaining(sentence) } });
	});
});

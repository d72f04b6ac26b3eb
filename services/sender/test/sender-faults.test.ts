import { SenderSession } from '@uftp/protocol/sender';
import { EventPublisher, HeartbeatPublisher } from '@uftp/service-kit';
import { FileSource } from '@uftp/storage';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { JobProgress } from '../src/jobs/job-progress.ts';
import { SessionReports } from '../src/jobs/session-reports.ts';
import { SenderBench } from './sender-bench.ts';

let bench: SenderBench;
beforeEach(() => {
	bench = new SenderBench();
});
afterEach(async () => {
	vi.restoreAllMocks();
	await bench.close();
});

/** The call number `call` of a method throws, of the first object on which it is called. */
function sabotage(prototype: object, name: string, call: number): void {
	const original = (prototype as { readonly [name: string]: (...values: unknown[]) => unknown })[name]!;
	let victim: unknown;
	let calls = 0;
	vi.spyOn(prototype as Record<string, () => unknown>, name).mockImplementation(function (
		this: unknown,
		...values: unknown[]
	) {
		victim ??= this;
		if (victim === this && calls++ === call) throw new Error(`fault in ${name}`);
		return original.apply(this, values);
	} as never);
}

describe('a sender with eight jobs at once', () => {
	it.each<[string, object, string, number]>([
		['its session, in the first turn', SenderSession.prototype, 'pollTransmit', 0],
		['its session, later', SenderSession.prototype, 'pollTransmit', 6],
		['the time of its session', SenderSession.prototype, 'handleTimeout', 0],
		['its files', FileSource.prototype, 'fill', 0],
		['what is reported of it', SessionReports.prototype, 'onEvent', 3],
		['the sampling of its progress', JobProgress.prototype, 'sample', 0],
	])('fails the one that meets a fault in %s, and sends the others', async (_where, prototype, name, call) => {
		await bench.start(2, { jobsAtOnce: '8' });
		bench.write('a', 50_000);
		sabotage(prototype, name, call);
		const jobs = await Promise.all(Array.from({ length: 8 }, () => bench.submit({ options: { grttSeconds: 0.02 } })));
		const ends = await Promise.all(jobs.map((job) => bench.ended(job)));
		const failed = ends.filter(({ phase }) => phase === 'failed');
		expect(failed).toMatchObject([
			{ error: { code: 'internal', message: expect.stringContaining(`fault in ${name}`) }, fileCount: 1 },
		]);
		expect(ends.filter(({ phase }) => phase === 'succeeded')).toHaveLength(7);
		const stacks = bench.lines.filter((line) => line.includes(`Error: fault in ${name}`));
		expect(stacks).toEqual([expect.stringContaining(`Job ${failed[0]?.job} met a fault`)]);
		// It takes jobs as before.
		expect((await bench.send({})).phase).toBe('succeeded');
	});

	it('ends the session of a fault on the bus, too, where it was announced there', async () => {
		await bench.start(1, { jobsAtOnce: '8' });
		bench.write('a', 50_000);
		sabotage(FileSource.prototype, 'fill', 0);
		const job = await bench.submit({});
		expect((await bench.ended(job)).phase).toBe('failed');
		expect(bench.phases(job).slice(-2)).toEqual(['session/aborted', 'job/failed']);
	});
});

describe('a sender whose reports meet a fault', () => {
	it('fails a job whose end cannot be reported, once, and runs the next one', async () => {
		await bench.start(1);
		bench.write('a');
		const publish = EventPublisher.prototype.publish;
		const spy = vi.spyOn(EventPublisher.prototype, 'publish');
		let thrown = 0;
		spy.mockImplementation(function (this: EventPublisher, kind, data, subject) {
			if (kind === 'job' && data.phase === 'succeeded' && thrown++ === 0) throw new Error('fault in the report');
			publish.call(this, kind, data, subject);
		});
		const [job, next] = [await bench.submit({}), await bench.submit({})];
		expect(await bench.ended(job)).toMatchObject({
			phase: 'failed',
			error: { code: 'internal', message: 'fault in the report' },
		});
		expect((await bench.ended(next)).phase).toBe('succeeded');
		expect(bench.phases(job).filter((phase) => /^job\/(failed|succeeded)/.test(phase))).toEqual(['job/failed']);
		expect(bench.lines.filter((line) => line.includes('met a fault'))).toHaveLength(1);
	});

	it('runs the next job although the number of jobs cannot be reported', async () => {
		await bench.start(1);
		bench.write('a');
		vi.spyOn(HeartbeatPublisher.prototype, 'beat').mockImplementation(() => {
			throw new Error('fault in the heartbeat');
		});
		const jobs = [await bench.submit({}), await bench.submit({})];
		for (const job of jobs) expect((await bench.ended(job)).phase).toBe('succeeded');
		vi.restoreAllMocks();
	});
});

import { readdirSync } from 'node:fs';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { SenderBench, s } from './sender-bench.ts';

let bench: SenderBench;
beforeEach(() => {
	bench = new SenderBench();
});
afterEach(() => bench.close());

const slow = { options: { rateKbps: 4000 } };

async function cancel(question: object | string): Promise<unknown> {
	return (await bench.bus.request(s.cancel('studio'), question)).json();
}

describe('a sender that is asked to cancel a job', () => {
	it('ends the one that runs, tells its receivers who wanted that, and goes on with the next', async () => {
		await bench.start(2, { id: 'studio' });
		bench.write('a', 5_000_000);
		bench.write('b', 1000);
		const job = await bench.submit(slow);
		const next = await bench.submit({ files: [{ root: 'files', path: 'b' }] });
		await bench.until(() => bench.phases(job).includes('file/started'));
		expect(await cancel({ v: 1, job, by: 'alice on build-7' })).toEqual({ ok: true, job, was: 'running' });
		const end = await bench.ended(job);
		expect(end).toMatchObject({
			phase: 'cancelled',
			error: { code: 'cancelled', message: 'Cancelled by alice on build-7.' },
		});
		expect((end.receivers ?? []).map(({ outcome }) => outcome)).toEqual(['aborted', 'aborted']);
		expect(bench.phases(job).slice(-2)).toEqual(['session/aborted', 'job/cancelled']);
		expect((await bench.ended(next)).phase).toBe('succeeded');
		for (const { folder } of bench.receivers!.all) expect(readdirSync(folder)).toEqual(['b']);
	});

	it('drops the one that waits, and sends the others', async () => {
		await bench.start(1, { id: 'studio' });
		bench.write('a', 200_000);
		const running = await bench.submit(slow);
		const waiting = await bench.submit({});
		const last = await bench.submit({});
		expect(await cancel({ v: 1, job: waiting })).toEqual({ ok: true, job: waiting, was: 'waiting' });
		expect(await bench.ended(waiting)).toMatchObject({
			phase: 'cancelled',
			receivers: [],
			error: { code: 'cancelled', message: 'Cancelled.' },
		});
		for (const job of [running, last]) expect((await bench.ended(job)).phase).toBe('succeeded');
		expect(bench.phases(waiting)).toEqual(['job/accepted', 'job/cancelled']);
	});

	it('says so where the job is over, was never there, or is not named', async () => {
		await bench.start(1, { id: 'studio' });
		bench.write('a');
		const job = await bench.submit({});
		await bench.ended(job);
		expect(await cancel({ v: 1, job })).toMatchObject({ ok: false, error: { code: 'job-over' } });
		expect(await cancel({ v: 1, job: 'other' })).toMatchObject({ ok: false, error: { code: 'no-such-job' } });
		for (const question of [{ v: 1 }, { v: 2, job }, { v: 1, job, by: 'a\nb' }, '{'])
			expect(await cancel(question)).toMatchObject({ ok: false, error: { code: 'bad-question' } });
	});
});

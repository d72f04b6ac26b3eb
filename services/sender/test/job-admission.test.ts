import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import * as jobFiles from '../src/jobs/job-files.ts';
import { SenderBench, s } from './sender-bench.ts';

vi.mock('../src/jobs/job-files.ts', async (original) => {
	const real = await original<typeof jobFiles>();
	return { ...real, findJobFiles: vi.fn(real.findJobFiles) };
});
const { findJobFiles: find } = await vi.importActual<typeof jobFiles>('../src/jobs/job-files.ts');
const found = vi.mocked(jobFiles.findJobFiles);

let bench: SenderBench;
let go = (): void => {};
/** The files of the next job are looked for as soon as `go` is called; resolves when that is waited for. */
function hold(): Promise<void> {
	const { promise, resolve } = Promise.withResolvers<void>();
	go = resolve;
	return new Promise((begun) => {
		found.mockImplementationOnce(async (...values) => {
			begun();
			await promise;
			return find(...values);
		});
	});
}

beforeEach(() => {
	bench = new SenderBench();
});
afterEach(async () => {
	go();
	found.mockReset().mockImplementation(find);
	await bench.close();
});

const job = { v: 1, id: 'one', files: [{ root: 'files', path: 'a' }] };
const missing = { ...job, files: [{ root: 'files', path: 'missing' }] };

describe('a job whose files are being looked for', () => {
	it('is refused as "internal" if that throws, and may come again under its id', async () => {
		await bench.start(1);
		bench.write('a');
		found.mockRejectedValueOnce(new Error('fault in the walk'));
		expect(await bench.ask(job)).toMatchObject({
			ok: false,
			error: { code: 'internal', message: 'fault in the walk' },
		});
		expect(bench.lines.filter((line) => line.includes('Error: fault in the walk'))).toHaveLength(1);
		expect(await bench.ask(job)).toMatchObject({ ok: true, job: 'one' });
		expect((await bench.ended('one')).phase).toBe('succeeded');
	});

	it('has its place already: of a burst those are refused, in order, that find none', async () => {
		await bench.start(0, { jobsWaiting: '3' });
		bench.write('a');
		const begun = hold();
		const ids = Array.from({ length: 20 }, (_, n) => `job-${n}`);
		const answers = ids.map((id) => bench.ask({ ...job, id }));
		await begun;
		const refused = await Promise.all(answers.slice(4));
		for (const answer of refused) expect(answer).toMatchObject({ ok: false, error: { code: 'queue-full' } });
		go();
		expect(await Promise.all(answers.slice(0, 4))).toMatchObject(ids.slice(0, 4).map((id) => ({ ok: true, job: id })));
	});

	it('gives its place back if it is refused', async () => {
		await bench.start(0, { jobsWaiting: '0' });
		bench.write('a');
		for (let n = 0; n < 3; n++) {
			expect(await bench.ask(missing)).toMatchObject({ ok: false, error: { code: 'no-such-file' } });
		}
		expect(await bench.ask(job)).toMatchObject({ ok: true, job: 'one' });
	});

	it.each([
		['it is taken', job, { ok: true, job: 'one' }],
		['it is refused', missing, { ok: false, error: { code: 'no-such-file' } }],
	])('is not answered for when it comes once more: both get the same answer if %s', async (_, sent, answer) => {
		await bench.start(1);
		bench.write('a');
		const begun = hold();
		const first = bench.ask(sent);
		await begun;
		const again = bench.ask(sent);
		await bench.ask({ v: 1 }); // comes after it, so that it has been looked at
		go();
		const answers = await Promise.all([first, again]);
		expect(answers).toMatchObject([answer, answer]);
		expect(found).toHaveBeenCalledTimes(1);
	});

	it('is not sent if it is cancelled meanwhile', async () => {
		await bench.start(1, { id: 'studio' });
		bench.write('a');
		const begun = hold();
		const answer = bench.ask(job);
		await begun;
		const cancelled = (await bench.bus.request(s.cancel('studio'), { v: 1, job: 'one' })).json();
		expect(cancelled).toEqual({ ok: true, job: 'one', was: 'waiting' });
		go();
		expect(await answer).toMatchObject({ ok: true, job: 'one' });
		expect(await bench.ended('one')).toMatchObject({ phase: 'cancelled', error: { message: 'Cancelled.' } });
		expect((await bench.send({ id: 'two' })).phase).toBe('succeeded');
		expect(bench.phases('one')).toEqual(['job/accepted', 'job/cancelled']);
	});
});

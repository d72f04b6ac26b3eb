import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { SenderBench, s } from './sender-bench.ts';

let bench: SenderBench;
beforeEach(() => {
	bench = new SenderBench();
});
afterEach(() => bench.close());

const outcomes = (end: { receivers?: readonly { uid: string; outcome: string }[] | undefined }) =>
	(end.receivers ?? []).map(({ uid, outcome }) => `${uid} ${outcome}`);
/** Short waits for receivers that are not there. */
const quick = { grttSeconds: 0.02, maxGrttSeconds: 0.05 };

describe('a sender', () => {
	it('sends a job to everybody the registry knows, and tells every step', async () => {
		await bench.start(2);
		const content = bench.write('a', 20_000);
		const job = await bench.submit({ labels: { 'made-by': 'test' } });
		const end = await bench.ended(job);
		expect(end).toMatchObject({ phase: 'succeeded', fileCount: 1, totalBytes: 20_000, labels: { 'made-by': 'test' } });
		expect(outcomes(end)).toEqual(['0xF0000001 received', '0xF0000002 received']);
		expect(end.receivers![0]).toMatchObject({
			files: 1,
			bytes: 20_000,
			host: 'host-of-0xF0000001',
			address: '127.0.0.1',
		});
		for (const { folder } of bench.receivers!.all) expect(readFileSync(join(folder, 'a')).equals(content)).toBe(true);
		const phases = bench.phases(job);
		expect(phases.slice(0, 3)).toEqual(['job/accepted', 'job/running', 'session/announced']);
		expect(phases.at(-1)).toBe('job/succeeded');
		for (const phase of ['receiver/joined', 'session/started', 'file/started', 'file/completed', 'session/completed']) {
			expect(phases).toContain(phase);
		}
		const samples = bench.events.filter(({ kind }) => kind === 'progress').map(({ data }) => data);
		expect(samples[0]).toMatchObject({ percent: 0 });
		expect(samples.at(-1)).toMatchObject({ percent: 100, bytes: 20_000, receivers: 2, receiversDone: 2 });
	});

	it('goes on as soon as everybody who is expected has registered', async () => {
		await bench.start(3);
		bench.write('a', 1024);
		await bench.send({});
		const end = await bench.send({ files: [{ root: 'files', path: 'a', as: 'b' }] });
		expect(end.seconds).toBeLessThan(0.5);
		const announced = bench.events.filter(({ kind, data }) => kind === 'session' && data.phase === 'announced');
		expect(announced).toMatchObject([{ data: { receivers: 3 } }, { data: { receivers: 3 } }]);
	});

	it('finds receivers that nobody knew, without a registry', async () => {
		await bench.start(2, {}, null);
		bench.write('a');
		// Without one nobody can say who decrypts: that it goes in the clear has to be asked for.
		expect(await bench.ask({ v: 1, files: [{ root: 'files', path: 'a' }] })).toMatchObject({
			ok: false,
			error: { code: 'would-be-clear' },
			encryption: { mode: 'unsent' },
		});
		const end = await bench.send({ options: { ...quick, encryption: 'never' } });
		expect(outcomes(end)).toEqual(['0xF0000001 received', '0xF0000002 received']);
		expect(end.encryption).toEqual({ mode: 'clear', why: 'the job asks for that' });
	});

	it('refuses a job for a receiver that nobody knows before anything is sent', async () => {
		await bench.start(1);
		bench.write('a');
		const answer = await bench.ask({
			v: 1,
			files: [{ root: 'files', path: 'a' }],
			to: { uids: ['0xF0000001', '0x0A630002'] },
		});
		expect(answer).toMatchObject({
			ok: false,
			error: { code: 'unknown-receiver', message: expect.stringContaining('0x0A630002') },
		});
		expect(bench.events).toEqual([]);
	});

	it('says in its answer and in every event of the job how the session is encrypted, or why not', async () => {
		await bench.start(1);
		bench.write('a');
		const why = { mode: 'clear', why: '0xF0000001 cannot decrypt' };
		const answer = await bench.ask({ v: 1, id: 'clear', files: [{ root: 'files', path: 'a' }] });
		expect(answer).toEqual({ ok: true, job: 'clear', encryption: why });
		await bench.ended('clear');
		// A receiver without a key: an encrypted session makes one for it.
		await bench.send({ id: 'secret', options: { ...quick, encryption: 'always' } });
		await bench.ask({ v: 1, id: 'secret', files: [{ root: 'files', path: 'a' }] });
		const encryptionOf = (id: string) =>
			bench.events.flatMap(({ kind, data }) => (kind === 'job' && data.job === id ? [data.encryption] : []));
		expect(encryptionOf('clear')).toEqual([why, why, why]);
		const secret = { mode: 'encrypted', cipher: 'aes256-gcm', keyExchange: 'ecdh_ecdsa', hash: 'sha256' };
		expect(encryptionOf('secret')).toEqual([secret, secret, secret]);
	});

	it('counts a receiver that is expected and does not come: the job is partial', async () => {
		await bench.start(1, {}, ['0xF0000001', '0x0A630009']);
		bench.write('a');
		const end = await bench.send({ options: quick });
		expect(end.phase).toBe('partial');
		expect(outcomes(end)).toEqual(['0x0A630009 mute', '0xF0000001 received']);
	});

	it('sends to exactly the receivers that the job names', async () => {
		await bench.start(3);
		bench.write('a');
		const end = await bench.send({ to: { uids: ['0xf0000001', '0xF0000003'] } });
		expect(end).toMatchObject({ phase: 'succeeded', targets: ['0xF0000001', '0xF0000003'] });
		expect(outcomes(end)).toEqual(['0xF0000001 received', '0xF0000003 received']);
		expect(() => readFileSync(join(bench.receivers!.all[1]!.folder, 'a'))).toThrow();
	});

	it('fails with nobody-registered when nobody answers', async () => {
		await bench.start(0);
		bench.write('a');
		for (const to of [undefined, { uids: ['0x0A630009'] }]) {
			const end = await bench.send({ options: { ...quick, unlisted: true }, ...(to === undefined ? {} : { to }) });
			expect(end).toMatchObject({ phase: 'failed', error: { code: 'nobody-registered' } });
			expect(outcomes(end)).toEqual(to === undefined ? [] : ['0x0A630009 mute']);
		}
	});

	it('tells apart who rejected, who fell silent, and who has the file', async () => {
		await bench.start(3);
		bench.write('a', 400_000);
		const [rejecting, silent] = bench.receivers!.all;
		mkdirSync(join(rejecting!.folder, 'a'));
		const job = await bench.submit({ options: { rateKbps: 8000, graceSeconds: 1 } });
		await bench.until(() => bench.phases(job).includes('file/started'));
		silent!.fallSilent();
		const end = await bench.ended(job);
		expect(end.phase).toBe('partial');
		expect(outcomes(end)).toEqual(['0xF0000001 rejected', '0xF0000002 lost', '0xF0000003 received']);
		expect(bench.phases(job)).toContain('receiver/lost');
	});

	it('does not call a job a success when a file disappears after it was taken', async () => {
		await bench.start(1);
		bench.write('first', 300_000);
		bench.write('a');
		bench.write('b');
		await bench.submit({ files: [{ root: 'files', path: 'first' }], options: { rateKbps: 8000 } });
		const job = await bench.submit({
			files: [
				{ root: 'files', path: 'a' },
				{ root: 'files', path: 'b' },
			],
		});
		rmSync(join(bench.root, 'b'));
		const end = await bench.ended(job);
		expect(end.phase).not.toBe('succeeded');
		expect(outcomes(end)).toEqual(['0xF0000001 aborted']);
		expect(end.receivers![0]!.reason).toMatch(/1 of 2 files/);
	});

	it('sends a job with the same id once', async () => {
		await bench.start(1);
		bench.write('a');
		const answers = [await bench.submit({ id: 'again' }), await bench.submit({ id: 'again' })];
		expect(answers).toEqual(['again', 'again']);
		await bench.ended('again');
		expect(bench.phases('again').filter((phase) => phase === 'job/running').length).toBe(1);
	});

	it('runs one job at a time by default, and refuses what does not fit into its queue', async () => {
		await bench.start(1, { jobsWaiting: '1' });
		bench.write('a', 200_000);
		const slow = { rateKbps: 8000 };
		const first = await bench.submit({ options: slow });
		const second = await bench.submit({ options: slow });
		expect(await bench.ask({ v: 1, files: [{ root: 'files', path: 'a' }] })).toMatchObject({
			ok: false,
			error: { code: 'queue-full' },
		});
		await bench.ended(first);
		await bench.ended(second);
		const order = bench.events.filter(({ kind, data }) => kind === 'job' && data.phase !== 'accepted');
		expect(order.map(({ data }) => `${'job' in data && data.job === first ? 1 : 2} ${data.phase}`)).toEqual([
			'1 running',
			'1 succeeded',
			'2 running',
			'2 succeeded',
		]);
	});

	it('takes jobs that nobody waits for, and reports their refusal as an event', async () => {
		await bench.start(1);
		bench.write('a');
		bench.bus.publish(s.jobsSend, { v: 1, id: 'quiet', files: [{ root: 'files', path: 'a' }] });
		expect((await bench.ended('quiet')).phase).toBe('succeeded');
		bench.bus.publish(s.jobsSend, { v: 1, id: 'wrong', files: [{ root: 'nowhere', path: 'a' }] });
		expect(await bench.ended('wrong')).toMatchObject({ phase: 'failed', error: { code: 'no-such-root' } });
	});

	it('takes jobs that are meant for it alone', async () => {
		await bench.start(1, { id: 'studio' });
		bench.write('a');
		const answer = await bench.bus.request(s.jobsSendTo('studio'), { v: 1, files: [{ root: 'files', path: 'a' }] });
		expect(answer.json()).toMatchObject({ ok: true });
		await bench.ended((answer.json() as { job: string }).job);
	});

	it('sends folders, and many files in one session', async () => {
		await bench.start(1);
		mkdirSync(join(bench.root, 'tree', 'empty'), { recursive: true });
		for (let i = 0; i < 20; i++) writeFileSync(join(bench.root, 'tree', `f${i}`), `${i}`);
		const end = await bench.send({ files: [{ root: 'files', path: 'tree', as: 'copy' }] });
		expect(end).toMatchObject({ phase: 'succeeded', fileCount: 21, receivers: [{ files: 21 }] });
		expect(readFileSync(join(bench.receivers!.all[0]!.folder, 'copy', 'f7'), 'utf8')).toBe('7');
	});
});

describe('a sender that is stopped', () => {
	it('finishes what ends in time, and cancels what waits', async () => {
		await bench.start(1, { stopSeconds: '10' });
		bench.write('a', 100_000);
		const running = await bench.submit({ options: { rateKbps: 4000 } });
		const waiting = await bench.submit({});
		await bench.until(() => bench.phases(running).includes('file/started'));
		await bench.sender!.stop();
		expect((await bench.ended(running)).phase).toBe('succeeded');
		expect(await bench.ended(waiting)).toMatchObject({ phase: 'cancelled', error: { code: 'cancelled' } });
	});

	it('aborts what does not, and the receivers are told', async () => {
		await bench.start(1);
		bench.write('a', 5_000_000);
		const job = await bench.submit({ options: { rateKbps: 4000 } });
		await bench.until(() => bench.phases(job).includes('file/started'));
		const before = performance.now();
		await bench.sender!.stop();
		expect(performance.now() - before).toBeLessThan(1500);
		const end = await bench.ended(job);
		expect(end.phase).toBe('cancelled');
		expect(outcomes(end)).toEqual(['0xF0000001 aborted']);
	});
});

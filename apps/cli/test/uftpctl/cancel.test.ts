import { readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { checkout, freePort, ProcessBench, type Running } from './process-bench.ts';

let bench: ProcessBench;
let inbox: string;
let file: string;
beforeEach(async () => {
	bench = new ProcessBench();
	const media = bench.makeFolder('media');
	inbox = bench.makeFolder('inbox');
	file = join(media, 'large');
	writeFileSync(file, new Uint8Array(20_000_000));
	const own = ['--interface', 'lo', '--port', String(await freePort()), '--state-dir', bench.makeFolder('state')];
	const words = ['up', ...own, '--root', `media=${media}`, '--dest', inbox];
	await bench.start([join(checkout, 'bin/uftpctl'), ...words]).wrote(/The bus is at nats:/);
});
afterEach(() => bench.close());

/** A job of 40 s, under way. */
async function sending(...words: string[]): Promise<Running> {
	const running = bench.start([join(checkout, 'bin/uftpctl'), 'send', file, '--rate', '4000', ...words]);
	await running.wrote(/1 receiver|uftp\.progress/);
	return running;
}

describe('uftpctl cancel', () => {
	it('ends a job that another command has sent, which then says who wanted that and ends with 1', async () => {
		const sent = await sending('--json');
		const job = /"job":"([^"]+)"/.exec(sent.said.stdout)![1]!;
		const cancelled = await bench.uftpctl(['cancel', job]);
		expect(cancelled).toMatchObject({ code: 0, stdout: `${job} is being ended at its receivers.\n` });
		const { code, stdout } = await sent.ended;
		expect(code).toBe(1);
		const last = JSON.parse(stdout.trim().split('\n').at(-1)!);
		expect(last).toMatchObject({ type: 'uftp.job.cancelled.v1', data: { job } });
		expect(last.data.error.message).toMatch(/^Cancelled by .+ on .+\.$/);
		expect(readdirSync(inbox)).toEqual([]);
		expect(await bench.uftpctl(['cancel', job])).toMatchObject({
			code: 4,
			stderr: `uftpctl cancel: The job ${job} is over: it neither waits nor runs.\n`,
		});
		expect(await bench.uftpctl(['cancel', 'j7'])).toMatchObject({
			code: 4,
			stderr: 'uftpctl cancel: This sender knows no job j7.\n',
		});
	});
});

describe('Ctrl-C during uftpctl send', () => {
	it('leaves the job to the sender; the sentence says how to end it', async () => {
		const sent = await sending();
		sent.signal('SIGINT');
		const { code, stderr } = await sent.ended;
		expect(code).toBe(130);
		const job = /"uftpctl cancel ([^"]+)" ends it/.exec(stderr)![1]!;
		expect((await bench.uftpctl(['cancel', job])).stdout).toBe(`${job} is being ended at its receivers.\n`);
	});

	it('cancels the job with --cancel-on-interrupt, and shows how it ended', async () => {
		const sent = await sending('--cancel-on-interrupt');
		sent.signal('SIGINT');
		const { code, stdout, stderr } = await sent.ended;
		expect(code).toBe(130);
		expect(stderr).toContain('Interrupted: cancelling the job');
		expect(stdout).toMatch(/aborted/);
		expect(stdout).toMatch(/cancelled: 1 file, 19\.1 MiB to 0 of 1 receiver in .*: Cancelled by /);
		expect(readdirSync(inbox)).toEqual([]);
	});
});

import { readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { checkout, ProcessBench } from './process-bench.ts';

let bench: ProcessBench;
beforeEach(() => {
	bench = new ProcessBench();
});
afterEach(() => bench.close());

const leftovers = (): string[] => readdirSync(join(bench.folder, 'tmp')).filter((name) => name.startsWith('uftp-lab-'));

describe('uftpctl lab', () => {
	it('sends a file to three receivers on the loopback, proves every copy, and leaves nothing behind', async () => {
		const { code, stdout, stderr } = await bench.uftpctl(['lab']);
		expect(stderr).not.toContain('error');
		expect(stdout).toMatch(/3 of 3 copies identical\./);
		expect(stdout.match(/received .* identical/g)?.length).toBe(3);
		expect(stdout).toMatch(/lo \(127\.0\.0\.1\), group 230\.4\.4\.1, UDP port \d+/);
		expect(stdout).toMatch(/goodput [\d.]+ [KMG]iB\/s/);
		expect(code).toBe(0);
		expect(leftovers()).toEqual([]);
	});

	it('sends a file of the user through losses to as many receivers as are asked for', async () => {
		const file = join(bench.folder, 'mine.bin');
		writeFileSync(file, crypto.getRandomValues(new Uint8Array(60_000)));
		const { code, stdout } = await bench.uftpctl(['lab', '--file', file, '--receivers', '2', '--loss', '10']);
		expect(stdout).toMatch(/each losing 10 % of its packets/);
		expect(stdout).toMatch(/2 of 2 copies identical\./);
		expect(code).toBe(0);
	});

	it('stays on request: other commands find its bus, and a signal ends it', async () => {
		const lab = bench.start([join(checkout, 'bin/uftpctl'), 'lab', '--stay', '--receivers', '1']);
		await lab.wrote(/keeps running until Ctrl-C/);
		const outbox = /root "lab" = (\S+)/.exec(lab.said.stdout)![1]!;
		writeFileSync(join(outbox, 'later'), 'x');
		const sent = await bench.uftpctl(['send', join(outbox, 'later')]);
		expect(sent).toMatchObject({ code: 0, stdout: expect.stringMatching(/0xF0000001 {2}received/) });
		lab.signal('SIGINT');
		expect((await lab.ended).code).toBe(0);
		expect(leftovers()).toEqual([]);
	});

	it.each([
		[['--loss', '80'], /--loss "80" must be a number from 0 to 50/],
		[['--receivers', '0'], /--receivers "0" must be a whole number from 1 to 50/],
		[['--file', '/nonexistent'], /--file \/nonexistent cannot be read/],
		[['--files'], /has no option --files/],
		[['extra'], /takes no arguments/],
	])('refuses %o', async (words, sentence) => {
		const { code, stderr } = await bench.uftpctl(['lab', ...words]);
		expect(stderr).toMatch(sentence);
		expect(code).toBe(2);
	});
});

import { mkdirSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { SenderBench } from './sender-bench.ts';

const bench = new SenderBench();
beforeAll(async () => {
	await bench.start(0);
	bench.write('a');
	mkdirSync(join(bench.folder, 'outside'));
	writeFileSync(join(bench.folder, 'outside', 'secret'), 'x');
	symlinkSync(join(bench.folder, 'outside'), join(bench.root, 'way-out'));
	symlinkSync('/nonexistent/target', join(bench.root, 'dangling'));
});
afterAll(() => bench.close());

const file = { root: 'files', path: 'a' };

describe('a job that cannot be sent is refused with a sentence', () => {
	it.each([
		['that is not JSON', '{"v":1', 'bad-job', /^The job is not JSON/],
		['that names no file', { v: 1, files: [] }, 'bad-job', /files: names no file/],
		['without files', { v: 1 }, 'bad-job', /files: is missing/],
		['of another version', { v: 2, files: [file] }, 'bad-job', /v: must be 1/],
		['with an unknown field', { v: 1, files: [file], urgent: true }, 'bad-job', /unknown field "urgent"/],
		[
			'with an unknown field of a file',
			{ v: 1, files: [{ ...file, dest: 'x' }] },
			'bad-job',
			/files\[0\]: unknown field "dest"/,
		],
		[
			'with an unknown option',
			{ v: 1, files: [file], options: { speed: 1 } },
			'bad-job',
			/options: unknown field "speed"/,
		],
		['to nobody', { v: 1, files: [file], to: {} }, 'bad-job', /names nobody/],
		['to what is no UID', { v: 1, files: [file], to: { uids: ['alpha'] } }, 'bad-job', /a UID is written as/],
		['at the rate 0', { v: 1, files: [file], options: { rateKbps: 0 } }, 'bad-job', /rateKbps/],
		[
			'whose GRTT is outside its bounds',
			{ v: 1, files: [file], options: { grttSeconds: 20 } },
			'bad-job',
			/not between its bounds/,
		],
		[
			'from an unknown root',
			{ v: 1, files: [{ root: 'films', path: 'a' }] },
			'no-such-root',
			/root "films" is not declared .* has files/,
		],
		['for a file that is not there', { v: 1, files: [{ ...file, path: 'b' }] }, 'no-such-file', /"b" in root "files"/],
		[
			'with an absolute path',
			{ v: 1, files: [{ ...file, path: '/etc/hostname' }] },
			'bad-job',
			/may not begin with "\/"/,
		],
		['that climbs out', { v: 1, files: [{ ...file, path: '../outside/secret' }] }, 'bad-job', /may not contain "\.\."/],
		[
			'that leaves by a link',
			{ v: 1, files: [{ ...file, path: 'way-out/secret' }] },
			'outside-root',
			/leads out of the root/,
		],
		[
			'that follows a link out',
			{ v: 1, files: [{ ...file, path: 'way-out' }], options: { followLinks: true } },
			'outside-root',
			/leads out of the root/,
		],
		[
			'that follows a link to nowhere',
			{ v: 1, files: [{ ...file, path: 'dangling' }], options: { followLinks: true } },
			undefined,
			/"dangling" in root "files"/,
		],
		['with two files of one name', { v: 1, files: [file, { ...file, path: 'a' }] }, 'same-name-twice', /"a"/],
		[
			'with a private address that is no group',
			{ v: 1, files: [file], options: { privateAddress: '10.0.0.1' } },
			'bad-address',
			/not a multicast group/,
		],
		[
			'of two IP versions',
			{ v: 1, files: [file], options: { privateAddress: 'ff15::1' } },
			'bad-address',
			/different IP versions/,
		],
	])('a job %s', async (_, job, code, sentence) => {
		const answer = await bench.ask(job);
		if (answer.ok) throw new Error('it was taken');
		if (code !== undefined) expect(answer.error.code).toBe(code);
		expect(answer.error.message).toMatch(sentence);
		expect(answer.error.message).toMatch(/[.)]$/);
		// The folder of a root is the sender's own business.
		expect(answer.error.message).not.toContain(bench.folder);
	});

	it('and nothing of it reaches the events', () => {
		expect(bench.events).toEqual([]);
	});
});

describe('a sender without roots', () => {
	it('refuses every job and says what to declare', async () => {
		const bare = new SenderBench();
		await bare.start(0, { roots: '' });
		expect(bare.lines.some((line) => line.includes('No roots are declared'))).toBe(true);
		expect(await bare.ask({ v: 1, files: [file] })).toMatchObject({ ok: false, error: { code: 'no-roots' } });
		await bare.close();
	});
});

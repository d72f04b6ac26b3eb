import fs from 'node:fs';
import { describe, expect, it } from 'vitest';
import { runProbe } from './run-probe.ts';
import { scratchDirectory } from './scratch.ts';

const isRoot = process.getuid?.() === 0;

describe('permissions of what is received', () => {
	it.each([
		['022', '0', { temporary: '644', file: '644', parent: '755', empty: '755' }],
		['077', '0', { temporary: '600', file: '600', parent: '700', empty: '700' }],
		['0', '0', { temporary: '666', file: '666', parent: '777', empty: '777' }],
		['0', '027', { temporary: '640', file: '640', parent: '750', empty: '750' }],
		['070', '007', { temporary: '600', file: '600', parent: '700', empty: '700' }],
	])('never exceed umask %s together with the option %s', (umask, option, expected) => {
		expect(runProbe('modes', [scratchDirectory(), umask, option])).toEqual(expected);
	});
});

describe('a disk of one MiB', () => {
	/** In a mount namespace of its own: the mount goes with the process, and an ordinary user may do it too. */
	const mount = 'mount -t tmpfs -o size=1m uftp-test "$0" && exec "$@"';
	const result = () => {
		const directory = scratchDirectory();
		const before = ['unshare', ...(isRoot ? ['-m'] : ['-r', '-m']), 'sh', '-c', mount, directory];
		return runProbe('small-disk', [directory], before) as Record<string, unknown>;
	};

	it('takes no file that is larger, no second file that does not fit beside the first, and reports a full disk', () => {
		const { beside, inPlace, tooLarge, first, second, fault, left, reserved } = result();
		expect(tooLarge).toEqual({
			kind: 'answer',
			status: 3,
			reason: expect.stringMatching(/^Not enough disk space: .*2097152 bytes/),
		});
		expect(beside).toMatchObject({
			kind: 'answer',
			status: 3,
			reason: expect.stringMatching(/updated in place \(IN_PLACE\)$/),
		});
		expect(inPlace).toEqual([{ kind: 'accept', status: 0 }, null, null]);
		expect(first).toEqual({ kind: 'accept', status: 0 });
		expect(second).toMatchObject({
			kind: 'answer',
			status: 3,
			reason: expect.stringMatching(/^Not enough disk space/),
		});
		expect(fault).toMatch(/^"first" cannot be written: the disk is full.*ENOSPC/);
		expect(left).toEqual([]);
		expect(reserved).toMatchObject({
			kind: 'answer',
			status: 3,
			reason: expect.stringMatching(/^Not enough disk space/),
		});
	});
});

describe('a destination with other file systems below it', () => {
	const script = [
		'set -e; cd "$0"; mount -t tmpfs -o size=2m uftp-test .; cd "$0"',
		'mkdir wide narrow sealed; touch config host',
		'mount -t tmpfs -o size=60m uftp-test wide; mount -t tmpfs -o size=100k uftp-test narrow',
		'mount -t tmpfs -o ro uftp-test sealed; mount --bind host config',
		'exec "$@"',
	].join('; ');
	const shortage = (size: number) => ({
		kind: 'answer',
		status: 3,
		reason: expect.stringMatching(
			new RegExp(`^Not enough disk space: the file needs ${size} bytes, [0-9]+ are available$`),
		),
	});

	it('asks the one that the file will lie on for space, and refuses only what cannot get its name', () => {
		const directory = scratchDirectory();
		const before = ['unshare', ...(isRoot ? ['-m'] : ['-r', '-m']), 'sh', '-c', script, directory];
		const outcomes = runProbe('mounts', [directory], before) as Record<string, unknown>;
		expect(outcomes).toEqual({
			wide: 'stored',
			nested: 'stored',
			narrow: shortage(1 << 20),
			narrowNested: shortage(1 << 20),
			top: shortage(20 << 20),
			small: 'stored',
			mountedOn: expect.stringMatching(/^"config" is complete but .*mounted on it.*\(EBUSY\)\.$/),
			tooLong: { kind: 'answer', status: 3, reason: expect.stringMatching(/component longer than 255 bytes/) },
			readOnly: { kind: 'answer', status: 3, reason: expect.stringMatching(/read-only \(EROFS\)/) },
			belowAFile: { kind: 'answer', status: 3, reason: expect.stringMatching(/is not a directory/) },
			last: 'stored',
			left: ['config', 'host', 'last', 'narrow', 'sealed', 'small', 'wide'],
		});
	});
});

describe('a process without the right to read and write', () => {
	it('reports unreadable files and directories, and rejects what it cannot store', () => {
		const directory = scratchDirectory();
		const drop = ['setpriv', '--bounding-set', '-dac_override,-dac_read_search'];
		const { names, problems, opened, refused, rejected } = runProbe('unreadable', [directory], isRoot ? drop : []) as {
			names: string[];
			problems: { kind: string; sentence: string }[];
			[other: string]: unknown;
		};
		expect(names).toEqual(['tree/ok']);
		expect(problems.map(({ kind }) => kind)).toEqual(['unreadable', 'unreadable']);
		expect(problems[0].sentence).toMatch(/tree\/locked" is skipped: permission denied.*EACCES/);
		expect(opened).toMatch(/tree\/ok" cannot be opened: permission denied/);
		expect(refused).toMatch(/destination directory ".*closed" cannot be used: permission denied/);
		expect(rejected).toMatchObject({ kind: 'answer', status: 3, reason: expect.stringMatching(/permission denied/) });
		expect(fs.readdirSync(directory).sort()).toEqual(['closed', 'tree']);
	});
});

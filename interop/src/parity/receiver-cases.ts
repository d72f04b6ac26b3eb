/** What the receiver's flags do in sessions. */
import { cToOurs, oursToC, oursToOurs } from '../scenario-parts.ts';
import type { ParityEntry, SessionCase } from './parity-case.ts';

const file: ParityEntry = { path: 'file.bin', bytes: 5000 };
const tree: readonly ParityEntry[] = [
	{ path: 'd1/a.bin', bytes: 3000 },
	{ path: 'd1/d2/b.bin', bytes: 2000 },
	{ path: 'd1/d4', directory: true },
	{ path: 'd1/link', link: 'd2/b.bin' },
];
const status = ['-F', '{dir}/r{n}.status'];
const script: ParityEntry = {
	path: 'script',
	text: '#!/bin/sh\necho "$*" >>"$(dirname "$0")/ran.said"\n',
	mode: 0o755,
};
/** Our receiver, whoever sends. */
const toOurs = [cToOurs, oursToOurs];
const pidFileGone = {
	lines: /^- r1\.pid: NUMBER$/,
	pairs: toOurs,
	why: 'our daemon removes its pid file at its end',
};
const older = 1_500_000_000;
const newer = 1_600_000_000;

export const receiverCases: readonly SessionCase[] = [
	{
		name: 'the status file of a tree',
		anyOrder: true,
		source: [...tree, { path: 'd1/empty', bytes: 0 }],
		send: [['d1']],
		receive: status,
		quick: true,
	},
	{
		name: '-F @LOG mixes the status lines into the log of a daemon',
		source: [file],
		daemon: true,
		send: [['file.bin']],
		receive: ['-F', '@LOG'],
		intended: [pidFileGone],
	},
	{
		name: '-F @LOG with -d',
		source: [file],
		send: [['file.bin']],
		receive: ['-F', '@LOG'],
		says: [/^\d{4}\/\d\d\/\d\d \d\d:\d\d:\d\d\.\d{6}: (\[.*\]: )?RESULT;/m],
	},
	{
		name: 'the status of an absolute name outside of the destinations',
		source: [file],
		send: [['-D', '/nowhere/file.bin', 'file.bin']],
		receive: status,
	},
	{
		name: 'two destinations: absolute names go where they say, relative ones to the first',
		source: [file, { path: 'second.bin', bytes: 100 }],
		there: [{ path: 'other', directory: true }],
		namesDestination: true,
		send: [['-D', '{dir}/other/sub/x.bin', 'file.bin'], ['second.bin']],
		receive: ['-D', '{dir}/dest{n},{dir}/other', ...status],
		quick: true,
	},
	{
		name: '-t receives under a temporary name and replaces what was there',
		quick: true,
		source: [file],
		there: [{ path: 'dest1/file.bin', bytes: 100 }],
		send: [['file.bin']],
		receive: ['-t', ...status],
	},
	{
		name: '-t and -A keep what was there',
		source: [file],
		there: [
			{ path: 'dest1/file.bin', bytes: 100 },
			{ path: 'backup', directory: true },
		],
		send: [['file.bin']],
		receive: ['-t', '-A', '{dir}/backup', ...status],
		quick: true,
	},
	{
		name: '-A in sync mode keeps what was there, below its full path',
		source: [{ path: 'sub/file.bin', bytes: 5000, modified: newer }],
		there: [
			{ path: 'dest1/sub/file.bin', bytes: 100, modified: older },
			{ path: 'backup', directory: true },
		],
		send: [['-z', 'sub']],
		receive: ['-A', '{dir}/backup', ...status],
		quick: true,
	},
	{
		name: '-A without sync mode and without -t',
		source: [file],
		there: [
			{ path: 'dest1/file.bin', bytes: 100 },
			{ path: 'backup', directory: true },
		],
		send: [['file.bin']],
		receive: ['-A', '{dir}/backup', ...status],
		quick: true,
		intended: [
			{ lines: /^\+ backup/, pairs: toOurs, why: 'C forgets the backup outside of sync mode unless -t is given' },
		],
	},
	{
		name: '-A takes what @DELETE: removes, a file and a folder',
		source: [],
		there: [
			{ path: 'dest1/file.bin', bytes: 100 },
			{ path: 'dest1/dir/x', bytes: 10 },
			{ path: 'backup', directory: true },
		],
		send: [['@DELETE:file.bin', '@DELETE:dir']],
		receive: ['-A', '{dir}/backup', ...status],
	},
	{
		name: 'two destinations with a backup folder each',
		quick: true,
		source: [{ path: 'file.bin', bytes: 5000, modified: newer }],
		there: [
			{ path: 'other/file.bin', bytes: 100, modified: older },
			{ path: 'backup1', directory: true },
			{ path: 'backup2', directory: true },
		],
		namesDestination: true,
		send: [['-z', '-D', '{dir}/other/file.bin', 'file.bin']],
		receive: ['-D', '{dir}/dest{n},{dir}/other', '-A', '{dir}/backup1,{dir}/backup2', ...status],
	},
	{
		name: '-T moves a whole folder over the one that was there',
		anyOrder: true,
		source: tree,
		there: [
			{ path: 'dest1/d1/old', bytes: 10 },
			{ path: 'temp', directory: true },
		],
		send: [['d1']],
		receive: ['-T', '{dir}/temp', ...status],
		quick: true,
	},
	{
		name: '-T and -i move file by file and leave the others',
		anyOrder: true,
		source: tree,
		there: [
			{ path: 'dest1/d1/old', bytes: 10 },
			{ path: 'dest1/d1/a.bin', bytes: 10 },
			{ path: 'temp', directory: true },
		],
		send: [['d1']],
		receive: ['-T', '{dir}/temp', '-i', ...status],
		quick: true,
	},
	{
		name: '-T takes no absolute name',
		source: [file],
		there: [{ path: 'temp', directory: true }],
		send: [['-D', '{dir}/dest1/file.bin', 'file.bin']],
		receive: ['-T', '{dir}/temp', ...status],
	},
	{
		name: '-T keeps what a session that failed has brought',
		source: [{ path: 'large.bin', bytes: 3_000_000 }],
		there: [{ path: 'temp', directory: true }],
		lossPercent: 50,
		send: [['-a', '1', '-R', '100000', 'large.bin']],
		receive: ['-T', '{dir}/temp'],
		intended: [
			{
				lines: /temp/,
				why: 'both keep the partial file and write a restart file; its name in the folder, and the format, are local to each',
			},
		],
	},
	{
		name: '-s runs a script for each file',
		anyOrder: true,
		source: [...tree, { path: 'd1/empty', bytes: 0 }],
		there: [script],
		send: [['d1']],
		receive: ['-s', '{dir}/script'],
		quick: true,
	},
	{
		name: '-s with -T runs the script once, with what lies at the top',
		quick: true,
		anyOrder: true,
		source: [...tree, file],
		there: [script, { path: 'temp', directory: true }],
		send: [['d1', 'file.bin']],
		receive: ['-s', '{dir}/script', '-T', '{dir}/temp'],
	},
	{
		name: '-s with -T and -i runs the script for each file that is moved',
		anyOrder: true,
		source: tree,
		there: [script, { path: 'temp', directory: true }],
		send: [['d1']],
		receive: ['-s', '{dir}/script', '-T', '{dir}/temp', '-i'],
	},
	{
		name: '-s runs nothing for what is skipped or rejected',
		source: [{ path: 'same', bytes: 500, modified: older }],
		there: [script, { path: 'dest1/same', bytes: 500, modified: older }],
		send: [
			['-z', 'same'],
			['-D', '/nowhere/x', 'same'],
		],
		receive: ['-s', '{dir}/script', ...status],
	},
	{
		name: 'a daemon with a pid file, a log file and a status file',
		source: [file],
		daemon: true,
		send: [['file.bin']],
		receive: status,
		quick: true,
		intended: [pidFileGone],
	},
	{
		name: '-c, -N, -Q, -m and -i without -T are taken',
		source: [file],
		send: [['file.bin']],
		receive: ['-c', '10240', '-N', '5', '-Q', '10', '-m', '-i', '-g', '1', '-n', '3', ...status],
	},
	{
		name: 'a directory that is there, a link that is there',
		quick: true,
		source: [
			{ path: 'dir', directory: true },
			{ path: 'link', link: 'dir' },
		],
		there: [
			{ path: 'dest1/dir', directory: true },
			{ path: 'dest1/link', link: 'elsewhere' },
		],
		send: [['-S', '{dir}/s.status', 'dir', 'link']],
		receive: status,
		intended: [
			{
				lines:
					/^- (sender exit: 10|dest1\/link .*elsewhere|.*;rejected;?)$|^\+ (sender exit: 0|dest1\/link .* dir|.*;skipped;?|.*;copied|.*;copy;.*)$|STATS;/,
				pairs: toOurs,
				why: 'C rejects a directory that is there already and a link whose name is taken; ours has nothing to do, or replaces it',
			},
		],
	},
	{
		name: 'a file of mode 600',
		source: [{ path: 'secret', bytes: 100, mode: 0o600 }],
		send: [['secret']],
		receive: status,
		quick: true,
		intended: [
			{
				lines: /^[-+] dest1\/secret .*, mode (644|600), /,
				pairs: [oursToOurs],
				why: 'what only its owner may read at the sender stays so: our senders say the mode in a byte that C leaves 0',
			},
		],
	},
	{
		name: 'a name that contains ".." later',
		quick: true,
		source: [file],
		send: [['-S', '{dir}/s.status', '-D', 'a..b/../../escaped', 'file.bin']],
		receive: status,
		intended: [
			{
				lines: /^- dest1\/a\.\.b is a directory/,
				pairs: toOurs,
				why: 'C looks at the first ".." of a name only, and has made the directories before it notices',
			},
			{
				lines: /^- (dest1\/a\.\.b is a directory.*|[rs]1?\.status: .*)$/,
				pairs: [oursToC, oursToOurs],
				why: 'our sender refuses a name with a ".." component before it announces anything',
			},
		],
	},
	{
		name: 'an absolute name that only begins like the destination',
		quick: true,
		source: [file],
		there: [{ path: 'dest1X', directory: true }],
		send: [['-D', '{dir}/dest1X/file.bin', 'file.bin']],
		receive: status,
		intended: [
			{
				lines: /^- (sender exit: 0|dest1X\/file\.bin .*|.*;copied)$|^\+ (sender exit: 10|.*;rejected)$/,
				pairs: toOurs,
				why: 'C compares text: the destination /srv/in also lets names in /srv/internal through',
			},
		],
	},
	{
		name: 'a file that would be written through a received link',
		quick: true,
		source: [{ path: 'a/way-out', link: '../../outside' }, file],
		there: [{ path: 'outside', directory: true }],
		send: [['a'], ['-D', 'a/way-out/file.bin', 'file.bin']],
		receive: status,
		intended: [
			{
				lines:
					/^- (sender exit: 0|dest1\/a\/way-out.*|.*;copied)$|^\+ (sender exit: 10|dest1\/a\/way-out is a link .*|.*;rejected)$/,
				pairs: toOurs,
				why: 'ours never goes through a received link; C does, or replaces it by a directory',
			},
		],
	},
	{
		name: '@DELETE: with -T',
		source: [file],
		there: [
			{ path: 'temp', directory: true },
			{ path: 'dest1/old.bin', bytes: 10 },
		],
		send: [['@DELETE:old.bin', '@FREESPACE', 'file.bin']],
		receive: ['-T', '{dir}/temp', ...status],
	},
	{
		name: '-t and -A with a link that is replaced',
		quick: true,
		source: [{ path: 'name', bytes: 100 }],
		there: [
			{ path: 'dest1/name', link: 'elsewhere' },
			{ path: 'backup', directory: true },
		],
		send: [['name']],
		receive: ['-t', '-A', '{dir}/backup', ...status],
	},
	{
		name: '-s with two receivers',
		anyOrder: true,
		source: [file],
		there: [script],
		receivers: 2,
		send: [['file.bin']],
		receive: ['-s', '{dir}/script'],
	},
];

/** What the sender's flags do in sessions. */
import { cToOurs, oursToC, oursToOurs } from '../scenario-parts.ts';
import type { ParityEntry, SessionCase } from './parity-case.ts';

const file: ParityEntry = { path: 'file.bin', bytes: 5000 };
const tree: readonly ParityEntry[] = [
	{ path: 'd1/a.bin', bytes: 3000 },
	{ path: 'd1/d2/b.bin', bytes: 2000 },
	{ path: 'd1/d3/c.bin', bytes: 1000 },
	{ path: 'd1/d4', directory: true },
	{ path: 'd1/link', link: 'd2/b.bin' },
];
const status = ['-S', '{dir}/s.status'];
const older = 1_500_000_000;
const newer = 1_600_000_000;

export const senderCases: readonly SessionCase[] = [
	{
		name: 'the status file of a session with two receivers and one that never comes',
		source: [file, { path: 'second.bin', bytes: 2_000_000 }],
		receivers: 2,
		absent: ['0x0BADCAFE'],
		send: [[...status, 'file.bin', 'second.bin']],
		quick: true,
	},
	{
		name: 'the status file of an open group names receivers by id',
		source: [file],
		open: true,
		send: [[...status, 'file.bin']],
	},
	{
		name: 'the status file of a tree with an empty file, an empty directory and a link',
		anyOrder: true,
		source: [...tree, { path: 'd1/empty', bytes: 0 }],
		send: [[...status, 'd1']],
		quick: true,
	},
	{
		name: 'status lines of two sessions are appended to one file',
		source: [file],
		send: [
			[...status, 'file.bin'],
			[...status, 'file.bin'],
		],
	},
	{
		name: '-S @LOG mixes the status lines into the log file',
		quick: true,
		source: [file],
		send: [['-S', '@LOG', '-L', '{dir}/s.log', 'file.bin']],
	},
	{
		name: 'the status file when nobody registers',
		source: [file],
		receivers: 0,
		absent: ['0x0BADCAFE'],
		send: [[...status, '-s', '10', 'file.bin']],
	},
	{
		name: 'the status file when the receiver rejects the file',
		source: [file],
		send: [[...status, '-D', '/nowhere/at/all', 'file.bin']],
		quick: true,
	},
	{
		name: 'the status file when one of two never comes and -q is given',
		source: [file],
		absent: ['0x0BADCAFE'],
		send: [[...status, '-q', '-s', '10', 'file.bin']],
	},
	{
		name: 'a missing file is left out and the others are sent',
		source: [file],
		send: [[...status, 'missing.bin', 'file.bin']],
	},
	{
		name: '-X leaves out files and folders by their path',
		anyOrder: true,
		source: [...tree, file],
		there: [{ path: 'exclude', text: 'd1/d3\n\nd1/a.bin\nno/such\n' }],
		send: [[...status, '-X', '{dir}/exclude', 'd1', 'file.bin']],
		quick: true,
	},
	{
		name: '-X compares exactly: a part of a path, a slash at the end and the top itself',
		anyOrder: true,
		source: [...tree, file],
		there: [{ path: 'exclude', text: 'd1/d\nd1/d2/\nfile.bin\nb.bin\n' }],
		send: [[...status, '-X', '{dir}/exclude', 'd1', 'file.bin']],
	},
	{
		name: '-E strips a base with a slash at its end',
		source: tree,
		send: [[...status, '-E', '{dir}/source/d1/', '{dir}/source/d1/d2']],
		quick: true,
	},
	{
		name: '-E strips a base without a slash at its end',
		quick: true,
		source: tree,
		send: [[...status, '-E', '{dir}/source/d1', '{dir}/source/d1/d2']],
		intended: [
			{
				lines:
					/^- (sender exit: 10|.*;\/d2\/b\.bin;1KB;rejected;)$|^\+ (sender exit: 0|dest1\/d2.*|.*;d2\/b\.bin;1KB;copy;.*)$|STATS;/,
				pairs: [oursToC, oursToOurs],
				why: 'C leaves a slash at the front of the name: it is then absolute, and every receiver rejects it',
			},
		],
	},
	{
		name: '-E with two bases leaves out what none of them fits',
		source: [...tree, file],
		send: [
			[...status, '-E', '{dir}/source/d1/d2/,{dir}/source/d1/', '{dir}/source/d1/d2', '{dir}/source/d1/d3', 'file.bin'],
		],
	},
	{
		name: '-E and -D with several files: the directory of -D stands before what is left',
		source: [...tree, file],
		send: [[...status, '-E', 'd1/', '-D', 'top', 'd1/d2', 'd1/a.bin']],
	},
	{
		name: '-D alone outranks -E for a single file',
		source: tree,
		send: [[...status, '-E', 'd1/', '-D', 'name', 'd1/a.bin']],
	},
	{
		name: '-o makes -D a directory for a single file',
		source: [file],
		send: [[...status, '-o', '-D', 'top/dir', 'file.bin']],
		quick: true,
	},
	{
		name: '@DELETE: removes a file, a folder with what is in it, and what is not there',
		source: [file],
		there: [
			{ path: 'dest1/old.bin', bytes: 100 },
			{ path: 'dest1/dir/x', bytes: 100 },
			{ path: 'dest1/stays', bytes: 10 },
		],
		send: [[...status, '@DELETE:old.bin', '@DELETE:dir', '@DELETE:absent', 'file.bin']],
		receive: ['-F', '{dir}/r{n}.status'],
		quick: true,
	},
	{
		name: '@DELETE: alone ends with 0',
		source: [],
		there: [{ path: 'dest1/old.bin', bytes: 100 }],
		send: [[...status, '@DELETE:old.bin']],
	},
	{
		name: '@FREESPACE asks for the free space',
		source: [file],
		send: [[...status, '@FREESPACE', 'file.bin']],
		receive: ['-F', '{dir}/r{n}.status'],
		quick: true,
	},
	{
		name: '@DELETE: of a path sends its last part',
		source: [],
		there: [
			{ path: 'dest1/old.bin', bytes: 100 },
			{ path: 'dest1/a/old.bin', bytes: 100 },
		],
		send: [[...status, '@DELETE:a/old.bin']],
	},
	{
		name: '@DELETE: with -E',
		quick: true,
		source: [],
		there: [{ path: 'dest1/b/old.bin', bytes: 100 }],
		send: [[...status, '-E', 'a/', '@DELETE:a/b/old.bin']],
		intended: [
			{
				lines: /^- (sender exit: 10|dest1\/b\/old\.bin.*)$|^\+ (sender exit: 0|.*;b\/old\.bin;0KB;copy;.*)$|STATS;/,
				pairs: [oursToC, oursToOurs],
				why: 'C compares the base with the word "@DELETE:..." itself, so that it never fits',
			},
		],
	},
	{
		name: '@DELETE: without a name',
		quick: true,
		source: [file],
		there: [{ path: 'dest1/precious.bin', bytes: 100 }],
		send: [[...status, '@DELETE:', 'file.bin']],
		intended: [
			{
				lines: /^\+ dest1\/precious|^- .*;\.;0KB;copy;|STATS;/,
				pairs: [oursToC, oursToOurs],
				why: 'C asks for the deletion of ".", and receivers empty their destination directory: ours does not ask',
			},
			{
				lines: /^\+ dest1\/precious|^- .*;\.;0KB;copy;|^\+ .*;\.;0KB;rejected;|STATS;/,
				pairs: [cToOurs],
				why: 'our receivers reject the deletion of their destination directory',
			},
		],
	},
	{
		name: '@DELETE: with -D and -o',
		source: [],
		there: [
			{ path: 'dest1/top/old.bin', bytes: 100 },
			{ path: 'dest1/old.bin', bytes: 100 },
		],
		send: [[...status, '-o', '-D', 'top', '@DELETE:old.bin']],
	},
	{
		name: '-z sends what is new or newer and says what it did',
		source: [
			{ path: 'same', bytes: 500, modified: older },
			{ path: 'newer', bytes: 600, modified: newer },
			{ path: 'older', bytes: 700, modified: older },
			{ path: 'new', bytes: 800, modified: older },
			{ path: 'size', bytes: 900, modified: older },
		],
		there: [
			{ path: 'dest1/same', bytes: 500, modified: older },
			{ path: 'dest1/newer', bytes: 601, modified: older },
			{ path: 'dest1/older', bytes: 701, modified: newer },
			{ path: 'dest1/size', bytes: 901, modified: older },
		],
		send: [['-z', ...status, 'same', 'newer', 'older', 'new', 'size']],
		receive: ['-F', '{dir}/r{n}.status'],
		quick: true,
	},
	{
		name: '-Z says what -z would do, and changes nothing',
		quick: true,
		source: [
			{ path: 'same', bytes: 500, modified: older },
			{ path: 'newer', bytes: 600, modified: newer },
			{ path: 'new', bytes: 800_000, modified: older },
			{ path: 'dir', directory: true },
			{ path: 'link', link: 'same' },
		],
		there: [
			{ path: 'dest1/same', bytes: 500, modified: older },
			{ path: 'dest1/newer', bytes: 601, modified: older },
		],
		send: [['-Z', ...status, 'same', 'newer', 'new', 'dir', 'link', '@DELETE:same']],
		receive: ['-F', '{dir}/r{n}.status'],
	},
	{
		name: '-z with everything skipped ends with 0',
		source: [{ path: 'same', bytes: 500, modified: older }],
		there: [{ path: 'dest1/same', bytes: 500, modified: older }],
		send: [['-z', ...status, 'same']],
	},
	{
		name: 'three receivers, one of which is there for nothing of the first file',
		source: [file, { path: 'second.bin', bytes: 100 }],
		receivers: 3,
		send: [
			[...status, 'file.bin'],
			[...status, '-z', 'file.bin', 'second.bin'],
		],
	},
	{
		name: '-g and -n roll the log file',
		anyOrder: true,
		source: Array.from({ length: 300 }, (_, i) => ({
			path: `many/a-rather-long-name-of-a-file-so-that-lines-are-long-${i}`,
			bytes: 1,
		})),
		there: [{ path: 'logs/s.log', text: 'x'.repeat(990_000) }],
		send: [['-L', '{dir}/logs/s.log', '-g', '1', '-n', '2', '-S', '{dir}/s.status', 'many']],
		rolledLogs: true,
	},
	{
		name: '-T puts times before the lines on stderr',
		source: [file],
		send: [['-T', 'file.bin']],
		says: [/^\d{4}\/\d\d\/\d\d \d\d:\d\d:\d\d\.\d{6}: \[[0-9A-F]{8}\/00:0001\]: Sending file/m],
	},
	{
		name: '-a aborts whoever has not got the file after so many passes',
		source: [{ path: 'large.bin', bytes: 4_000_000 }],
		lossPercent: 40,
		send: [[...status, '-a', '1', '-R', '100000', 'large.bin']],
		quick: true,
	},
	{
		name: '-a 200 allows 200 passes',
		source: [{ path: 'large.bin', bytes: 1_000_000 }],
		lossPercent: 20,
		send: [[...status, '-a', '200', '-R', '100000', 'large.bin']],
		intended: [
			{
				lines: /^- (sender exit: 9|.*;aborted;)$|^\+ (sender exit: 0|dest1\/large\.bin.*|.*;copy;.*|.*STATS;.*)$/,
				pairs: [oursToC, oursToOurs],
				why: 'C keeps the number in a signed byte: 128 to 255 abort everybody at the first loss',
			},
		],
	},
	{
		name: '-N and -m drop a receiver that loses too much too often',
		source: [{ path: 'large.bin', bytes: 4_000_000 }],
		lossPercent: 30,
		send: [[...status, '-N', '5', '-m', '1', '-R', '100000', 'large.bin']],
	},
	{
		name: '-N 100 drops nobody',
		source: [{ path: 'large.bin', bytes: 1_000_000 }],
		lossPercent: 20,
		send: [[...status, '-N', '100', '-R', '100000', 'large.bin']],
	},
	{
		name: '-W ends a transfer that takes too long',
		source: [{ path: 'large.bin', bytes: 3_000_000 }],
		lossPercent: 60,
		send: [[...status, '-W', '110', '-R', '20000', 'large.bin']],
		says: [/^Maximum file transfer time exceeded$/m],
	},
	{
		name: '-W says how long a transfer may take, and does not disturb one that keeps to it',
		quick: true,
		source: [{ path: 'large.bin', bytes: 3_000_000 }],
		send: [[...status, '-W', '200', '-R', '40000', 'large.bin']],
		says: [/^Maximum file transfer time: 1 seconds$/m],
	},
	{
		name: '-y and -Q change nothing about what arrives',
		source: [file],
		send: [['-y', '-Q', '0x2e', ...status, 'file.bin']],
	},
	{
		name: 'names from -i win over those on the command line',
		quick: true,
		source: [file, { path: 'other.bin', bytes: 10 }],
		there: [{ path: 'list', text: 'other.bin\n\n' }],
		send: [['-i', '{dir}/list', ...status, 'file.bin']],
	},
	{
		name: '-C tfmcc with all bounds in another order, and -W that it ignores',
		source: [{ path: 'file.bin', bytes: 500_000 }],
		send: [[...status, '-C', 'tfmcc:max=50000:min=100:init=1000', '-W', '110', 'file.bin']],
		says: [/Transfer rate: dynamic via TFMCC/],
	},
	{
		name: '-C tfmcc:MAX as older versions had it',
		source: [{ path: 'file.bin', bytes: 500_000 }],
		send: [[...status, '-C', 'tfmcc:50000', 'file.bin']],
		quick: true,
	},
];

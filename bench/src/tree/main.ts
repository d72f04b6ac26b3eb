import { existsSync, mkdtempSync, readFileSync, rmSync, statfsSync } from 'node:fs';
import { cpus, tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { createTopology, type Maker, makeTree, missingPeers, type Pair } from '@uftp/interop';
import { receiverOptions, senderOptions } from '../contests.ts';
import { median } from '../report.ts';
import { oddTree } from './odd-tree.ts';
import { runTree, type TreeRun } from './tree-run.ts';

const usage = `npm run bench:tree -- [--files 10000] [--bytes 2G] [--runs 3] [--only C:C,ours:ours] [--minutes 10]
Sends a deep tree of many files with odd names, many of them empty, to two receivers, with every pair of programs in
turn, in network namespaces of its own. Names, bytes, times and links of every copy are compared. --minutes bounds one
session. Exit 1 if something did not arrive as it was.`;

const receivers = 2;
/** Of a file on a file system, beside its bytes. */
const FILE_COST_BYTES = 4096;
/** The machine has other uses for its memory. */
const SPARE_BYTES = 2 ** 30;

const allPairs: readonly Pair[] = [
	{ sender: 'C', receiver: 'C' },
	{ sender: 'ours', receiver: 'ours' },
	{ sender: 'ours', receiver: 'C' },
	{ sender: 'C', receiver: 'ours' },
];

async function main(): Promise<number> {
	const { values } = parseArgs({
		options: {
			files: { type: 'string', default: '10000' },
			bytes: { type: 'string', default: '2G' },
			runs: { type: 'string', default: '3' },
			only: { type: 'string' },
			minutes: { type: 'string', default: '10' },
			help: { type: 'boolean', default: false },
		},
	});
	if (values.help) {
		console.log(usage);
		return 0;
	}
	const peers = missingPeers();
	if (peers !== undefined) throw new Error(peers);
	const files = wholeNumber('--files', values.files, 1, 1_000_000);
	const bytes = sizeOf(values.bytes);
	const runs = wholeNumber('--runs', values.runs, 1, 100);
	const deadlineMs = 60_000 * wholeNumber('--minutes', values.minutes, 1, 120);
	const pairs = chosenPairs(values.only);
	const scratch = mkdtempSync(join(placeFor((bytes + files * FILE_COST_BYTES) * (1 + receivers)), 'uftp-tree-'));
	process.once('exit', () => rmSync(scratch, { recursive: true, force: true }));
	for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => process.exit(1));
	const tree = join(scratch, 'tree');
	makeTree(tree, oddTree(files, bytes));
	console.log(`${files} files, ${bytes} bytes in all, in ${scratch}; ${receivers} receivers; ${cpus().length} CPUs`);
	console.log(`sender ${senderOptions.join(' ')}, closed group; receivers ${receiverOptions.join(' ')}`);
	const results = await runAll(pairs, runs, tree, scratch, deadlineMs);
	console.log(`\n${tableOf(pairs, results, bytes)}`);
	return results.flat().every(isGood) ? 0 : 1;
}

/** Every pair once, then every pair again, ...: what else the machine does falls on all of them alike. */
async function runAll(
	pairs: readonly Pair[],
	runs: number,
	tree: string,
	scratch: string,
	deadlineMs: number,
): Promise<TreeRun[][]> {
	const results: TreeRun[][] = pairs.map(() => []);
	const topology = await createTopology({ hosts: 1 + receivers });
	try {
		for (let round = 1; round <= runs; round++) {
			for (const [index, pair] of pairs.entries()) {
				const run = await runTree(topology, pair, tree, scratch, deadlineMs);
				results[index]?.push(run);
				console.log(`run ${round}, ${pair.sender} to ${pair.receiver}: ${run.seconds.toFixed(2)} s, ${howItWent(run)}`);
			}
		}
	} finally {
		topology.close();
	}
	return results;
}

function howItWent({ wrong, failure }: TreeRun): string {
	if (failure !== undefined) return failure.replaceAll('\n', '\n    ');
	if (wrong.length === 0) return 'everything as it was sent';
	return `${wrong.length} THINGS ARE WRONG:\n    ${wrong.slice(0, 10).join('\n    ')}`;
}

function isGood(run: TreeRun): boolean {
	return run.failure === undefined && run.wrong.length === 0;
}

function tableOf(pairs: readonly Pair[], results: readonly (readonly TreeRun[])[], bytes: number): string {
	const secondsOf = (index: number): number => median((results[index] ?? []).filter(isGood).map((run) => run.seconds));
	const baseline = secondsOf(pairs.findIndex(({ sender, receiver }) => sender === 'C' && receiver === 'C'));
	const rows = pairs.map(({ sender, receiver }, index) => {
		const good = (results[index] ?? []).filter(isGood);
		const all = good.map((run) => run.seconds);
		return [
			`${sender} to ${receiver}`,
			`${secondsOf(index).toFixed(2)} (${Math.min(...all).toFixed(2)}–${Math.max(...all).toFixed(2)})`,
			(bytes / 1e6 / secondsOf(index)).toFixed(1),
			(baseline / secondsOf(index)).toFixed(2),
			(median(good.map((run) => run.wireBytes)) / bytes).toFixed(4),
			median(good.map((run) => run.receiverCpuSeconds)).toFixed(2),
			`${good.length}/${results[index]?.length}`,
		];
	});
	const head = ['pair', 'wall s (range)', 'MB/s', 'speed / C to C', 'wire / bytes', 'receivers CPU s', 'runs right'];
	return [head, head.map(() => '---'), ...rows].map((cells) => `| ${cells.join(' | ')} |`).join('\n');
}

/** A folder with so much room: in memory if there is enough, else where temporary files go. */
function placeFor(bytes: number): string {
	const meminfo = readFileSync('/proc/meminfo', 'utf8');
	const available = 1024 * Number(/^MemAvailable:\s+(\d+)/m.exec(meminfo)?.[1] ?? 0);
	const room = (folder: string): number => {
		const { bavail, bsize } = statfsSync(folder);
		return bavail * bsize;
	};
	if (existsSync('/dev/shm') && room('/dev/shm') > bytes && available > bytes + SPARE_BYTES) return '/dev/shm';
	if (room(tmpdir()) > bytes) return tmpdir();
	const gigabytes = (bytes / 1e9).toFixed(1);
	throw new Error(`This takes ${gigabytes} GB, which neither /dev/shm nor ${tmpdir()} has: use --bytes or set TMPDIR.`);
}

function chosenPairs(only: string | undefined): readonly Pair[] {
	if (only === undefined) return allPairs;
	return only.split(',').map((text) => {
		const [sender, receiver] = text.split(':') as Maker[];
		const pair = allPairs.find((each) => each.sender === sender && each.receiver === receiver);
		if (pair === undefined) throw new Error(`--only ${text}: a pair is C:C, ours:ours, ours:C or C:ours.\n${usage}`);
		return pair;
	});
}

function wholeNumber(name: string, text: string, min: number, max: number): number {
	const value = /^\d{1,9}$/.test(text) ? Number(text) : Number.NaN;
	if (value >= min && value <= max) return value;
	throw new Error(`${name} ${text}: must be a whole number from ${min} to ${max}.\n${usage}`);
}

/** "500M" and "2G" are powers of 1000. */
function sizeOf(text: string): number {
	const [, digits, unit = ''] = /^(\d{1,12})([KMG]?)$/.exec(text) ?? [];
	if (digits === undefined) throw new Error(`--bytes ${text}: must be a number, with K, M or G behind it.\n${usage}`);
	return Number(digits) * 1000 ** ['', 'K', 'M', 'G'].indexOf(unit);
}

try {
	process.exit(await main());
} catch (error) {
	console.error(error instanceof Error ? error.message : error);
	process.exit(1);
}

import { execFileSync } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { cpus, tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { createTopology, missingPeers, noise } from '@uftp/interop';
import { measureBusSend } from './bus-send.ts';
import { type Contest, contests, encryptedContests, receiverOptions, receivers, senderOptions } from './contests.ts';
import { measureIdle, measureMemory } from './footprint.ts';
import { measureRun, pathOf, type Run, type Secured } from './measure.ts';
import { type Line, renderTable, summarize } from './report.ts';

/** The row that goes over the bus and has no C counterpart. */
const busRow = 'send';
const allContests = [...contests, ...encryptedContests];
const plainIds = [...contests.map(({ id }) => id), busRow];
const encryptedIds = encryptedContests.map(({ id }) => id);
const rowIds = [...plainIds, ...encryptedIds];
const usage = `npm run bench -- [--rows ${rowIds.join(',')}] [--runs 3] [--size MIB] [--encrypted] [--memory] [--idle]
               [--only C:C,ours:ours] [--json FILE]
Measures our programs against the C ones, in turns, in network namespaces of its own. With --encrypted,
--memory or --idle and without --rows only that is measured.`;

/** Runs the contests and prints the table. Exit 1 if a run failed or a file arrived wrong. */
async function main(): Promise<number> {
	const { values } = parseArgs({
		options: {
			rows: { type: 'string' },
			runs: { type: 'string', default: '3' },
			size: { type: 'string', default: '256' },
			only: { type: 'string' },
			json: { type: 'string' },
			encrypted: { type: 'boolean', default: false },
			memory: { type: 'boolean', default: false },
			idle: { type: 'boolean', default: false },
			help: { type: 'boolean', default: false },
		},
	});
	if (values.help) {
		console.log(usage);
		return 0;
	}
	const peers = missingPeers();
	if (peers !== undefined) throw new Error(peers);
	const scratch = mkdtempSync(join(existsSync('/dev/shm') ? '/dev/shm' : tmpdir(), 'uftp-bench-'));
	const removeScratch = (): void => rmSync(scratch, { recursive: true, force: true });
	process.once('exit', removeScratch);
	for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => process.exit(1));
	printMachine(Number(values.runs));
	const lines: Line[] = [];
	const rows = values.rows?.split(',') ?? (values.memory || values.idle || values.encrypted ? [] : plainIds);
	if (values.encrypted) rows.push(...encryptedIds.filter((id) => !rows.includes(id)));
	for (const contest of chosenContests(rows, values.only)) {
		lines.push(...(await runContest(contest, Number(values.size) * 1024 * 1024, Number(values.runs), scratch)));
	}
	if (lines.length > 0) console.log(`\n${renderTable(lines)}\n`);
	if (values.json !== undefined) writeFileSync(values.json, JSON.stringify(lines, undefined, '\t'));
	if (rows.includes(busRow)) console.log((await measureBusSend(scratch, Number(values.runs))).join('\n'));
	if (values.memory) console.log((await measureMemory(scratch)).join('\n'));
	if (values.idle) console.log((await measureIdle(scratch)).join('\n'));
	return lines.some((line) => line.failedRuns > 0 || line.wrongFiles > 0) ? 1 : 0;
}

function chosenContests(wanted: readonly string[], only: string | undefined): Contest[] {
	for (const id of wanted) if (!rowIds.includes(id)) throw new Error(`There is no row "${id}".\n${usage}`);
	const pairs = only?.split(',');
	return allContests
		.filter(({ id }) => wanted.includes(id))
		.map((contest) => ({
			...contest,
			contenders: contest.contenders.filter(
				({ pair }) => pairs === undefined || pairs.includes(`${pair.sender}:${pair.receiver}`),
			),
		}));
}

/** Every contender once, then every contender again, ...: what else the machine does falls on all of them alike. */
async function runContest(contest: Contest, sizeBytes: number, runs: number, scratch: string): Promise<Line[]> {
	const bytes = contest.bytes ?? sizeBytes;
	const source = join(scratch, `${contest.id}.bin`);
	writeFileSync(source, noise(bytes, 1));
	const hosts = 1 + (contest.receivers ?? receivers);
	const manner = { warm: contest.warm === true, secured: secure(contest, hosts, scratch) };
	const topology = await createTopology({ hosts, segmented: contest.segmented });
	const results: Run[][] = contest.contenders.map(() => []);
	try {
		for (const host of topology.hosts.slice(1)) host.setLossPercent(contest.lossPercent);
		for (let round = 0; round < runs; round++) {
			for (const [index, { pair }] of contest.contenders.entries()) {
				const look = round === 0 && contest.bytes === undefined;
				const run = await measureRun(topology, pair, source, scratch, look, manner);
				results[index]?.push(run);
				printRun(contest, `${pair.sender} to ${pair.receiver}`, bytes, run);
			}
		}
	} finally {
		topology.close();
		rmSync(source, { force: true });
	}
	return summarize(contest, bytes, results);
}

/** Makes the keys of a contest: one for each host. */
function secure({ id, security }: Contest, hosts: number, scratch: string): Secured | undefined {
	if (security === undefined) return undefined;
	const keyFiles = Array.from({ length: hosts }, (_, host) => join(scratch, `${id}-${host}.pem`));
	const program = pathOf('ours', 'uftp_keymgt');
	for (const file of keyFiles) execFileSync(program, ['-g', security.key, file], { stdio: 'ignore' });
	return { options: security.options, keyFiles };
}

function printRun(contest: Contest, who: string, bytes: number, run: Run): void {
	const goodput = (bytes / 1e6 / run.seconds).toFixed(1);
	const wrong = run.wrongFiles > 0 ? `, ${run.wrongFiles} WRONG FILES` : '';
	console.log(`${contest.id}: ${who}: ${run.seconds.toFixed(3)} s, ${goodput} MB/s${wrong}`);
	if (run.buffers !== undefined) {
		const { sender, receivers } = run.buffers;
		console.log(`    socket buffers: sender ${mebibytes(sender)}, smallest receiver ${mebibytes(receivers)}`);
	}
	if (run.failure !== undefined) console.log(run.failure.replace(/^/gm, '    '));
}

function mebibytes(bytes: number): string {
	return `${(bytes / 1024 / 1024).toFixed(1)} MiB`;
}

function printMachine(runs: number): void {
	const limit = (name: string): string => readFileSync(`/proc/sys/net/core/${name}`, 'utf8').trim();
	console.log(`${cpus().length} CPUs (${cpus()[0]?.model}), medians of ${runs} runs, ${receivers} receivers, MTU 1500`);
	console.log(`sender ${senderOptions.join(' ')}, closed group; receivers ${receiverOptions.join(' ')}`);
	console.log(`net.core.rmem_max ${limit('rmem_max')}, wmem_max ${limit('wmem_max')}`);
}

try {
	process.exit(await main());
} catch (error) {
	console.error(error instanceof Error ? error.message : error);
	process.exit(1);
}

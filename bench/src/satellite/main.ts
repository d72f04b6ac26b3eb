import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import { launch, type Maker, noise, sameBytes } from '@uftp/interop';
import { pathOf, startReceivers } from '../measure.ts';
import { SatelliteLink } from './satellite-link.ts';

const usage = `npm run bench:satellite -- [--pair ours:ours ...] [--size MB] [--rate KBPS] [--seed N] [--say]
Sends a file over a path with 300 ms each way, 10 Mbit/s and 1 % loss, made by a relay of our own between two network
namespaces. Share: the file's blocks with their headers (IP and up), once each, over the time of the whole sender
process, of the 10 Mbit/s. Exit 1 if a session with a program of ours does not complete, or ours to ours stays under 85 %.`;

const link = { delayMs: 300, bitsPerSecond: 10_000_000, queueMs: 250, loss: 0.01 };
const wantedShare = 0.85;
const blockBytes = 1300;
/** IPv4, UDP, UFTP and FILESEG headers. */
const headerBytes = 20 + 8 + 16 + 8;
const deadlineMs = 240_000;
/** The relay reports once a second. */
const reportMs = 1100;

interface Crossing {
	readonly problems: readonly string[];
	readonly share: number;
	readonly seconds: number;
	readonly said: string;
	readonly note: string;
}

interface Contest {
	readonly file: string;
	readonly fileBytes: number;
	readonly rateKbps: string;
	readonly seed: number;
	readonly scratch: string;
}

async function cross(sender: Maker, receiver: Maker, contest: Contest): Promise<Crossing> {
	const satellite = await SatelliteLink.open({ ...link, seed: contest.seed });
	const target = join(contest.scratch, 'received');
	try {
		const receivers = await startReceivers(receiver, [satellite.to], [target]);
		const options = ['-T', '-I', 'eth0', '-R', contest.rateKbps, '-b', String(blockBytes), '-H', satellite.to.uid];
		const argv = [pathOf(sender, 'uftp'), ...options, contest.file];
		const running = await launch(satellite.from, argv, { timeoutMs: deadlineMs });
		const { code, timedOut, wallMs } = await running.ended;
		await sleep(reportMs);
		const [there, back] = satellite.counts();
		const problems: string[] = [];
		if (timedOut) problems.push(`not done after ${deadlineMs / 1000} s`);
		else if (code !== 0) problems.push(`the sender ended with ${code}`);
		if (!sameBytes(contest.file, join(target, 'file.bin'))) problems.push('the file did not arrive byte for byte');
		await Promise.all(receivers.map((program) => program.stop()));
		const usefulBytes = contest.fileBytes + Math.ceil(contest.fileBytes / blockBytes) * headerBytes;
		const once = there.bytes / usefulBytes;
		return {
			problems,
			share: (8000 * usefulBytes) / wallMs / link.bitsPerSecond,
			seconds: wallMs / 1000,
			said: running.output(),
			note: `${once.toFixed(3)} times the file sent; lost ${there.lost}+${back.lost}, queue full ${there.overflowed}`,
		};
	} finally {
		satellite.close();
		rmSync(target, { recursive: true, force: true });
	}
}

async function main(): Promise<number> {
	const { values } = parseArgs({
		options: {
			pair: { type: 'string', multiple: true, default: ['C:C', 'C:ours', 'ours:C', 'ours:ours'] },
			size: { type: 'string', default: '40' },
			rate: { type: 'string', default: '9700' },
			seed: { type: 'string', default: '1' },
			say: { type: 'boolean', default: false },
			help: { type: 'boolean', default: false },
		},
	});
	if (values.help) {
		console.log(usage);
		return 0;
	}
	const fileBytes = Math.round(Number(values.size) * 1e6);
	const scratch = mkdtempSync(join(existsSync('/dev/shm') ? '/dev/shm' : tmpdir(), 'uftp-satellite-'));
	process.once('exit', () => rmSync(scratch, { recursive: true, force: true }));
	for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => process.exit(1));
	const file = join(scratch, 'file.bin');
	writeFileSync(file, noise(fileBytes, 11));
	console.log(
		`${values.size} MB, 300 ms each way, 10 Mbit/s, 1 % lost, queue of ${link.queueMs} ms; -R ${values.rate}, seed ${values.seed}`,
	);
	let failed = 0;
	for (const pair of values.pair) {
		const [sender = 'ours', receiver = 'ours'] = pair.split(':').map((maker): Maker => (maker === 'C' ? 'C' : 'ours'));
		const contest = { file, fileBytes, rateKbps: values.rate, seed: Number(values.seed), scratch };
		const { problems, share, seconds, said, note } = await cross(sender, receiver, contest);
		const outcome = problems.length === 0 ? 'completes' : problems.join(', ');
		const percent = (100 * share).toFixed(1).padStart(5);
		console.log(
			`${`${sender} to ${receiver}`.padEnd(13)} ${percent} % of the link, ${seconds.toFixed(1)} s; ${note}; ${outcome}`,
		);
		if (values.say || problems.length > 0) console.log(said);
		const isOurs = sender === 'ours' && receiver === 'ours';
		if (pair !== 'C:C' && problems.length > 0) failed++;
		else if (isOurs && share < wantedShare) failed++;
	}
	return failed === 0 ? 0 : 1;
}

try {
	process.exit(await main());
} catch (error) {
	console.error(error instanceof Error ? error.message : error);
	process.exit(1);
}

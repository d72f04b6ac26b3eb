import { closeSync, ftruncateSync, openSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { createTopology, type Host, launch, type Maker, noise, sameBytes } from '@uftp/interop';
import { senderOptions } from './contests.ts';
import { pathOf, startReceivers } from './measure.ts';

const hugeBytes = 4 * 1024 ** 3;
const memoryLimitBytes = 250e6;
const idleSettleMs = 5000;
const idleLimit = 0.01;

/** Largest resident sets of sender and receiver for one 4 GiB file (holes, but every byte travels). One line each. */
export async function measureMemory(scratch: string): Promise<string[]> {
	const topology = await createTopology({ hosts: 2 });
	try {
		const source = join(scratch, 'huge.bin');
		writeHoles(source, hugeBytes);
		const [senderHost, receiverHost] = topology.hosts;
		if (senderHost === undefined || receiverHost === undefined) throw new RangeError('two hosts were asked for');
		const target = join(scratch, 'received');
		const [receiver] = await startReceivers('ours', [receiverHost], [target]);
		const argv = [pathOf('ours', 'uftp'), '-I', 'eth0', ...senderOptions, '-H', receiverHost.uid, source];
		const sender = await launchAndWatch(senderHost, argv);
		const right = sender.code === 0 && sameBytes(source, join(target, 'huge.bin'));
		const received = receiver?.peakMemoryBytes() ?? 0;
		await receiver?.stop();
		return [
			`4 GiB file: ${right ? 'arrived' : `DID NOT ARRIVE\n${sender.said}`} in ${(sender.wallMs / 1000).toFixed(1)} s`,
			memoryLine('sender', sender.peakBytes),
			memoryLine('receiver', received),
		];
	} finally {
		topology.close();
	}
}

/** CPU of one idle receiver of each maker over a minute. */
export async function measureIdle(scratch: string, seconds = 60): Promise<string[]> {
	const makers: Maker[] = ['ours', 'C'];
	const topology = await createTopology({ hosts: makers.length });
	try {
		const started = makers.map((maker, index) =>
			startReceivers(maker, topology.hosts.slice(index, index + 1), [join(scratch, `idle-${maker}`)]),
		);
		const programs = (await Promise.all(started)).flat();
		await sleep(idleSettleMs);
		const before = programs.map((program) => program.cpuSeconds());
		await sleep(1000 * seconds);
		const lines = programs.map((program, index) => {
			const share = (program.cpuSeconds() - (before[index] ?? 0)) / seconds;
			const asked = makers[index] === 'ours' ? ` (asked: < 1 %: ${share < idleLimit ? 'yes' : 'NO'})` : '';
			return `idle receiver, ${makers[index]}: ${(100 * share).toFixed(2)} % of one CPU over ${seconds} s${asked}`;
		});
		await Promise.all(programs.map((program) => program.stop()));
		return lines;
	} finally {
		topology.close();
	}
}

interface Watched {
	readonly code: number | null;
	readonly wallMs: number;
	readonly peakBytes: number;
	readonly said: string;
}

async function launchAndWatch(host: Host, argv: string[]): Promise<Watched> {
	const program = await launch(host, argv, { timeoutMs: 600_000 });
	let peakBytes = 0;
	let over = false;
	void program.ended.then(() => {
		over = true;
	});
	// The kernel keeps the high-water mark, but only for as long as the process lives.
	while (!over) {
		peakBytes = Math.max(peakBytes, program.peakMemoryBytes());
		await sleep(50);
	}
	const ending = await program.ended;
	return { code: ending.code, wallMs: ending.wallMs, peakBytes, said: program.output().slice(-1000) };
}

function memoryLine(role: string, bytes: number): string {
	const reached = bytes > 0 && bytes < memoryLimitBytes ? 'yes' : 'NO';
	return `memory of the ${role}: ${(bytes / 1e6).toFixed(0)} MB (asked: < 250 MB: ${reached})`;
}

function writeHoles(path: string, bytes: number): void {
	const file = openSync(path, 'w');
	ftruncateSync(file, bytes);
	writeSync(file, noise(65_536, 7), 0, 65_536, bytes - 65_536);
	closeSync(file);
}

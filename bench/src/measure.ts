import { mkdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import {
	findProgram,
	type Host,
	launch,
	type Maker,
	type Pair,
	type Program,
	sameBytes,
	type Topology,
	waitUntilListening,
} from '@uftp/interop';
import { receiverOptions, senderOptions } from './contests.ts';

const publicGroup = '230.4.4.1';
const runDeadlineMs = 180_000;

/** One session from start to end, as measured from outside. */
export interface Run {
	/** The whole sender process, in seconds. */
	readonly seconds: number;
	/** Bytes that left the sender's interface, Ethernet headers included. */
	readonly wireBytes: number;
	/** Datagrams that found no room in the receivers' socket buffers. */
	readonly bufferDrops: number;
	/** CPU of all receivers together, in seconds. */
	readonly receiverCpuSeconds: number;
	/** Files that did not arrive byte for byte. */
	readonly wrongFiles: number;
	/** What went wrong with the sender itself, with the end of what it printed. */
	readonly failure?: string;
	/** Socket buffers as the kernel accounts them (twice what was asked for); only where they were looked at. */
	readonly buffers?: { readonly sender: number; readonly receivers: number };
}

/** Time for receivers to end what they do behind their first session: compiling, tidying memory. */
const settleMs = 1000;
/** Time for a sender to have opened its socket. */
const openMs = 250;

/** How sessions of a contest differ from plain ones. */
export interface Manner {
	/** Run a session that is not measured first. */
	readonly warm: boolean;
	readonly secured: Secured | undefined;
}

/** What encrypts the sessions of a contest. */
export interface Secured {
	readonly options: readonly string[];
	/** Key files, for host 0, 1, ... */
	readonly keyFiles: readonly string[];
}

/** Sends `source` from host 0 to all other hosts and compares every copy. */
export async function measureRun(
	topology: Topology,
	pair: Pair,
	source: string,
	scratch: string,
	lookAtBuffers: boolean,
	{ warm, secured }: Manner,
): Promise<Run> {
	const [senderHost, ...receiverHosts] = topology.hosts;
	if (senderHost === undefined) throw new RangeError('a topology without hosts');
	const targets = receiverHosts.map((host) => join(scratch, `received${host.index}`));
	const running = await startReceivers(pair.receiver, receiverHosts, targets, secured?.keyFiles);
	try {
		const argv = [pathOf(pair.sender, 'uftp'), '-I', 'eth0', ...senderOptions];
		if (secured !== undefined) argv.push(...secured.options, '-k', secured.keyFiles[0] ?? '');
		argv.push('-H', receiverHosts.map((host) => host.uid).join(','), source);
		const options = { cwd: '/', timeoutMs: runDeadlineMs };
		if (warm) {
			await (await launch(senderHost, argv, options)).ended;
			await sleep(settleMs);
		}
		const wireBefore = senderHost.transmittedBytes();
		const dropsBefore = bufferDrops(receiverHosts);
		const sender = await launch(senderHost, argv, options);
		const buffers = lookAtBuffers ? await socketBuffers(sender, senderHost, receiverHosts) : undefined;
		const ending = await sender.ended;
		const copies = targets.map((target) => join(target, source.slice(source.lastIndexOf('/') + 1)));
		const failed = ending.code !== 0;
		const said = sender.output().trimEnd().split('\n').slice(-12).join('\n');
		return {
			seconds: ending.wallMs / 1000,
			wireBytes: senderHost.transmittedBytes() - wireBefore,
			bufferDrops: bufferDrops(receiverHosts) - dropsBefore,
			receiverCpuSeconds: running.reduce((sum, program) => sum + program.cpuSeconds(), 0),
			wrongFiles: copies.filter((copy) => !sameBytes(source, copy)).length,
			...(buffers === undefined ? {} : { buffers }),
			...(failed ? { failure: `the sender ended with ${ending.signal ?? ending.code}:\n${said}` } : {}),
		};
	} finally {
		await Promise.all(running.map((program) => program.stop()));
		for (const target of targets) rmSync(target, { recursive: true, force: true });
	}
}

/** Starts one receiver per host, with its key if there are keys, and waits until all of them listen. */
export async function startReceivers(
	maker: Maker,
	hosts: readonly Host[],
	targets: string[],
	keyFiles?: readonly string[],
): Promise<Program[]> {
	return Promise.all(
		hosts.map(async (host, index) => {
			const target = targets[index] ?? '';
			mkdirSync(target, { recursive: true });
			const argv = [pathOf(maker, 'uftpd'), '-d', '-q', '-I', 'eth0', '-D', target, ...receiverOptions];
			if (keyFiles !== undefined) argv.push('-k', keyFiles[host.index] ?? '');
			const program = await launch(host, argv, { timeoutMs: 10 * runDeadlineMs });
			await waitUntilListening(host, program, publicGroup);
			return program;
		}),
	);
}

/** Path of a program that has to be there. */
export function pathOf(maker: Maker, name: 'uftp' | 'uftpd' | 'uftpproxyd' | 'uftpctl' | 'uftp_keymgt'): string {
	const path = findProgram(maker, name);
	if (path !== undefined) return path;
	throw new Error(
		maker === 'C'
			? `The C program ${name} is not installed: apt-get install uftp.`
			: `bin/${name} is missing from this checkout.`,
	);
}

async function socketBuffers(
	sender: Program,
	senderHost: Host,
	receiverHosts: readonly Host[],
): Promise<NonNullable<Run['buffers']>> {
	await Promise.race([sender.ended, sleep(openMs)]);
	return {
		sender: senderHost.socketBufferBytes().send,
		receivers: Math.min(...receiverHosts.map((host) => host.socketBufferBytes().receive)),
	};
}

function bufferDrops(hosts: readonly Host[]): number {
	return hosts.reduce((sum, host) => sum + host.receiveBufferErrors(), 0);
}

import { type ChildProcess, spawn } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { delimiter, join, resolve } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Host } from './host.ts';
import { onlyChildOf, pathWithSbin, userNamespaceArguments } from './namespace.ts';

/** Whose programs: the C ones (Debian package `uftp`) or those of this repository. */
export type Maker = 'C' | 'ours';

/** The programs that both makers have, and what only ours have. */
export type ProgramName = 'uftp' | 'uftpd' | 'uftpproxyd' | 'uftp_keymgt' | 'uftpctl';

const checkout = resolve(import.meta.dirname, '../..');
const outputCap = 4 * 1024 * 1024;
const pollMs = 5;
/** Clock ticks per second of /proc/<pid>/stat; Linux has used 100 towards user space for ever. */
const ticksPerSecond = 100;

/**
 * Path of a program, or undefined if it is not on this machine. UFTP_PEER_BIN and UFTP_OWN_BIN name other folders for
 * the C programs and for ours.
 */
export function findProgram(maker: Maker, name: ProgramName): string | undefined {
	if (maker === 'ours') return present(join(process.env['UFTP_OWN_BIN'] ?? join(checkout, 'bin'), name));
	const folders = (process.env['UFTP_PEER_BIN'] ?? pathWithSbin()['PATH'] ?? '').split(delimiter);
	return folders.map((folder) => join(folder, name)).find((path) => existsSync(path));
}

/** The sentence for a machine without the C programs; undefined where they are there. */
export function missingPeers(): string | undefined {
	if (findProgram('C', 'uftp') !== undefined && findProgram('C', 'uftpd') !== undefined) return undefined;
	return (
		'The C programs uftp and uftpd are not installed, so nothing can be tested against them. Install the ' +
		"Debian package 'uftp' (4.10.2), or set UFTP_TEST_WITHOUT_PEERS=1 to leave those tests out."
	);
}

/** How a program ended. */
export interface Ending {
	readonly code: number | null;
	readonly signal: NodeJS.Signals | null;
	/** From just before the start until the end. */
	readonly wallMs: number;
	/** Killed by the harness because its time was up. */
	readonly timedOut: boolean;
}

/** A program that runs on a host. */
export interface Program {
	/** Pid as this process sees it; 0 if it had already ended when it was looked for. */
	readonly pid: number;
	readonly ended: Promise<Ending>;
	/** Everything it printed on either stream so far (the first megabytes). */
	output(): string;
	signal(name: NodeJS.Signals): void;
	/** Ends it: SIGTERM, then SIGKILL if it is still there after `graceMs`. */
	stop(graceMs?: number): Promise<Ending>;
	/** Largest resident set so far, in bytes; 0 once it has ended. */
	peakMemoryBytes(): number;
	/** User and system time so far; 0 once it has ended. */
	cpuSeconds(): number;
}

export interface LaunchOptions {
	readonly cwd?: string;
	/** Killed after this long, whatever it does. Default 120 s. */
	readonly timeoutMs?: number;
	readonly env?: Readonly<Record<string, string>>;
}

/** Starts a program on a host of a topology. It dies with the topology. */
export async function launch(host: Host, argv: readonly string[], options: LaunchOptions = {}): Promise<Program> {
	const enter = ['-t', String(host.namespace.pid), ...userNamespaceArguments, '-n'];
	const pidSpace = `--pid=/proc/${host.hub.pid}/ns/pid`;
	const startedMs = performance.now();
	const child = spawn('nsenter', [...enter, pidSpace, ...argv], {
		cwd: options.cwd ?? '/',
		env: { ...pathWithSbin(), ...options.env },
		stdio: ['ignore', 'pipe', 'pipe'],
	});
	const captured = capture(child);
	const timer = setTimeout(() => kill('SIGKILL', true), options.timeoutMs ?? 120_000);
	let pid = 0;
	let over = false;
	let timedOut = false;
	const kill = (name: NodeJS.Signals, late = false): void => {
		if (over) return;
		timedOut ||= late;
		if (pid === 0) pid = onlyChildOf(child.pid ?? 0);
		trySignal(pid || (child.pid ?? 0), name);
	};
	const ended = new Promise<Ending>((resolveEnding, reject) => {
		child.on('error', reject);
		child.on('exit', (code, signal) => {
			const wallMs = performance.now() - startedMs;
			over = true;
			clearTimeout(timer);
			void captured.closed.then(() => resolveEnding({ code, signal, wallMs, timedOut }));
		});
	});
	// nsenter forks to enter the process namespace; the program is its child.
	while (!over && pid === 0) {
		pid = onlyChildOf(child.pid ?? 0);
		if (pid === 0) await sleep(1);
	}
	return {
		pid,
		ended,
		output: captured.text,
		signal: (name) => kill(name),
		stop: (graceMs = 3000) => stop(kill, ended, graceMs),
		peakMemoryBytes: () => (over ? 0 : 1024 * statusField(pid, 'VmHWM')),
		cpuSeconds: () => (over ? 0 : cpuSeconds(pid)),
	};
}

/**
 * Waits until a receiver or proxy on that host holds the UDP port and has joined the group, if any. Throws with what it
 * printed.
 */
export async function waitUntilListening(host: Host, program: Program, group?: string, port = 1044): Promise<void> {
	const deadlineMs = performance.now() + 15_000;
	while (performance.now() < deadlineMs) {
		if (holdsPort(host, port) && (group === undefined || hasJoined(host, group))) return;
		const gone = await Promise.race([program.ended, sleep(pollMs)]);
		if (gone !== undefined) {
			throw new Error(`the program on ${host.ipv4} ended (exit ${gone.code}):\n${program.output()}`);
		}
	}
	const joining = group === undefined ? '' : ` and join ${group}`;
	throw new Error(`the program on ${host.ipv4} did not listen on ${port}${joining}:\n${program.output()}`);
}

function present(path: string): string | undefined {
	return existsSync(path) ? path : undefined;
}

function capture(child: ChildProcess): { text: () => string; closed: Promise<void> } {
	const parts: Buffer[] = [];
	let size = 0;
	const take = (part: Buffer): void => {
		if (size < outputCap) parts.push(part);
		size += part.length;
	};
	child.stdout?.on('data', take);
	child.stderr?.on('data', take);
	const closed = new Promise<void>((done) => child.on('close', () => done()));
	return { text: () => Buffer.concat(parts).toString('utf8'), closed };
}

async function stop(kill: (n: NodeJS.Signals) => void, ended: Promise<Ending>, graceMs: number): Promise<Ending> {
	kill('SIGTERM');
	const early = await Promise.race([ended, sleep(graceMs, undefined, { ref: false })]);
	if (early === undefined) kill('SIGKILL');
	return ended;
}

function trySignal(pid: number, name: NodeJS.Signals): void {
	try {
		if (pid > 0) process.kill(pid, name);
	} catch {
		// It ended between the look and the signal.
	}
}

function statusField(pid: number, name: string): number {
	try {
		const line = readFileSync(`/proc/${pid}/status`, 'utf8')
			.split('\n')
			.find((text) => text.startsWith(`${name}:`));
		return Number(line?.split(/\s+/)[1] ?? 0);
	} catch {
		return 0;
	}
}

function cpuSeconds(pid: number): number {
	try {
		const fields = readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ').at(-1)?.split(' ') ?? [];
		return (Number(fields[11]) + Number(fields[12])) / ticksPerSecond;
	} catch {
		return 0;
	}
}

function holdsPort(host: Host, port: number): boolean {
	const ending = `:${port.toString(16).toUpperCase().padStart(4, '0')}`;
	return ['udp', 'udp6'].some((table) =>
		readFileSync(`/proc/${host.namespace.pid}/net/${table}`, 'utf8')
			.split('\n')
			.some((line) => line.trim().split(/\s+/)[1]?.endsWith(ending) === true),
	);
}

function hasJoined(host: Host, group: string): boolean {
	const table = group.includes(':') ? 'igmp6' : 'igmp';
	return readFileSync(`/proc/${host.namespace.pid}/net/${table}`, 'utf8').toUpperCase().includes(groupAsHex(group));
}

/** A group as the kernel prints it: IPv4 with its bytes reversed, IPv6 written out in full. */
function groupAsHex(group: string): string {
	if (!group.includes(':')) {
		const bytes = group.split('.').reverse();
		return bytes
			.map((text) => Number(text).toString(16).padStart(2, '0'))
			.join('')
			.toUpperCase();
	}
	const [before = '', after = ''] = group.split('::');
	const head = before.split(':').filter(Boolean);
	const tail = after.split(':').filter(Boolean);
	const zeros = Array.from({ length: 8 - head.length - tail.length }, () => '0');
	return [...head, ...zeros, ...tail]
		.map((text) => text.padStart(4, '0'))
		.join('')
		.toUpperCase();
}

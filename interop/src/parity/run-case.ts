/** Runs one case for one pair and says what it left behind. */
import {
	chmodSync,
	lutimesSync,
	mkdirSync,
	mkdtempSync,
	readdirSync,
	readFileSync,
	rmSync,
	symlinkSync,
	writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Host } from '../host.ts';
import { type Ending, findProgram, launch, type Maker, type Program, waitUntilListening } from '../programs.ts';
import type { Pair } from '../scenario.ts';
import type { Topology } from '../topology.ts';
import { noise } from '../trees.ts';
import { filesIn } from './observation.ts';
import {
	type CommandCase,
	isCommand,
	type Observation,
	type ParityCase,
	type ParityEntry,
	type SessionCase,
} from './parity-case.ts';

const GROUP = '230.4.4.1';
const FIXED_SECONDS = 1_580_608_922;
/** Timers for a network without delay, and for a machine that is busy: C gives a receiver up after 60 GRTT. */
const QUICK = ['-R', '-1', '-r', '0.05:0.03:0.5'];
/** Scripts are not waited for by either program. */
const SCRIPT_MS = 400;
const SESSION_TIMEOUT_MS = 30_000;
/** A command that is still there by then has accepted its arguments. */
const COMMAND_TIMEOUT_MS = 2500;

/** How many hosts a case needs. */
export function hostsOfCase(parity: ParityCase): number {
	return isCommand(parity) ? 1 : 1 + (parity.receivers ?? 1);
}

/** Runs the case in a folder of its own; throws with what the programs printed when a receiver does not start. */
export async function runCase(topology: Topology, parity: ParityCase, pair: Pair): Promise<Observation> {
	const folder = mkdtempSync(join(tmpdir(), 'uftp-parity-'));
	try {
		chmodSync(folder, 0o755);
		mkdirSync(join(folder, 'source'));
		for (const entry of parity.there ?? []) put(folder, entry);
		if (isCommand(parity)) return await runCommand(topology, parity, pair.sender, folder);
		for (const entry of parity.source) put(join(folder, 'source'), entry);
		return await runSession(topology, parity, pair, folder);
	} finally {
		rmSync(folder, { recursive: true, force: true });
	}
}

function put(root: string, entry: ParityEntry): void {
	const path = join(root, entry.path);
	mkdirSync(dirname(path), { recursive: true });
	if ('directory' in entry) {
		mkdirSync(path, { recursive: true });
		return;
	}
	if ('link' in entry) {
		symlinkSync(entry.link, path);
		return;
	}
	writeFileSync(path, 'text' in entry ? entry.text : noise(entry.bytes, entry.bytes + 1));
	chmodSync(path, entry.mode ?? 0o644);
	lutimesSync(path, entry.modified ?? FIXED_SECONDS, entry.modified ?? FIXED_SECONDS);
}

async function runCommand(topology: Topology, parity: CommandCase, maker: Maker, folder: string): Promise<Observation> {
	const words = parity.words.map((word) => word.replaceAll('{dir}', folder));
	const program = await launch(topology.hosts[0] as Host, [pathOf(maker, parity.program), ...words], {
		cwd: join(folder, 'source'),
		timeoutMs: COMMAND_TIMEOUT_MS,
	});
	return [`exit: ${codeOf(await program.ended)}`];
}

function codeOf(ending: Ending): string {
	if (ending.timedOut) return 'none, it goes on';
	return String(ending.signal ?? ending.code);
}

async function runSession(topology: Topology, parity: SessionCase, pair: Pair, folder: string): Promise<Observation> {
	const hosts = topology.hosts.slice(1, 1 + (parity.receivers ?? 1));
	const receivers: Program[] = [];
	const lines: string[] = [];
	const says: string[] = [];
	try {
		await Promise.all(
			hosts.map(async (host) => {
				host.setLossPercent(parity.lossPercent ?? 0);
				receivers[host.index - 1] = await startReceiver(parity, pair.receiver, host, folder);
				await waitUntilListening(host, receivers[host.index - 1] as Program, GROUP);
			}),
		);
		for (const words of parity.send) {
			const argv = [pathOf(pair.sender, 'uftp'), ...senderWords(parity, hosts), ...expand(words, folder, 0)];
			const sender = await launch(topology.hosts[0] as Host, argv, {
				cwd: join(folder, 'source'),
				timeoutMs: SESSION_TIMEOUT_MS,
			});
			lines.push(`sender exit: ${codeOf(await sender.ended)}`);
			says.push(...saidBy(parity, 'sender', sender.output()));
			await sleep(SCRIPT_MS);
		}
	} finally {
		for (const host of hosts) host.setLossPercent(0);
		for (const [index, program] of receivers.entries()) {
			const ending = await endReceiver(parity, hosts[index] as Host, program, folder);
			lines.push(`receiver ${index + 1} exit: ${ending}`);
			says.push(...saidBy(parity, `receiver ${index + 1}`, program.output()));
		}
	}
	const inputs = new Set(['source', ...(parity.there ?? []).map((entry) => entry.path).filter(isInput)]);
	if (parity.rolledLogs === true) {
		lines.push(...readdirSync(join(folder, 'logs')).map((name) => `log file ${name}`));
		inputs.add('logs');
	}
	return [...lines, ...says, ...filesIn(folder, inputs)];
}

/** Lists and scripts stay as they are; what receivers had already may change. */
function isInput(path: string): boolean {
	return !/^(dest|other|backup|temp|logs)/.test(path);
}

function saidBy(parity: SessionCase, who: string, output: string): string[] {
	return (parity.says ?? []).filter((like) => like.test(output)).map((like) => `${who} says ${like}`);
}

function senderWords(parity: SessionCase, hosts: readonly Host[]): string[] {
	const ids = [...hosts.map((host) => host.uid), ...(parity.absent ?? [])];
	const group = parity.open === true ? [] : ['-H', ids.join(',')];
	return ['-I', 'eth0', '-M', GROUP, ...QUICK, ...group];
}

function expand(words: readonly string[], folder: string, receiver: number): string[] {
	return words.map((word) => word.replaceAll('{dir}', folder).replaceAll('{n}', String(receiver)));
}

async function startReceiver(parity: SessionCase, maker: Maker, host: Host, folder: string): Promise<Program> {
	mkdirSync(join(folder, `dest${host.index}`), { recursive: true });
	const words = parity.daemon === true ? ['-P', '{dir}/r{n}.pid', '-L', '{dir}/r{n}.log'] : ['-d'];
	if (parity.namesDestination !== true) words.push('-D', '{dir}/dest{n}');
	const argv = [
		pathOf(maker, 'uftpd'),
		...['-q', '-I', 'eth0', '-M', GROUP, '-U', host.uid],
		...expand([...words, ...(parity.receive ?? [])], folder, host.index),
	];
	const program = await launch(host, argv, { timeoutMs: SESSION_TIMEOUT_MS * parity.send.length });
	if (parity.daemon === true) await program.ended;
	return program;
}

async function endReceiver(parity: SessionCase, host: Host, program: Program, folder: string): Promise<string> {
	if (parity.daemon !== true) return codeOf(await program.stop());
	const pid = readFileSync(join(folder, `r${host.index}.pid`), 'utf8').trim();
	await (await launch(host, ['kill', '-TERM', pid])).ended;
	await sleep(SCRIPT_MS);
	return `${codeOf(await program.ended)} of the command that started the daemon`;
}

function pathOf(maker: Maker, name: 'uftp' | 'uftpd'): string {
	const path = findProgram(maker, name);
	if (path === undefined) throw new Error(`${maker === 'C' ? 'the C program' : 'our'} ${name} is not on this machine`);
	return path;
}

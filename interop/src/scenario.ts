import { existsSync, mkdirSync, mkdtempSync, readdirSync, rmSync, statSync, truncateSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Host } from './host.ts';
import { type Ending, findProgram, launch, type Maker, type Program, waitUntilListening } from './programs.ts';
import { judgeRestart, makeTemporary, type Restart, takeRestartFile } from './restart.ts';
import type { Topology } from './topology.ts';
import { differences, makeTree, sizeOfTree, type TreeEntry } from './trees.ts';

/** Who sends and who receives. */
export interface Pair {
	readonly sender: Maker;
	readonly receiver: Maker;
}

/** Something that happens to a host while the session runs; host 0 is the sender, 1 and up are the receivers. */
export interface Fault {
	/** Once the sender's interface has sent this share of the bytes of the files. */
	readonly afterShare: number;
	/** `interrupt` is SIGINT. `shrink` cuts the first file of the tree to half while it is sent, whatever the host. */
	readonly do: 'kill' | 'interrupt' | 'cut' | 'shrink';
	readonly host: number;
	/** How long a cut lasts. */
	readonly forSeconds?: number;
	/** Receivers that must hold exactly what was sent when a cut ends. */
	readonly completeMeanwhile?: readonly number[];
}

/** What must have happened in the end. */
export interface Expectation {
	/** Exit code of the (last) sender; undefined where it does not matter. */
	readonly exit?: number;
	/** Receivers that must hold exactly what was sent. */
	readonly complete: readonly number[];
	/** What the sender must have printed, and what it must not. */
	readonly senderSays?: readonly RegExp[];
	readonly senderNeverSays?: readonly RegExp[];
	/** The whole sender process must not have taken longer, or less. */
	readonly withinSeconds?: number;
	/**
	 * Temporary files, those of an earlier session that may still come back, need not be gone at once: so long is
	 * waited. Infinity: they do not matter.
	 */
	readonly leftoversGoneWithinSeconds?: number;
	/** Files that no receiver may hold under their name. */
	readonly nowhere?: readonly string[];
	/** What receivers must have printed: host and pattern. */
	readonly receiverSays?: readonly (readonly [host: number, like: RegExp])[];
	readonly atLeastSeconds?: number;
}

/** One row of the table: a session (or two), with whatever disturbs it. */
export interface Scenario {
	/** A sentence about behaviour. */
	readonly name: string;
	readonly tree: readonly TreeEntry[];
	/** Names given to the sender, relative to the tree. Default: everything at its top. */
	readonly send?: readonly string[];
	readonly receivers: number;
	readonly family?: 4 | 6;
	readonly group: 'closed' | 'open' | 'unicast';
	readonly senderOptions?: readonly string[];
	readonly receiverOptions?: readonly string[];
	/** Every receiver answers with this UID, in place of its own. */
	readonly uid?: string;
	readonly lossPercent?: number;
	/** The destination of receiver 2 is a file system of its own with so many bytes. */
	readonly smallDiskBytes?: number;
	readonly faults?: readonly Fault[];
	/** Send the same once more after the first sender has ended. */
	readonly again?: boolean;
	/** Restart the session (-F) after the first sender (with -f) has ended; the receivers have temporary directories (-T). */
	readonly restart?: Restart;
	/** What a second sender, on a host of its own, sends at the same time. */
	readonly secondSends?: readonly string[];
	readonly expect: Expectation;
	readonly pairs: readonly Pair[];
	/** In the default run, or only in the complete one. */
	readonly run: 'default' | 'all';
	readonly timeoutSeconds?: number;
}

const publicGroup = { 4: '230.4.4.1', 6: 'ff15::4:1' } as const;
const privateGroup6 = 'ff15::5:1';
/** Long enough for a C receiver to give up a session whose sender has died: it removes the file when it does. */
const afterKilledSenderMs = 3000;

/** How many hosts a scenario needs. */
export function hostsOf(scenario: Scenario): number {
	return 1 + scenario.receivers + (scenario.secondSends === undefined ? 0 : 1);
}

/**
 * Runs a scenario for one pair and says what was not as expected: an empty list when all is well, else sentences,
 * the last of which are the ends of what the programs printed.
 */
export async function runScenario(topology: Topology, scenario: Scenario, pair: Pair): Promise<string[]> {
	const scratch = mkdtempSync(join(tmpdir(), 'uftp-interop-'));
	const programs: Program[] = [];
	try {
		const source = join(scratch, 'source');
		makeTree(source, scenario.tree);
		const receivers = topology.hosts.slice(1, 1 + scenario.receivers);
		for (const host of receivers) host.setLossPercent(scenario.lossPercent ?? 0);
		await Promise.all(
			receivers.map(async (host, index) => {
				programs[index] = await startReceiver(scenario, pair, host, scratch);
				await waitUntilListening(host, programs[index], publicGroup[scenario.family ?? 4]);
			}),
		);
		return await runSessions(topology, scenario, pair, scratch, programs);
	} catch (error) {
		return [error instanceof Error ? error.message : String(error)];
	} finally {
		await Promise.all(programs.map((program) => program.stop(500)));
		for (const host of topology.hosts) host.mend();
		rmSync(scratch, { recursive: true, force: true });
	}
}

async function runSessions(
	topology: Topology,
	scenario: Scenario,
	pair: Pair,
	scratch: string,
	programs: Program[],
): Promise<string[]> {
	const problems: string[] = [];
	const receiverPrograms = [...programs];
	const start = async (host: number, files?: readonly string[]): Promise<Program> => {
		const program = await startSender(topology, scenario, pair, scratch, host, files);
		programs.push(program);
		return program;
	};
	let sender = await start(0, scenario.send);
	const second =
		scenario.secondSends === undefined ? undefined : await start(1 + scenario.receivers, scenario.secondSends);
	await disturb(topology, scenario, pair, scratch, [sender, ...receiverPrograms], problems);
	let ending = await sender.ended;
	if (scenario.again === true) {
		await sleep(afterKilledSenderMs);
		sender = await start(0, scenario.send);
		ending = await sender.ended;
	}
	if (scenario.restart !== undefined) {
		const file = takeRestartFile(scratch, ending, scenario.restart, problems);
		const sentBefore = hostAt(topology, 0).transmittedBytes();
		sender = await startSender(topology, { ...scenario, group: 'open' }, pair, scratch, 0, ['-F', file]);
		programs.push(sender);
		ending = await sender.ended;
		const sent = hostAt(topology, 0).transmittedBytes() - sentBefore;
		problems.push(...judgeRestart(scratch, scenario.receivers, sent, sizeOfTree(scenario.tree), scenario.restart));
	}
	if (second !== undefined) problems.push(...judgeSecond(await second.ended));
	await waitForLeftovers(scenario, scratch);
	problems.push(...judge(scenario, scratch, ending, sender.output()));
	for (const [host, like] of scenario.expect.receiverSays ?? []) {
		if (!like.test(receiverPrograms[host - 1]?.output() ?? '')) {
			problems.push(`receiver ${host} never printed anything like ${like}`);
		}
	}
	if (problems.length > 0) problems.push(...logs([sender, ...receiverPrograms]));
	return problems;
}

function startReceiver(scenario: Scenario, pair: Pair, host: Host, scratch: string): Promise<Program> {
	const destination = join(scratch, `received${host.index}`);
	mkdirSync(destination);
	const family = scenario.family ?? 4;
	const small = scenario.smallDiskBytes !== undefined && host.index === 2;
	const onSmallDisk = small
		? ['unshare', '-m', 'sh', '-c', mountScript(scenario.smallDiskBytes ?? 0), destination]
		: [];
	const argv = [
		...onSmallDisk,
		programPath(pair.receiver, 'uftpd'),
		'-d',
		'-q',
		'-D',
		destination,
		'-I',
		interfaceName(family),
	];
	argv.push('-M', publicGroup[family], '-U', scenario.uid ?? host.uid, ...(scenario.receiverOptions ?? []));
	if (scenario.restart !== undefined) argv.push('-T', makeTemporary(scratch, host.index));
	return launch(host, argv, { timeoutMs: timeoutMs(scenario) });
}

/** Mounts a small file system on the first argument and runs the others. */
function mountScript(bytes: number): string {
	return `mount -t tmpfs -o size=${bytes} small "$0" && exec "$@"`;
}

/** The arguments of a sender, without the program and the files. */
export function senderArguments(scenario: Scenario, receivers: readonly Host[]): string[] {
	const family = scenario.family ?? 4;
	const first = receivers[0];
	const argv = ['-I', interfaceName(family), ...(scenario.senderOptions ?? [])];
	if (scenario.group === 'unicast') argv.push('-M', family === 6 ? (first?.ipv6 ?? '') : (first?.ipv4 ?? ''));
	else argv.push('-M', publicGroup[family], ...(family === 6 ? ['-P', privateGroup6] : []));
	const uids = scenario.uid === undefined ? receivers.map((host) => host.uid) : [scenario.uid];
	if (scenario.group === 'closed') argv.push('-H', uids.join(','));
	return argv;
}

async function startSender(
	topology: Topology,
	scenario: Scenario,
	pair: Pair,
	scratch: string,
	hostIndex: number,
	named: readonly string[] | undefined,
): Promise<Program> {
	const source = join(scratch, 'source');
	const receivers = topology.hosts.slice(1, 1 + scenario.receivers);
	const files = named ?? readdirSync(source).sort();
	const argv = [programPath(pair.sender, 'uftp'), ...senderArguments(scenario, receivers), ...files];
	return launch(hostAt(topology, hostIndex), argv, { cwd: source, timeoutMs: timeoutMs(scenario) });
}

async function disturb(
	topology: Topology,
	scenario: Scenario,
	pair: Pair,
	scratch: string,
	programs: readonly Program[],
	problems: string[],
): Promise<void> {
	const sender = hostAt(topology, 0);
	const sentBefore = sender.transmittedBytes();
	let over = false;
	void programs[0]?.ended.then(() => {
		over = true;
	});
	for (const fault of scenario.faults ?? []) {
		const due = sentBefore + fault.afterShare * sizeOfTree(scenario.tree);
		while (!over && sender.transmittedBytes() < due) await sleep(5);
		if (over) problems.push(`the sender had ended before host ${fault.host} could be disturbed`);
		if (pair.receiver === 'ours') problems.push(...namedTooEarly(scenario, scratch));
		if (fault.do === 'kill') programs[fault.host]?.signal('SIGKILL');
		else if (fault.do === 'interrupt') programs[fault.host]?.signal('SIGINT');
		else if (fault.do === 'shrink') {
			const path = join(scratch, 'source', scenario.tree[0]?.path ?? '');
			truncateSync(path, statSync(path).size / 2);
		} else {
			const host = hostAt(topology, fault.host);
			host.cut();
			await sleep(1000 * (fault.forSeconds ?? 1));
			problems.push(...incomplete(scratch, fault.completeMeanwhile ?? []));
			host.mend();
		}
	}
}

/** What is missing or wrong on those receivers. */
function incomplete(scratch: string, receivers: readonly number[]): string[] {
	return receivers.flatMap((receiver) =>
		differences(join(scratch, 'source'), join(scratch, `received${receiver}`))
			.slice(0, 8)
			.map((text) => `receiver ${receiver}: ${text}`),
	);
}

/** Waits while temporary files, but nothing else, keep receivers from holding exactly what was sent. */
async function waitForLeftovers({ expect }: Scenario, scratch: string): Promise<void> {
	const { leftoversGoneWithinSeconds: patience = 0 } = expect;
	if (!Number.isFinite(patience)) return;
	const untilMs = performance.now() + 1000 * patience;
	while (performance.now() < untilMs) {
		const found = incomplete(scratch, expect.complete);
		if (found.length === 0 || !found.every(isLeftover)) return;
		await sleep(200);
	}
}

function isLeftover(difference: string): boolean {
	return /\.~uftp-\S* was never sent$/.test(difference);
}

/** Our receivers show a file under its name only when it is complete; faults happen before any is. */
function namedTooEarly(scenario: Scenario, scratch: string): string[] {
	const present: string[] = [];
	for (let receiver = 1; receiver <= scenario.receivers; receiver++) {
		for (const { path } of scenario.tree) {
			const name = join(`received${receiver}`, path);
			if (existsSync(join(scratch, name))) present.push(`${name} bore its name before it was complete`);
		}
	}
	return present;
}

function judge(scenario: Scenario, scratch: string, ending: Ending, said: string): string[] {
	const { expect } = scenario;
	const problems: string[] = [];
	if (ending.timedOut) problems.push(`the sender did not end within ${timeoutMs(scenario) / 1000} s`);
	else if (expect.exit !== undefined && ending.code !== expect.exit) {
		problems.push(`the sender ended with ${ending.signal ?? ending.code}, not ${expect.exit}`);
	}
	if (expect.withinSeconds !== undefined && ending.wallMs > expect.withinSeconds * 1000) {
		problems.push(`the sender took ${Math.round(ending.wallMs)} ms, more than ${expect.withinSeconds} s`);
	}
	if (expect.atLeastSeconds !== undefined && ending.wallMs < expect.atLeastSeconds * 1000) {
		problems.push(`the sender took ${Math.round(ending.wallMs)} ms, less than ${expect.atLeastSeconds} s`);
	}
	const leftoversMatter = expect.leftoversGoneWithinSeconds !== Number.POSITIVE_INFINITY;
	problems.push(...incomplete(scratch, expect.complete).filter((text) => leftoversMatter || !isLeftover(text)));
	for (let receiver = 1; receiver <= scenario.receivers; receiver++) {
		for (const name of expect.nowhere ?? []) {
			if (existsSync(join(scratch, `received${receiver}`, name))) problems.push(`receiver ${receiver} has ${name}`);
		}
	}
	for (const wanted of expect.senderSays ?? []) {
		if (!wanted.test(said)) problems.push(`the sender never printed anything like ${wanted}`);
	}
	for (const unwanted of expect.senderNeverSays ?? []) {
		if (unwanted.test(said)) problems.push(`the sender printed something like ${unwanted}`);
	}
	return problems;
}

function judgeSecond(ending: Ending): string[] {
	return ending.code === 0 ? [] : [`the second sender ended with ${ending.signal ?? ending.code}, not 0`];
}

function logs(programs: readonly Program[]): string[] {
	return programs.map((program, index) => {
		const who = index === 0 ? 'sender' : `receiver ${index}`;
		return `--- ${who} printed\n${withoutRepeats(program.output().trimEnd().split('\n')).slice(-40).join('\n')}`;
	});
}

/** Lines that only repeat the one before, but for the time they begin with, are left out. */
function withoutRepeats(lines: readonly string[]): string[] {
	const textOf = (line: string): string => line.replace(/^[\d/]+ [\d:.]+: /, '');
	return lines.filter((line, at) => at === 0 || textOf(line) !== textOf(lines[at - 1] ?? ''));
}

function timeoutMs(scenario: Scenario): number {
	return 1000 * (scenario.timeoutSeconds ?? 40);
}

/** As `-I` wants it: the plain name means the IPv4 address. */
function interfaceName(family: 4 | 6): string {
	return family === 6 ? 'eth0/6' : 'eth0';
}

function hostAt(topology: Topology, index: number): Host {
	const host = topology.hosts[index];
	if (host === undefined) throw new RangeError(`this topology has no host ${index}`);
	return host;
}

function programPath(maker: Maker, name: 'uftp' | 'uftpd'): string {
	const path = findProgram(maker, name);
	if (path === undefined) throw new Error(`${maker === 'C' ? 'the C program' : 'our'} ${name} is not on this machine`);
	return path;
}

import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Host } from '../host.ts';
import { findProgram, launch, type Program, type ProgramName, waitUntilListening } from '../programs.ts';
import { noise } from '../trees.ts';
import { AcceptedHeartbeats } from './accepted-heartbeats.ts';
import type { Cast, Part } from './cast.ts';
import { CommandLines } from './command-lines.ts';
import { frailAttempts, isFrail } from './frailty.ts';
import { judge, type Played } from './judgement.ts';
import type { Keyring } from './keyring.ts';
import { lose, type Placement, place } from './placement.ts';
import type { ProxyScenario } from './proxy-scenario.ts';

/** With blocks of 512 bytes a section holds 4096 of them, so that this takes three. */
const usualFileBytes = 2 * 4096 * 512 + 70_007;
const usualTimeoutSeconds = 60;
/** A response proxy asked twice in five seconds answers once. */
const keyPatienceMs = 12_000;

/**
 * Runs a scenario with a cast and says what was not as expected: an empty list when all is well, else sentences, the
 * last of which are the ends of what the programs printed.
 */
export async function runProxyScenario(scenario: ProxyScenario, cast: Cast, keyring: Keyring): Promise<string[]> {
	let problems = await runOnce(scenario, cast, keyring);
	const attempts = isFrail(scenario, cast) ? frailAttempts : 1;
	for (let i = 1; i < attempts && problems.length > 0; i++) problems = await runOnce(scenario, cast, keyring);
	return problems;
}

async function runOnce(scenario: ProxyScenario, cast: Cast, keyring: Keyring): Promise<string[]> {
	const scratch = mkdtempSync(join(tmpdir(), 'uftp-interop-proxies-'));
	let stage: Stage | undefined;
	try {
		const placement = await place(scenario);
		stage = new Stage(scenario, cast, keyring, placement, scratch);
		await stage.raise();
		return await stage.play();
	} catch (error) {
		return [error instanceof Error ? error.message : String(error), ...(stage?.logs() ?? [])];
	} finally {
		await stage?.clear();
		rmSync(scratch, { recursive: true, force: true });
	}
}

interface Running {
	readonly part: Part;
	readonly command: string;
	readonly program: Program;
}

/** The programs of one scenario, by what they are called in reports. */
class Stage {
	readonly #scenario: ProxyScenario;
	readonly #cast: Cast;
	readonly #placement: Placement;
	readonly #scratch: string;
	readonly #lines: CommandLines;
	readonly #programs = new Map<string, Running>();

	constructor(scenario: ProxyScenario, cast: Cast, keyring: Keyring, placement: Placement, scratch: string) {
		this.#scenario = scenario;
		this.#cast = cast;
		this.#placement = placement;
		this.#scratch = scratch;
		this.#lines = new CommandLines(scenario, placement, keyring, scratch);
	}

	/** Starts proxies and receivers, and waits until they can do their part. */
	async raise(): Promise<void> {
		const { serverProxies, publicProxies, clientProxies, responseProxies, receivers } = this.#placement;
		const lines = this.#lines;
		const { group } = lines;
		const proven = this.#scenario.way === 'fingerprint' || this.#scenario.way === 'two nats';
		const answers = clientProxies.map((host) => new AcceptedHeartbeats(host));
		await Promise.all([
			...publicProxies.map((host, i) => this.#proxy('serverProxy', host, `public proxy ${i}`, lines.publicProxy(i))),
			...serverProxies.map((host, i) =>
				this.#proxy('serverProxy', host, `server proxy ${i}`, lines.serverProxy(i), group),
			),
			...responseProxies.map((host, i) =>
				this.#proxy('responseProxy', host, `response proxy ${i}`, lines.responseProxy(i), group),
			),
		]);
		await Promise.all(
			clientProxies.map((host, i) => this.#proxy('clientProxy', host, `client proxy ${i}`, lines.clientProxy(i))),
		);
		if (proven) await Promise.all(answers.map((answer) => answer.wait(keyPatienceMs)));
		await Promise.all(receivers.map((_, index) => this.#receiver(index)));
		lose(this.#placement, this.#scenario);
	}

	/** Sends, disturbs, and judges. */
	async play(): Promise<string[]> {
		const { sessions = 1, fileBytes = usualFileBytes } = this.#scenario;
		const sources = Array.from({ length: sessions }, (_, i) => noise(fileBytes, 3 + i));
		const senders = await Promise.all(
			sources.map((bytes, i) => {
				writeFileSync(join(this.#scratch, `file${i}.bin`), bytes);
				return this.#start(
					'sender',
					'uftp',
					this.#placement.senders[i],
					`sender ${i}`,
					this.#lines.sender(i, `file${i}.bin`),
				);
			}),
		);
		const problems: string[] = [];
		await this.#disturb(senders[0], fileBytes, problems);
		const endings = await Promise.all(senders.map((sender) => sender.ended));
		const played: Played = {
			scenario: this.#scenario,
			senders: senders.map((sender, i) => ({ ending: endings[i], said: sender.output(), bytes: sources[i] })),
			receivers: this.#placement.receivers.map(({ host, branch }, i) => ({
				title: titleOf(i, branch),
				uid: host.uid,
				isDirect: branch === undefined,
				isOurs: this.#cast.receiver === 'ours',
				destination: this.#destination(i),
				said: () => this.#programs.get(titleOf(i, branch))?.program.output() ?? '',
			})),
		};
		problems.push(...(await judge(played)));
		return problems.length > 0 ? [...problems, ...this.logs()] : [];
	}

	/** The ends of what the programs printed. */
	logs(): string[] {
		return [...this.#programs].map(([title, { command, program }]) => {
			const lines = withoutRepeats(program.output().trimEnd().split('\n'));
			return `--- ${title} (${command}) printed\n${lines.slice(-40).join('\n')}`;
		});
	}

	async clear(): Promise<void> {
		await Promise.all([...this.#programs.values()].map(({ program }) => program.stop(500)));
		this.#placement.sites.close();
	}

	get #needsProxyKeys(): boolean {
		return this.#scenario.way === 'response' && this.#scenario.suite !== undefined;
	}

	async #proxy(part: Part, host: Host, title: string, argv: string[], group?: string): Promise<void> {
		const program = await this.#start(part, 'uftpproxyd', host, title, argv);
		await waitUntilListening(host, program, group);
	}

	async #receiver(index: number): Promise<void> {
		const receiver = this.#placement.receivers[index];
		if (receiver === undefined) throw new RangeError(`there is no receiver ${index}`);
		const destination = this.#destination(index);
		mkdirSync(destination);
		const argv = this.#lines.receiver(receiver, destination);
		const program = await this.#start('receiver', 'uftpd', receiver.host, titleOf(index, receiver.branch), argv);
		await waitUntilListening(receiver.host, program, this.#lines.group);
		if (this.#needsProxyKeys && receiver.branch !== undefined) await waitForKey(program);
	}

	async #start(
		part: Part,
		name: ProgramName,
		host: Host | undefined,
		title: string,
		argv: readonly string[],
	): Promise<Program> {
		const maker = this.#cast[part];
		const path = findProgram(maker, name);
		if (path === undefined) throw new Error(`${name} of ${maker} is not on this machine`);
		if (host === undefined) throw new RangeError(`there is no host for ${title}`);
		const seconds = this.#scenario.timeoutSeconds ?? usualTimeoutSeconds;
		const timeoutMs = 1000 * (part === 'sender' ? seconds : 2 * seconds + 60);
		const program = await launch(host, [path, ...argv], { cwd: this.#scratch, timeoutMs });
		this.#programs.set(title, { part, command: `${maker}: ${name} ${argv.join(' ')}`, program });
		return program;
	}

	async #disturb(sender: Program | undefined, fileBytes: number, problems: string[]): Promise<void> {
		const { disturbance } = this.#scenario;
		const host = this.#placement.senders[0];
		if (disturbance === undefined || sender === undefined || host === undefined) return;
		let over = false;
		void sender.ended.then(() => {
			over = true;
		});
		const due = host.transmittedBytes() + disturbance.afterShare * fileBytes;
		while (!over && host.transmittedBytes() < due) await sleep(5);
		if (over) problems.push('the sender had ended before anything could be disturbed');
		if (disturbance.do === 'reconnect') this.#placement.sites.sites[1]?.router.reconnect();
		else this.#firstOf(disturbance.do.kill)?.program.signal('SIGKILL');
	}

	#firstOf(part: Part): Running | undefined {
		return [...this.#programs.values()].find((running) => running.part === part);
	}

	#destination(index: number): string {
		return join(this.#scratch, `received${index}`);
	}
}

/** An encrypted session cannot begin before a receiver has its response proxy's key. */
async function waitForKey(program: Program): Promise<void> {
	const untilMs = performance.now() + keyPatienceMs;
	while (!program.output().includes('Received PROXY_KEY')) {
		if (performance.now() > untilMs) throw new Error('a receiver got no PROXY_KEY');
		await sleep(20);
	}
}

function titleOf(index: number, branch: number | undefined): string {
	return branch === undefined ? `receiver ${index} (direct)` : `receiver ${index} (branch ${branch})`;
}

/** Lines that only repeat the one before, but for the time they begin with, are left out. */
function withoutRepeats(lines: readonly string[]): string[] {
	const textOf = (line: string): string => line.replace(/^[\d/]+ [\d:.]+: /, '');
	return lines.filter((line, at) => at === 0 || textOf(line) !== textOf(lines[at - 1] ?? ''));
}

import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Host } from '../host.ts';
import { type Ending, findProgram, launch, type Program } from '../programs.ts';
import { BusTap } from './bus-tap.ts';

export type ServiceName = 'registry' | 'sender' | 'receiver' | 'proxy';

/** What a command of ours printed, and how it ended. */
export interface CommandRun extends Ending {
	readonly output: string;
}

const checkout = resolve(import.meta.dirname, '../../..');
const bun = join(checkout, 'bin/bun');
const natsPort = 4222;
const limitMs = 300_000;

/** Services as processes on the hosts of a network, with a nats-server on one of them. Until `close`. */
export class ServiceStage {
	/** For files of whatever kind; gone after `close`. */
	readonly folder = mkdtempSync(join(tmpdir(), 'uftp-interop-services-'));
	readonly tap: BusTap;
	readonly #busHost: Host;
	readonly #url: string;
	readonly #programs = new Map<string, Program>();

	private constructor(busHost: Host, tap: BusTap) {
		this.#busHost = busHost;
		this.#url = `nats://${busHost.ipv4}:${natsPort}`;
		this.tap = tap;
	}

	/** Starts nats-server on that host and listens to everything under `uftp`. */
	static async open(busHost: Host): Promise<ServiceStage> {
		const nats = await launch(busHost, ['nats-server', '-a', '0.0.0.0', '-p', String(natsPort)], {
			timeoutMs: limitMs,
		});
		while (!nats.output().includes('Server is ready')) {
			const gone = await Promise.race([nats.ended, sleep(5)]);
			if (gone !== undefined) throw new Error(`nats-server (Debian: nats-server) does not run: ${nats.output()}`);
		}
		const tap = await BusTap.open(bun, busHost, { address: busHost.ipv4, port: natsPort }, 'uftp.>');
		return new ServiceStage(busHost, tap);
	}

	/**
	 * Starts a service under a name of its own, which is its id on the bus. `settings` are by their names in the
	 * environment, without UFTP_.
	 */
	async start(service: ServiceName, id: string, host: Host, settings: Record<string, string> = {}): Promise<Program> {
		const env: Record<string, string> = {
			NATS_URL: this.#url,
			UFTP_ID: id,
			...(service === 'registry' ? {} : { UFTP_STATE_DIR: this.makeFolder(`state-${id}`) }),
			...(service === 'registry' ? {} : { UFTP_INTERFACE: 'eth0' }),
		};
		for (const [name, value] of Object.entries(settings)) env[`UFTP_${name}`] = value;
		const main = join(checkout, `services/${service}/src/main.ts`);
		const program = await launch(host, [bun, main], { env, timeoutMs: limitMs });
		this.#programs.set(id, program);
		return program;
	}

	/** Runs `uftpctl` on the host of the bus. */
	async uftpctl(words: readonly string[], timeoutMs = 90_000): Promise<CommandRun> {
		return this.run('uftpctl', this.#busHost, words, timeoutMs);
	}

	async run(name: 'uftpctl' | 'uftp', host: Host, words: readonly string[], timeoutMs = 90_000): Promise<CommandRun> {
		const path = findProgram('ours', name);
		if (path === undefined) throw new Error(`bin/${name} is not there`);
		const program = await launch(host, [path, ...words], { env: { NATS_URL: this.#url }, timeoutMs });
		const ending = await program.ended;
		return { ...ending, output: program.output() };
	}

	/** The program that was started last under that id. */
	program(id: string): Program {
		const program = this.#programs.get(id);
		if (program === undefined) throw new RangeError(`nothing was started as ${id}`);
		return program;
	}

	/** A folder that is there, below the stage's own. */
	makeFolder(name: string): string {
		const folder = join(this.folder, name);
		mkdirSync(folder, { recursive: true });
		return folder;
	}

	/** Waits until what it looks for is there. Throws with what everybody printed. */
	async until<T>(what: string, look: () => T | undefined | false, timeoutMs = 20_000): Promise<T> {
		const deadline = performance.now() + timeoutMs;
		while (performance.now() < deadline) {
			const found = look();
			if (found !== undefined && found !== false) return found;
			await sleep(20);
		}
		throw new Error(`${what}: not within ${timeoutMs / 1000} s\n${this.printed()}`);
	}

	/** What every service has printed. */
	printed(): string {
		return [...this.#programs].map(([id, program]) => `--- ${id}\n${program.output()}`).join('\n');
	}

	/** The programs end with their network; what they wrote goes. */
	close(): void {
		rmSync(this.folder, { recursive: true, force: true });
	}
}

/** Starts a real nats-server on 127.0.0.1 and a free port, and ends it by its process id. */
import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** True if an explicit setting leaves the programs out that these tests need. */
export const withoutPeers = process.env['UFTP_TEST_WITHOUT_PEERS'] === '1';

const program = 'nats-server';

export interface NatsServer {
	readonly port: number;
	readonly url: string;
	/** SIGKILL, and a new one on the same port. */
	restart(downMs: number): Promise<void>;
	stop(): Promise<void>;
}

/** Throws with a sentence if there is no nats-server to start. */
export async function startNatsServer(config = ''): Promise<NatsServer> {
	const found = spawnSync(program, ['--version'], { encoding: 'utf8' });
	if (found.error !== undefined) {
		throw new Error(
			'These tests need the program nats-server in PATH (Debian: apt-get install nats-server). ' +
				'UFTP_TEST_WITHOUT_PEERS=1 leaves them out.',
		);
	}
	const directory = mkdtempSync(join(tmpdir(), 'uftp-nats-'));
	const configFile = join(directory, 'nats.conf');
	writeFileSync(configFile, config);
	let child = await run(directory, configFile, -1);
	const port = await portOf(directory, child);
	return {
		port,
		url: `nats://127.0.0.1:${port}`,
		restart: async (downMs) => {
			await end(child, 'SIGKILL');
			await new Promise((resolve) => setTimeout(resolve, downMs));
			for (const file of readdirSync(directory)) if (file.endsWith('.ports')) rmSync(join(directory, file));
			child = await run(directory, configFile, port);
			await portOf(directory, child);
		},
		stop: async () => {
			await end(child, 'SIGTERM');
			rmSync(directory, { recursive: true, force: true });
		},
	};
}

async function run(directory: string, configFile: string, port: number): Promise<ChildProcess> {
	const args = ['-c', configFile, '-a', '127.0.0.1', '-p', `${port}`, '--ports_file_dir', directory];
	return spawn(program, args, { stdio: 'ignore' });
}

async function portOf(directory: string, child: ChildProcess): Promise<number> {
	for (let i = 0; i < 500; i++) {
		const file = readdirSync(directory).find((name) => name.endsWith('.ports'));
		const text = file === undefined ? '' : readFileSync(join(directory, file), 'utf8');
		const port = /127\.0\.0\.1:(\d+)/.exec(text)?.[1];
		if (port !== undefined) return Number(port);
		if (child.exitCode !== null) throw new Error(`nats-server ended with ${child.exitCode} instead of starting.`);
		await new Promise((resolve) => setTimeout(resolve, 10));
	}
	throw new Error('nats-server did not say within 5 s which port it listens on.');
}

async function end(child: ChildProcess, signal: 'SIGTERM' | 'SIGKILL'): Promise<void> {
	if (child.exitCode !== null || child.signalCode !== null) return;
	const exited = new Promise((resolve) => child.once('exit', resolve));
	child.kill(signal);
	await exited;
}

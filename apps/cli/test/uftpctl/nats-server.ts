/** A real nats-server on 127.0.0.1 and a free port, ended by its process id. */
import { spawn, spawnSync } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** True if an explicit setting leaves the programs out that these tests need. */
export const withoutPeers = process.env['UFTP_TEST_WITHOUT_PEERS'] === '1';

const program = 'nats-server';

export interface NatsServer {
	readonly url: string;
	stop(): Promise<void>;
}

/** Throws with a sentence if there is no nats-server to start. */
export async function startNatsServer(): Promise<NatsServer> {
	if (spawnSync(program, ['--version']).error !== undefined) {
		throw new Error(
			'These tests need the program nats-server in PATH (Debian: apt-get install nats-server). ' +
				'UFTP_TEST_WITHOUT_PEERS=1 leaves them out.',
		);
	}
	const folder = mkdtempSync(join(tmpdir(), 'uftp-nats-'));
	const child = spawn(program, ['-a', '127.0.0.1', '-p', '-1', '--ports_file_dir', folder], { stdio: 'ignore' });
	for (let tries = 0; tries < 500; tries++) {
		const file = readdirSync(folder).find((name) => name.endsWith('.ports'));
		const text = file === undefined ? '' : readFileSync(join(folder, file), 'utf8');
		const port = /127\.0\.0\.1:(\d+)/.exec(text)?.[1];
		if (port !== undefined) {
			return {
				url: `nats://127.0.0.1:${port}`,
				stop: async () => {
					if (child.exitCode === null && child.signalCode === null) {
						const gone = new Promise((resolve) => child.once('exit', resolve));
						child.kill('SIGTERM');
						await gone;
					}
					rmSync(folder, { recursive: true, force: true });
				},
			};
		}
		await new Promise((resolve) => setTimeout(resolve, 10));
	}
	child.kill('SIGKILL');
	throw new Error('nats-server did not say within 5 s which port it listens on.');
}

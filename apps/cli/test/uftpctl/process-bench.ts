/** Starts our programs as processes, with an environment of their own, and ends them by their process ids. */
import { type ChildProcess, spawn } from 'node:child_process';
import { chmodSync, mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { openSocket } from '@uftp/transport';

export const checkout = join(import.meta.dirname, '..', '..', '..', '..');

export interface Ended {
	readonly code: number | null;
	readonly stdout: string;
	readonly stderr: string;
}

export interface Running {
	readonly pid: number;
	/** What it has written so far. */
	readonly said: { stdout: string; stderr: string };
	readonly ended: Promise<Ended>;
	/** Resolves when it has written something that matches; rejects if it ends before. */
	wrote(pattern: RegExp): Promise<void>;
	signal(name: NodeJS.Signals): void;
}

/** A folder for the files of a test, and processes that see no bus but their own. */
export class ProcessBench {
	readonly folder = mkdtempSync(join(tmpdir(), 'uftpctl-'));
	readonly environment: Record<string, string>;
	readonly #children: ChildProcess[] = [];

	constructor() {
		const runtime = this.makeFolder('runtime');
		chmodSync(runtime, 0o700);
		const home = this.makeFolder('home');
		this.environment = {
			PATH: process.env['PATH'] ?? '',
			HOME: home,
			XDG_RUNTIME_DIR: runtime,
			TMPDIR: this.makeFolder('tmp'),
		};
	}

	makeFolder(name: string): string {
		const path = join(this.folder, name);
		mkdirSync(path, { recursive: true });
		return path;
	}

	start(words: readonly string[], more: Record<string, string> = {}): Running {
		const [program, ...rest] = words as [string, ...string[]];
		const child = spawn(program, rest, {
			env: { ...this.environment, ...more },
			cwd: this.folder,
			stdio: ['ignore', 'pipe', 'pipe'],
		});
		this.#children.push(child);
		const said = { stdout: '', stderr: '' };
		const listeners = new Set<() => void>();
		const hear = (name: 'stdout' | 'stderr') => (chunk: Buffer) => {
			said[name] += chunk.toString();
			for (const listener of listeners) listener();
		};
		child.stdout.on('data', hear('stdout'));
		child.stderr.on('data', hear('stderr'));
		const ended = new Promise<Ended>((resolve, reject) => {
			child.on('error', reject);
			child.on('close', (code) => resolve({ code, ...said }));
		});
		return {
			pid: child.pid ?? 0,
			said,
			ended,
			wrote: (pattern) =>
				new Promise((resolve, reject) => {
					const look = (): void => {
						if (pattern.test(said.stdout) || pattern.test(said.stderr)) resolve();
					};
					listeners.add(look);
					look();
					void ended.then(({ code, stderr }) => reject(new Error(`It ended with ${code} before: ${stderr}`)));
				}),
			signal: (name) => child.kill(name),
		};
	}

	/** Runs `bin/uftpctl` to its end. */
	uftpctl(words: readonly string[], more: Record<string, string> = {}): Promise<Ended> {
		return this.start([join(checkout, 'bin/uftpctl'), ...words], more).ended;
	}

	async close(): Promise<void> {
		for (const child of this.#children) {
			if (child.exitCode === null && child.signalCode === null) {
				const gone = new Promise((resolve) => child.once('close', resolve));
				child.kill('SIGKILL');
				await gone;
			}
		}
		rmSync(this.folder, { recursive: true, force: true });
	}
}

/** A UDP port that nobody has at the moment. */
export async function freePort(): Promise<number> {
	const socket = await openSocket({ family: 4 });
	const { port } = socket.local;
	socket.close();
	return port;
}

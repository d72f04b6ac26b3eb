/** Starts `bin/uftp`, `bin/uftpd` and `bin/uftpproxyd` on the loopback interface, on a port and in a group of their own. */
import { type ChildProcess, spawn } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect } from 'vitest';

const BIN = fileURLToPath(new URL('../../../bin/', import.meta.url));
/** Nothing here takes longer on a machine that is not standing still. */
const PATIENCE_MS = 20_000;

export interface Ended {
	readonly exitCode: number | null;
	readonly stdout: string;
	readonly stderr: string;
}

/** A command that runs; its output so far, and its end. */
export class RunningCommand {
	readonly #child: ChildProcess;
	readonly ended: Promise<Ended>;
	stdout = '';
	stderr = '';

	constructor(name: 'uftp' | 'uftpd' | 'uftpproxyd' | 'uftp_keymgt', words: readonly string[], input = '') {
		this.#child = spawn(path.join(BIN, name), words, { stdio: ['pipe', 'pipe', 'pipe'] });
		this.#child.stdout?.on('data', (chunk: Buffer) => (this.stdout += chunk.toString()));
		this.#child.stderr?.on('data', (chunk: Buffer) => (this.stderr += chunk.toString()));
		this.#child.stdin?.end(input);
		this.ended = new Promise((resolve) => {
			this.#child.on('close', (exitCode) => resolve({ exitCode, stdout: this.stdout, stderr: this.stderr }));
		});
	}

	signal(name: 'SIGINT' | 'SIGTERM' | 'SIGKILL'): void {
		this.#child.kill(name);
	}

	/** Waits until the command has said something. */
	async says(pattern: RegExp): Promise<void> {
		await expect.poll(() => this.stderr, { timeout: PATIENCE_MS, interval: 10 }).toMatch(pattern);
	}
}

/** A laboratory on this machine: one group, one port, one directory, the commands that were started in it. */
export class Loopback {
	readonly directory = mkdtempSync(path.join(tmpdir(), 'uftp-drop-in-'));
	readonly port = String(20_000 + Math.floor(Math.random() * 12_000));
	readonly group = `239.255.${Math.floor(Math.random() * 256)}.${Math.floor(Math.random() * 256)}`;
	readonly #running: RunningCommand[] = [];

	/** Flags that bring the sender here, with short waits. */
	get senderFlags(): string[] {
		const group = ['-I', 'lo', '-M', this.group, '-P', '239.254.x.x', '-p', this.port];
		return [...group, '-r', '0.05:0.01:0.5', '-s', '10', '-R', '-1'];
	}

	/** Runs `uftp` to its end. */
	send(...words: string[]): Promise<Ended> {
		return this.startSending(...words).ended;
	}

	startSending(...words: string[]): RunningCommand {
		return this.#start(new RunningCommand('uftp', [...this.senderFlags, ...words]));
	}

	/** Starts `uftpd -d` with an id and a directory, and waits until it listens. */
	async receive(uid: string, directory: string, ...words: string[]): Promise<RunningCommand> {
		const flags = ['-d', '-q', '-I', 'lo', '-M', this.group, '-p', this.port, '-U', uid, '-D', directory];
		const receiver = this.#start(new RunningCommand('uftpd', [...flags, ...words]));
		await receiver.says(/UID: /);
		return receiver;
	}

	/** Starts `uftpproxyd -d` with an id, and waits until it listens. */
	async forward(uid: string, ...words: string[]): Promise<RunningCommand> {
		const proxy = this.#start(
			new RunningCommand('uftpproxyd', ['-d', '-I', 'lo', '-M', this.group, '-U', uid, ...words]),
		);
		await proxy.says(/proxy {2}UID: /);
		return proxy;
	}

	run(name: 'uftp' | 'uftpd' | 'uftpproxyd' | 'uftp_keymgt', words: readonly string[], input = ''): Promise<Ended> {
		return this.#start(new RunningCommand(name, words, input)).ended;
	}

	async close(): Promise<void> {
		for (const command of this.#running) command.signal('SIGKILL');
		await Promise.all(this.#running.map((command) => command.ended));
		rmSync(this.directory, { recursive: true, force: true });
	}

	#start(command: RunningCommand): RunningCommand {
		this.#running.push(command);
		return command;
	}
}

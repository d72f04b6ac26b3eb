/**
 * Daemon mode: the command starts itself once more in a session of its own, with the log file as its output, and ends
 * when that one is ready. Unlike C it so learns of every error at the start, and says it where the user looks.
 */
import fs from 'node:fs';
import { isAbsolute } from 'node:path';
import type { Readable } from 'node:stream';
import { ExitCode } from '../command-error.ts';

/** Tells the second process which descriptor its parent listens on. */
const READY_VARIABLE = 'UFTPD_READY_FD';
const READY_FD = 3;
const READY = 'ready\n';

/**
 * Starts the daemon and waits until it is ready or has failed. Returns the exit code of this process; `tell` gets what
 * the daemon says about its failure.
 */
export async function startDaemon(
	words: readonly string[],
	logFd: number,
	tell: (text: string) => void,
): Promise<number> {
	const { spawn } = await import('node:child_process');
	// By the name that this process was started under: daemons are found by it.
	const daemon = spawn(runtimePath(), [...process.execArgv, process.argv[1], ...words], {
		detached: true,
		env: { ...process.env, [READY_VARIABLE]: String(READY_FD) },
		stdio: ['ignore', logFd, logFd, 'pipe'],
	});
	const exited = new Promise<number>((resolve) => {
		daemon.on('exit', (code) => resolve(code ?? ExitCode.Resources));
		daemon.on('error', (error) => {
			tell(`Can't start the daemon: ${error.message}`);
			resolve(ExitCode.Resources);
		});
	});
	const said = readToEnd(daemon.stdio[READY_FD] as Readable);
	const first = await Promise.race([said, exited]);
	const text = typeof first === 'string' ? first : await said;
	if (text.startsWith(READY)) return ExitCode.Done;
	if (text !== '') tell(text.trimEnd());
	return exited;
}

/** The runtime, through the link that gives this process its name if it runs through one. */
function runtimePath(): string {
	return isAbsolute(process.argv0) && fs.existsSync(process.argv0) ? process.argv0 : process.execPath;
}

function readToEnd(stream: Readable): Promise<string> {
	return new Promise((resolve) => {
		let text = '';
		stream.on('data', (chunk: Buffer) => {
			text += chunk.toString();
			if (text.startsWith(READY)) resolve(text);
		});
		stream.on('end', () => resolve(text));
		stream.on('error', () => resolve(text));
	});
}

/** What the daemon tells the command that started it. */
export interface Starter {
	/** All is open: the command may end. */
	ready(): void;
	/** It failed: what the user shall read. */
	failed(text: string): void;
}

/** Whether this process is the daemon, before it has met its starter. */
export function isDaemon(): boolean {
	return process.env[READY_VARIABLE] !== undefined;
}

/** The command that started this process, if this is the daemon. */
export function starterOfDaemon(): Starter | undefined {
	const fd = Number(process.env[READY_VARIABLE]);
	delete process.env[READY_VARIABLE];
	if (!Number.isInteger(fd) || fd < READY_FD) return undefined;
	const say = (text: string): void => {
		try {
			fs.writeSync(fd, text);
			fs.closeSync(fd);
		} catch {
			// The command was ended meanwhile: the log has it all the same.
		}
	};
	return { ready: () => say(READY), failed: (text) => say(`${text}\n`) };
}

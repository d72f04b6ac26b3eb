/** What the daemons have in common from their start to their end: log, priority, pid file, signals. */
import os from 'node:os';
import { CommandError, ExitCode, systemReason } from '../command-error.ts';
import { Level, Log, openStderrLog } from '../log.ts';
import { LogFile } from '../log-file.ts';
import { onInterrupt } from '../signals.ts';
import type { Starter } from './daemon.ts';
import { writePidFile } from './pid-file.ts';

/** Their options for it. */
export interface DaemonOptions {
	readonly logFile: string;
	readonly logLevel: number;
	/** -g in bytes; undefined: the log is not rolled. */
	readonly logBytesMax: number | undefined;
	readonly logCount: number;
	readonly pidFile: string | undefined;
}

/** A daemon logs to its file, opened anew at SIGHUP; with -d the log is stderr, and -L, -g and -n do not count. */
export function openDaemonLog(options: DaemonOptions, isDaemon: boolean): Log {
	const { logFile, logLevel, logBytesMax: bytesMax, logCount: count } = options;
	if (!isDaemon) return openStderrLog(logLevel, true);
	const file = new LogFile(logFile, bytesMax === undefined ? undefined : { bytesMax, count });
	const log = new Log({ level: logLevel, file, timestamps: true });
	process.on('SIGHUP', () => log.reopen());
	return log;
}

/** -N; undefined: as the caller's. Throws a `CommandError` (exit 1). */
export function setPriority(priority: number | undefined): void {
	if (priority === undefined) return;
	try {
		os.setPriority(0, priority);
	} catch (error) {
		throw new CommandError(
			ExitCode.Parameters,
			`Couldn't set priority ${priority}: ${systemReason(error)}. Only root may go below 0: raise -N, or leave it out.`,
		);
	}
}

/** The daemon's last steps before its work; with -d there are none. Returns how to remove the pid file. */
export function settleDaemon({ pidFile }: DaemonOptions, log: Log, starter: Starter | undefined): () => void {
	if (starter === undefined) {
		if (pidFile !== undefined) log.say(Level.Warning, '-P is ignored with -d, as by the C program');
		return () => {};
	}
	const remove = pidFile === undefined ? () => {} : writePidFile(pidFile);
	process.chdir('/');
	starter.ready();
	return remove;
}

/** Resolves with the number of the first SIGINT or SIGTERM. */
export function interruption(): Promise<number> {
	return new Promise((resolve) => onInterrupt(ExitCode.Interrupted, resolve));
}

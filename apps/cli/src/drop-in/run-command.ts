/** The frame of both commands: what becomes of an error, and the end of the process. */
import fs from 'node:fs';
import { CommandError, ExitCode } from './command-error.ts';

/** Runs a command and returns its exit code; what it throws is told on stderr. */
export async function runCommand(name: string, usage: string, command: () => Promise<number>): Promise<number> {
	try {
		return await command();
	} catch (error) {
		if (!(error instanceof CommandError)) {
			tellStderr(`${name}: ${error instanceof Error ? (error.stack ?? error.message) : String(error)}`);
			return ExitCode.Resources;
		}
		tellStderr(error.message);
		if (error.showUsage) tellStderr(usage);
		return error.exitCode;
	}
}

/** Writes a line to stderr, if there is one. */
export function tellStderr(text: string): void {
	try {
		fs.writeSync(2, `${text}\n`);
	} catch {
		// Nobody is listening: the exit code still tells.
	}
}

/** The frame of both commands: what becomes of an error, and the end of the process. */
import { CommandError, ExitCode } from './command-error.ts';
import { Level, openStderrLog } from './log.ts';
import { writeFully } from './log-file.ts';

const STDERR = 2;

/** Runs a command and returns its exit code; what it throws is told on stderr. */
export async function runCommand(name: string, usage: string, command: () => Promise<number>): Promise<number> {
	try {
		return await command();
	} catch (error) {
		if (!(error instanceof CommandError)) {
			openStderrLog(Level.Error, false).fault(Level.Error, error, `${name}: `);
			return ExitCode.Resources;
		}
		tellStderr(error.message);
		if (error.showUsage) writeFully(STDERR, `${usage}\n`);
		return error.exitCode;
	}
}

/** Writes a line to stderr, if there is one: without, the exit code still tells. */
export function tellStderr(text: string): void {
	openStderrLog(Level.Error, false).say(Level.Error, text);
}

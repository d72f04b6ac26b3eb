/** The file of -P: the daemon's process id and a newline, removed when the daemon ends. */
import fs from 'node:fs';
import path from 'node:path';
import { CommandError, ExitCode, systemReason } from './command-error.ts';

/** Writes the file (exit 1 if that fails) and returns how to remove it. */
export function writePidFile(given: string): () => void {
	const absolute = path.resolve(given);
	try {
		fs.writeFileSync(absolute, `${process.pid}\n`);
	} catch (error) {
		throw new CommandError(
			ExitCode.Parameters,
			`Can't open pid file for writing: ${absolute}: ${systemReason(error)}. Give -P a file in a folder that exists and that you may write to.`,
		);
	}
	return () => {
		try {
			// A daemon that was started since may have written its own.
			if (fs.readFileSync(absolute, 'utf8').trim() === String(process.pid)) fs.unlinkSync(absolute);
		} catch {
			// Gone already.
		}
	};
}

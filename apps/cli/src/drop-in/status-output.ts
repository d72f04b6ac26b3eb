/** Where the machine-readable status lines go (-S of the sender, -F of the receiver): a file, or the log (@LOG). */
import fs from 'node:fs';
import { systemPath } from '@uftp/storage/paths';
import { escapeControls } from '@uftp/wire';
import { CommandError, ExitCode, systemReason } from './command-error.ts';
import type { Log } from './log.ts';
import { writeFully } from './log-file.ts';

const INTO_LOG = '@LOG';

/** Takes lines without their newline. */
export type StatusOutput = (lines: readonly string[]) => void;

/**
 * Opens what `-letter` names, for appending; the lines are there as soon as they are written. In the log they stand
 * without time and scope, at every level, as with C. Exits 1 for a file that cannot be opened.
 */
export function openStatusOutput(letter: string, given: string | undefined, log: Log): StatusOutput {
	if (given === undefined) return () => {};
	if (given === INTO_LOG) {
		return (lines) => {
			for (const line of lines) log.writeRaw(line);
		};
	}
	let fd: number;
	try {
		fd = fs.openSync(systemPath(given), 'a', 0o666);
	} catch (error) {
		throw new CommandError(
			ExitCode.Parameters,
			`Can't open status file: ${given}: ${systemReason(error)}. Give -${letter} a file that you may write to, or @LOG.`,
		);
	}
	return (lines) => {
		if (lines.length > 0) writeFully(fd, `${lines.map(escapeControls).join('\n')}\n`);
	};
}

/** The files of -i: one per line, empty lines do not count, "-" is standard input. */
import { CommandError, ExitCode, systemReason } from '../drop-in/command-error.ts';
import { readLines } from '../drop-in/list-lines.ts';

const STANDARD_INPUT = 0;

export function readFileList(path: string): string[] {
	let lines: readonly string[];
	try {
		lines = readLines(path === '-' ? STANDARD_INPUT : path);
	} catch (error) {
		throw new CommandError(
			ExitCode.Parameters,
			`Couldn't open file list ${path}: ${systemReason(error)}. Give -i a file that you may read, or - for standard input.`,
		);
	}
	const files = lines.filter((line) => line !== '');
	if (files.length === 0) throw new CommandError(ExitCode.Parameters, `uftp: the file list ${path} names no file.`);
	return files;
}

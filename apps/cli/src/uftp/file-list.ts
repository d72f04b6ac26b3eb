/** The files of -i: one per line, empty lines do not count, "-" is standard input. */
import fs from 'node:fs';
import { CommandError, ExitCode, systemReason } from '../drop-in/command-error.ts';

export function readFileList(path: string): string[] {
	let text: string;
	try {
		text = fs.readFileSync(path === '-' ? 0 : path, 'utf8');
	} catch (error) {
		throw new CommandError(
			ExitCode.Parameters,
			`Couldn't open file list ${path}: ${systemReason(error)}. Give -i a file that you may read, or - for standard input.`,
		);
	}
	const files = text.split('\n').filter((line) => line !== '');
	if (files.length === 0) throw new CommandError(ExitCode.Parameters, `uftp: the file list ${path} names no file.`);
	return files;
}

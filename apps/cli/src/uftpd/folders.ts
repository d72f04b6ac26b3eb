/** The folders of -D, -T and -A: whether they are there, may be written to, and files can be moved between them. */
import fs from 'node:fs';
import { systemPath } from '@uftp/storage/paths';
import { FileSink, movingFault } from '@uftp/storage/receiving';
import { CommandError, ExitCode, systemReason } from '../drop-in/command-error.ts';
import type { ReceiverArguments } from './arguments.ts';

/** Checks the folders (exit 1 with C's words and the reason) and opens the sink over them. */
export function openSink(options: ReceiverArguments): FileSink {
	const { destinations, temporaryDirectory, backups, moveOneByOne, inPlace } = options;
	for (const folder of destinations) checkFolder(folder, "couldn't write to dest directory:");
	for (const folder of backups) checkFolder(folder);
	for (const [i, folder] of backups.entries()) checkMoving(destinations[i], folder);
	if (temporaryDirectory !== undefined) {
		checkFolder(temporaryDirectory);
		checkMoving(temporaryDirectory, destinations[0]);
	}
	try {
		return new FileSink({
			destinations,
			moveOneByOne,
			temporaryNames: !inPlace,
			inPlaceSetting: '--in-place',
			...(backups.length === 0 ? {} : { backups }),
			...(temporaryDirectory === undefined ? {} : { temporaryDirectory }),
		});
	} catch (error) {
		throw new CommandError(ExitCode.Parameters, `couldn't write to directory: ${(error as Error).message}`);
	}
}

function checkFolder(folder: string, words = "couldn't write to directory"): void {
	try {
		if (!fs.statSync(systemPath(folder)).isDirectory()) throw new Error('it is not a directory');
		fs.accessSync(systemPath(folder), fs.constants.W_OK | fs.constants.X_OK);
	} catch (error) {
		throw new CommandError(
			ExitCode.Parameters,
			`${words} ${folder}: ${systemReason(error)}. Make it, or name another one.`,
		);
	}
}

function checkMoving(from: string, to: string): void {
	const fault = movingFault(from, to);
	if (fault === undefined) return;
	throw new CommandError(
		ExitCode.Parameters,
		`couldn't move between directories ${from} and ${to}: ${systemReason(fault)}. They must lie on one file system.`,
	);
}

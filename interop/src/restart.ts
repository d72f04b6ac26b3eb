import { mkdirSync, readdirSync, renameSync } from 'node:fs';
import { join } from 'node:path';
import type { Ending } from './programs.ts';

/** What a restarted session may cost. */
export interface Restart {
	/** Bytes that the sender's interface sends in it, as a share of the bytes of the files. */
	readonly shareMax: number;
	/** What the first sender must have exited with. */
	readonly firstExit: number;
}

/** The temporary directory of a receiver, made. */
export function makeTemporary(scratch: string, host: number): string {
	const directory = temporaryOf(scratch, host);
	mkdirSync(directory);
	return directory;
}

function temporaryOf(scratch: string, host: number): string {
	return join(scratch, `temporary${host}`);
}

/**
 * Takes the restart file that the first sender has left where it ran out of the tree, and returns where it is now; what
 * is wrong is added to `problems`.
 */
export function takeRestartFile(scratch: string, first: Ending, { firstExit }: Restart, problems: string[]): string {
	if (first.code !== firstExit)
		problems.push(`the first sender ended with ${first.signal ?? first.code}, not ${firstExit}`);
	const source = join(scratch, 'source');
	const [name, ...more] = readdirSync(source).filter((each) => /^_group_[0-9A-F]{8}_restart$/.test(each));
	if (name === undefined || more.length > 0) throw new Error('the first sender did not leave one restart file');
	renameSync(join(source, name), join(scratch, name));
	return join(scratch, name);
}

/** What a restarted session must not do: send too much, or leave anything in temporary directories. */
export function judgeRestart(
	scratch: string,
	receivers: number,
	sentBytes: number,
	treeBytes: number,
	{ shareMax }: Restart,
): string[] {
	const problems: string[] = [];
	const share = sentBytes / treeBytes;
	if (share > shareMax)
		problems.push(`the restarted session sent ${(100 * share).toFixed(1)} % of the bytes of the files`);
	for (let host = 1; host <= receivers; host++) {
		const left = readdirSync(temporaryOf(scratch, host));
		if (left.length > 0) problems.push(`receiver ${host} left ${left.join(', ')} in its temporary directory`);
	}
	return problems;
}

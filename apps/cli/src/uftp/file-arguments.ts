/** What the words of the command line (or of -i) ask for: files by their path, and requests to the receivers. */
import type { CatalogueArgument } from '@uftp/storage';
import { CommandError, ExitCode, systemReason } from '../drop-in/command-error.ts';
import { readLines } from '../drop-in/list-lines.ts';
import type { SenderArguments } from './arguments.ts';

const DELETE = '@DELETE:';
const FREE_SPACE = '@FREESPACE';

export interface FileArguments {
	readonly wanted: readonly CatalogueArgument[];
	/** Sentences about words that are left out. */
	readonly skipped: readonly string[];
}

/** Reads the words with -D, -o and -E: @DELETE:name, @FREESPACE, or a path that may lose a base. */
export function fileArguments(words: readonly string[], options: SenderArguments): FileArguments {
	const wanted: CatalogueArgument[] = [];
	const skipped: string[] = [];
	// As in C: a single thing that has its name from -D needs no base.
	const isNamed = options.destinationName !== undefined && !options.destinationIsDirectory && words.length === 1;
	for (const word of words) {
		if (word === FREE_SPACE) {
			wanted.push({ path: '.', request: 'freeSpace' });
			continue;
		}
		const isDeletion = word.startsWith(DELETE);
		const path = isDeletion ? word.slice(DELETE.length) : word;
		if (isDeletion && /^[./]*$/.test(path)) {
			// C makes "." of it, which empties the receivers' destination directories.
			skipped.push(
				`Skipping ${word}: it names nothing to delete. Write ${DELETE} and a name, such as ${DELETE}old.bin.`,
			);
			continue;
		}
		const request = isDeletion ? ({ request: 'delete' } as const) : {};
		if (options.bases.length === 0 || isNamed) {
			wanted.push({ path, ...request });
			continue;
		}
		const base = options.bases.find((each) => path.startsWith(each));
		if (base === undefined) {
			skipped.push(`Skipping ${word}: doesn't match any base of -E`);
			continue;
		}
		// A base without a slash at its end would leave an absolute name, which receivers reject.
		wanted.push({ path, as: path.slice(base.length).replace(/^\/+/, ''), ...request });
	}
	return { wanted, skipped };
}

/** The paths of -X: one per line. */
export function readExcludeList(given: string | undefined): ReadonlySet<string> {
	if (given === undefined) return new Set();
	try {
		return new Set(readLines(given).filter((line) => line !== ''));
	} catch (error) {
		throw new CommandError(
			ExitCode.Parameters,
			`Couldn't open exclude list ${given}: ${systemReason(error)}. Give -X a file that you may read.`,
		);
	}
}

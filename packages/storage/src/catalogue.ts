/**
 * What a session will send: files, empty directories and symbolic links found under the arguments of a command or the
 * files of a job, in a stable order, with the names that they get on the wire (docs/protocol.md, section 7.1).
 */
import path from 'node:path';
import type { CatalogueEntry } from '@uftp/protocol';
import { CatalogueWalk } from './catalogue-walk.ts';
import { resolveInRoot, type SourceRoot, shownInRoot } from './source-root.ts';
import { realPath } from './system-path.ts';
import { quoted, splitName } from './wire-name.ts';

/** An entry of the catalogue and where it lies on this machine. */
export interface SourceEntry extends CatalogueEntry {
	/** Absolute path; "" for a request that has no file behind it. */
	readonly sourcePath: string;
	/** How sentences name it: the path as it was given, or the label of the root and the path inside it. */
	readonly shown: string;
	/** The root that the file must stay in, if the argument named one. */
	readonly root: SourceRoot | undefined;
	/** A symbolic link at `sourcePath` may be followed when the file is opened. */
	readonly follow: boolean;
	/** Where the bytes come from instead of a path. */
	readonly read?: ReadBytes;
}

/**
 * Bytes [offset, offset + length) of a file, exactly as many: any part of it, in any order, and again for receivers that
 * missed it.
 */
export type ReadBytes = (offset: number, length: number) => Uint8Array | Promise<Uint8Array>;

/** A regular file that lies nowhere: its bytes come from a function. */
export interface FileContent {
	/** Bytes. */
	readonly size: number;
	/** Seconds since 1970 (default 0: none). */
	readonly modifiedSeconds?: number;
	/** Permission bits, 0o777 at most (default: as the receiver pleases). */
	readonly permissions?: number;
	readonly read: ReadBytes;
}

/** One thing to send. */
export interface CatalogueArgument {
	/** A file or directory; relative to `root` if there is one, else to the current directory. */
	readonly path: string;
	/** Name on the wire instead of the last component of the path. */
	readonly as?: string;
	/** No file: receivers are asked to delete what has this name, or how much space they have (the path is then "."). */
	readonly request?: 'delete' | 'freeSpace';
	/** No file either: `path` is what the content is called, with all its components. */
	readonly content?: FileContent;
	readonly root?: SourceRoot;
}

/** What is sent of the paths that are named, and under which names. */
export interface CatalogueOptions {
	/** Send what symbolic links point to instead of the links (`-l`). Default false. */
	readonly followLinks?: boolean;
	/** `-D`: the name of a single argument, the directory above several. */
	readonly destinationName?: string;
	/** `-o`: `destinationName` is a directory even for a single argument. */
	readonly destinationIsDirectory?: boolean;
	/** `-X`: paths below an argument's parent ("d1/d4") that are left out, with what is under them. */
	readonly excluded?: ReadonlySet<string>;
	/** Bytes of a data block: decides how large a file may be. Default 1300. */
	readonly blockBytes?: number;
	/** The walk stops after this many entries. Default 1,000,000. */
	readonly maxEntries?: number;
}

/** Why something is not sent. */
export type CatalogueProblemKind =
	| 'missing'
	| 'unreadable'
	| 'special'
	| 'dangling'
	| 'loop'
	| 'name'
	| 'size'
	| 'duplicate'
	| 'outside'
	| 'limit';

/** Something that was asked for and is not in the catalogue. */
export interface CatalogueProblem {
	readonly kind: CatalogueProblemKind;
	/** Index of the argument that it belongs to. */
	readonly argument: number;
	/** A whole sentence: what happened and what to do. */
	readonly sentence: string;
}

export interface Catalogue {
	readonly entries: readonly SourceEntry[];
	readonly problems: readonly CatalogueProblem[];
	/** Sum of the sizes of all regular files, in bytes. */
	readonly totalBytes: number;
}

/**
 * Makes the catalogue in one go. What cannot be sent is left out and reported; it never throws for what the file system
 * holds. Entries keep the order of the arguments and are sorted by name within a directory.
 */
export function buildCatalogue(
	wanted: readonly (string | CatalogueArgument)[],
	options: CatalogueOptions = {},
): Catalogue {
	const walk = new CatalogueWalk(options);
	for (const _ of steps(walk, wanted, options));
	return walk.result();
}

/** The same for programs that must not stand still: gives the event loop a turn every `sliceMs` milliseconds. */
export async function buildCatalogueInSlices(
	wanted: readonly (string | CatalogueArgument)[],
	options: CatalogueOptions = {},
	sliceMs = 5,
): Promise<Catalogue> {
	const walk = new CatalogueWalk(options);
	let started = performance.now();
	for (const _ of steps(walk, wanted, options)) {
		if (performance.now() - started < sliceMs) continue;
		await new Promise((resume) => setImmediate(resume));
		started = performance.now();
	}
	return walk.result();
}

function* steps(
	walk: CatalogueWalk,
	wanted: readonly (string | CatalogueArgument)[],
	options: CatalogueOptions,
): Generator<void> {
	const several = wanted.length > 1 || options.destinationIsDirectory === true;
	for (let index = 0; index < wanted.length; index++) {
		const given = wanted[index];
		const argument = typeof given === 'string' ? { path: given } : given;
		const { root } = argument;
		const shown = root === undefined ? quoted(argument.path) : shownInRoot(root, argument.path);
		const named = wireNameOf(argument, options.destinationName, several);
		if (!named.ok) {
			walk.report('name', index, `${shown} is not sent: ${named.reason}.`);
			continue;
		}
		if (argument.request !== undefined) {
			walk.request(index, argument.request, shown, named.name);
			continue;
		}
		if (argument.content !== undefined) {
			walk.content(index, argument.content, shown, named.name);
			continue;
		}
		if (root === undefined) {
			if (argument.path === '' || argument.path.includes('\0')) {
				walk.report('name', index, `${shown} is not a path: it is empty or contains a NUL character.`);
				continue;
			}
			yield* walk.argument(index, absoluteOf(argument.path), shown, named.name, undefined);
			continue;
		}
		const rooted = resolveInRoot(root, argument.path, options.followLinks === true);
		if (!rooted.ok) walk.report('outside', index, rooted.sentence);
		else yield* walk.argument(index, rooted.path, shown, named.name, { ...root, directory: rooted.base });
	}
}

type WireName = { readonly ok: true; readonly name: string } | { readonly ok: false; readonly reason: string };

/**
 * The name of an argument on the wire. "" is the argument "." or "dir/." (or "/"): its contents are sent without a
 * directory above them, which is where they end up with the C sender as well ("./b").
 */
function wireNameOf(argument: CatalogueArgument, destination: string | undefined, several: boolean): WireName {
	// Where the space is asked for is the receiver's choice.
	if (argument.request === 'freeSpace') return { ok: true, name: '.' };
	const last = argument.content === undefined ? lastComponent(argument.path) : argument.path;
	const own = argument.as ?? (destination !== undefined && !several ? destination : last);
	const name = destination !== undefined && several ? joined(trimmed(destination), trimmed(own)) : trimmed(own);
	if (name === '' && argument.as === undefined && destination === undefined) return { ok: true, name };
	const parts = splitName(name);
	if (!parts.ok) return parts;
	return { ok: true, name: `${parts.absolute ? '/' : ''}${parts.components.join('/')}` };
}

function lastComponent(given: string): string {
	if (namesContents(given)) return '';
	const normal = path.normalize(given);
	// "a/.." and the like have no last component of their own: their absolute form has.
	const plain = normal.split('/').includes('..') ? path.resolve(normal) : normal;
	return path.basename(plain);
}

/** Whether a path ends in the component ".": what is in the directory is meant, not the directory. */
function namesContents(given: string): boolean {
	return /(?:^|\/)\.\/*$/.test(given);
}

/** The absolute path of an argument. "link/." is the directory that the link leads to, as for the system itself. */
function absoluteOf(given: string): string {
	const absolute = path.resolve(given);
	if (!namesContents(given)) return absolute;
	try {
		return realPath(absolute);
	} catch {
		// The walk says what is wrong with it.
		return absolute;
	}
}

function trimmed(name: string): string {
	return name.length > 1 ? name.replace(/\/+$/, '') || '/' : name;
}

/** `above/below`, or the one that is not empty. */
export function joined(above: string, below: string): string {
	if (above === '') return below;
	return below === '' ? above : `${above}/${below}`;
}

/**
 * What a session will send: files, empty directories and symbolic links found under the arguments of a command or the
 * files of a job, in a stable order, with the names that they get on the wire (docs/protocol.md, section 7.1).
 */
import type { Catalogue, CatalogueArgument, CatalogueOptions } from './catalogue-entry.ts';
import { CatalogueWalk } from './catalogue-walk.ts';
import { resolveInRoot, shownInRoot } from './source-root.ts';
import { lastName, realPath, resolvePath } from './system-path.ts';
import { quoted, splitName } from './wire-name.ts';

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
	// "a/.." and the like have no last component of their own: their absolute form has.
	const plain = given.split('/').includes('..') ? resolvePath(given) : given;
	return lastName(plain);
}

/** Whether a path ends in the component ".": what is in the directory is meant, not the directory. */
function namesContents(given: string): boolean {
	return /(?:^|\/)\.\/*$/.test(given);
}

/** The absolute path of an argument. "link/." is the directory that the link leads to, as for the system itself. */
function absoluteOf(given: string): string {
	const absolute = resolvePath(given);
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

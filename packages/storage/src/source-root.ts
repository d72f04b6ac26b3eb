/**
 * Folders that jobs may name by label. A job says {root, path}; only the sender's configuration knows where the root
 * lies, so sentences name the label and the path inside it, never the folder.
 */
import fs from 'node:fs';
import { childPath, closeDirectory, descend, openDirectory, UnreachableDirectory } from './directory-handle.ts';
import { because } from './failure.ts';
import { realPath } from './system-path.ts';
import { quoted } from './wire-name.ts';

/** A folder that jobs may send from. */
export interface SourceRoot {
	readonly label: string;
	/** Absolute path of the folder. */
	readonly directory: string;
}

/**
 * Where a rooted path leads: an absolute path inside the root, whose own resolved path is `base`, without a symbolic link
 * above its last component.
 */
export type RootedPath =
	| { readonly ok: true; readonly path: string; readonly base: string }
	| { readonly ok: false; readonly sentence: string };

/** How a path inside a root is shown in a sentence. */
export function shownInRoot(root: SourceRoot, relative: string): string {
	return `${quoted(relative)} in root ${quoted(root.label)}`;
}

/**
 * Resolves a path of a job inside its root. Symbolic links on the way are allowed while they stay inside; the last
 * component is resolved only with `followLast` (else a link is sent as a link).
 */
export function resolveInRoot(root: SourceRoot, relative: string, followLast: boolean): RootedPath {
	const shown = shownInRoot(root, relative);
	const fault = relativeFault(relative);
	if (fault !== undefined) return { ok: false, sentence: `${shown} is refused: ${fault}.` };
	let base: string;
	try {
		base = realPath(root.directory);
	} catch (error) {
		return { ok: false, sentence: `The folder of root ${quoted(root.label)} cannot be opened: ${because(error)}.` };
	}
	const components = relative.split('/').filter((component) => component !== '' && component !== '.');
	if (components.length === 0) return { ok: true, path: base, base };
	const last = components.pop() as string;
	try {
		const parent = realPath([base === '/' ? '' : base, ...components].join('/') || '/');
		const full = `${parent === '/' ? '' : parent}/${last}`;
		const real = followLast ? realPath(full) : full;
		if (isInside(base, parent) && isInside(base, real)) return { ok: true, path: real, base };
		return { ok: false, sentence: `${shown} is refused: a symbolic link in it leads out of the root.` };
	} catch (error) {
		return { ok: false, sentence: `${shown} cannot be read: ${because(error)}.` };
	}
}

function relativeFault(relative: string): string | undefined {
	if (relative === '') return 'the path is empty; use "." for the whole root';
	if (relative.includes('\0')) return 'the path contains a NUL character';
	if (relative.startsWith('/')) return 'the path is absolute; paths of a job are relative to their root';
	if (relative.split('/').includes('..')) return 'the path has a ".." component';
	return undefined;
}

/** Whether `candidate` is `base` or lies below it, by components: /a/bc is not inside /a/b. */
export function isInside(base: string, candidate: string): boolean {
	return candidate === base || candidate.startsWith(base.endsWith('/') ? base : `${base}/`);
}

/**
 * Opens a file for reading that was found inside a root, following no symbolic link at all: what was swapped for a link
 * since the catalogue was made is refused. Throws with a sentence or a system error.
 */
export function openInRoot(root: SourceRoot, absolute: string, flags: number): number {
	const base = realPath(root.directory);
	if (!isInside(base, absolute)) throw new UnreachableDirectory('it no longer lies in the root');
	const components = absolute
		.slice(base.length)
		.split('/')
		.filter((component) => component !== '');
	const last = components.pop() ?? '.';
	const start = openDirectory(base);
	try {
		const parent = descend(start, components);
		try {
			return fs.openSync(childPath(parent, last), flags | fs.constants.O_NOFOLLOW);
		} finally {
			closeDirectory(parent);
		}
	} finally {
		closeDirectory(start);
	}
}

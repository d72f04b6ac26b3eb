/**
 * Work relative to an open directory, one component at a time, so that nobody who renames a directory or puts a symbolic
 * link in its place between two of our calls can lead us elsewhere.
 *
 * The runtime has no openat(2); on Linux the same is reached through /proc/self/fd/N/name, which the kernel resolves from
 * the open directory itself. Where that is missing, the plain path is used: still tested component by component, but
 * without protection against a race.
 */
import fs from 'node:fs';
import { codeOf } from './failure.ts';
import { systemPath } from './system-path.ts';
import { quoted } from './wire-name.ts';

/** A directory that is held open. `path` is for sentences and for the platforms without /proc. */
export interface DirectoryHandle {
	readonly fd: number;
	readonly path: string;
}

const { O_RDONLY, O_DIRECTORY, O_NOFOLLOW } = fs.constants;
/** Linux only: names a directory without needing the right to read it. */
const O_PATH = 0o10000000;
const overProc = process.platform === 'linux' && fs.existsSync('/proc/self/fd');
const directoryFlags = (overProc ? O_PATH : O_RDONLY) | O_DIRECTORY;

/** Opens a directory that the configuration names; symbolic links in it are the owner's choice and are followed. */
export function openDirectory(path: string): DirectoryHandle {
	return { fd: fs.openSync(systemPath(path), directoryFlags), path };
}

/** Opens a directory inside another; throws ENOTDIR or ELOOP if `component` is a symbolic link. */
export function openChild(directory: DirectoryHandle, component: string): DirectoryHandle {
	const fd = fs.openSync(childPath(directory, component), directoryFlags | O_NOFOLLOW);
	return { fd, path: `${directory.path === '/' ? '' : directory.path}/${component}` };
}

/** The path to give to a system call for an entry of the directory. */
export function childPath(directory: DirectoryHandle, component: string): string | Buffer {
	return systemPath(overProc ? `/proc/self/fd/${directory.fd}/${component}` : `${directory.path}/${component}`);
}

/** The path to give to a system call for the directory itself. */
export function ownPath(directory: DirectoryHandle): string | Buffer {
	return overProc ? `/proc/self/fd/${directory.fd}` : systemPath(directory.path);
}

export function closeDirectory(directory: DirectoryHandle): void {
	fs.closeSync(directory.fd);
}

/** What stands under a name, the link itself if it is one; undefined if nothing does. */
export function lstatChild(directory: DirectoryHandle, component: string): fs.Stats | undefined {
	return fs.lstatSync(childPath(directory, component), { throwIfNoEntry: false });
}

/** A directory that could not be reached, with the sentence for the peer and the log. */
export class UnreachableDirectory extends Error {}

/**
 * Descends from `start` through `components` and returns the last directory, opened. `make` creates what is missing and
 * hears of each directory made (its depth, from 1). `start` stays open; everything in between is closed again.
 */
export function descend(
	start: DirectoryHandle,
	components: readonly string[],
	make?: { readonly mode: number; readonly made: (depth: number) => void },
): DirectoryHandle {
	if (components.length === 0) return openSelf(start);
	let current = start;
	for (let depth = 0; depth < components.length; depth++) {
		const above = current;
		try {
			current = enter(above, components, depth, make);
		} finally {
			if (above !== start) closeDirectory(above);
		}
	}
	return current;
}

/** Opens a child; only where that fails is it asked why, and made if it is missing. */
function enter(
	directory: DirectoryHandle,
	components: readonly string[],
	depth: number,
	make: Parameters<typeof descend>[2],
): DirectoryHandle {
	const component = components[depth];
	try {
		return openChild(directory, component);
	} catch (error) {
		refuseLink(directory, component, components.slice(0, depth + 1));
		if (make === undefined || codeOf(error) !== 'ENOENT') throw error;
		if (makeDirectory(childPath(directory, component), make.mode)) make.made(depth + 1);
		return openChild(directory, component);
	}
}

/** False if another program made it first. */
function makeDirectory(path: string | Buffer, mode: number): boolean {
	try {
		fs.mkdirSync(path, { mode });
		return true;
	} catch (error) {
		if (codeOf(error) === 'EEXIST') return false;
		throw error;
	}
}

function openSelf(directory: DirectoryHandle): DirectoryHandle {
	return { fd: fs.openSync(ownPath(directory), directoryFlags), path: directory.path };
}

/** Says plainly what openChild would refuse with a bare error code; openChild refuses all the same. */
function refuseLink(directory: DirectoryHandle, component: string, upTo: readonly string[]): void {
	const stats = lstatChild(directory, component);
	if (stats === undefined || stats.isDirectory()) return;
	const shown = quoted(upTo.join('/'));
	throw new UnreachableDirectory(
		stats.isSymbolicLink() ? `${shown} is a symbolic link, which is never followed` : `${shown} is not a directory`,
	);
}

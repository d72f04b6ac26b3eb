/** Removal of files and directories inside a destination, without ever following a symbolic link. */
import fs from 'node:fs';
import {
	childPath,
	closeDirectory,
	type DirectoryHandle,
	descend,
	lstatChild,
	openChild,
	openDirectory,
	ownPath,
} from '../directory-handle.ts';
import { codeOf } from '../failure.ts';
import { namesIn } from '../system-path.ts';

/** Removes an entry of an open directory with everything below it. What does not exist is as good as removed. */
export function removeChild(directory: DirectoryHandle, component: string): void {
	const stats = lstatChild(directory, component);
	if (stats === undefined) return;
	if (!stats.isDirectory()) {
		fs.rmSync(childPath(directory, component), { force: true });
		return;
	}
	const inner = openChild(directory, component);
	try {
		for (const child of namesIn(ownPath(inner))) removeChild(inner, child);
	} finally {
		closeDirectory(inner);
	}
	fs.rmdirSync(childPath(directory, component));
}

/**
 * Directories that a receiver made on the way to files that are not complete yet. If nothing of what they were made for
 * arrives, they go again; as soon as something does, they stay.
 */
export class MadeDirectories {
	readonly #made = new Set<string>();

	/** `components` lead from `destination` to a directory that was made just now. */
	add(destination: string, components: readonly string[]): void {
		this.#made.add(keyOf(destination, components));
	}

	/** Something arrived in the directory that `components` lead to: it and those above it stay. */
	keep(destination: string, components: readonly string[]): void {
		if (this.#made.size === 0) return;
		for (let depth = components.length; depth > 0; depth--) {
			this.#made.delete(keyOf(destination, components.slice(0, depth)));
		}
	}

	/** Removes those of the directories on the way to `components` that were made and are empty, deepest first. */
	removeEmpty(destination: string, components: readonly string[]): void {
		for (let depth = components.length; depth > 0; depth--) {
			const upTo = components.slice(0, depth);
			// A making that failed midway leaves the deepest ones unmade: look further up.
			if (!this.#made.has(keyOf(destination, upTo))) continue;
			if (!removeEmptyDirectory(destination, upTo)) return;
			this.#made.delete(keyOf(destination, upTo));
		}
	}
}

function keyOf(destination: string, components: readonly string[]): string {
	return `${destination}\0${components.join('/')}`;
}

function removeEmptyDirectory(destination: string, components: readonly string[]): boolean {
	try {
		const start = openDirectory(destination);
		try {
			const parent = descend(start, components.slice(0, -1));
			try {
				fs.rmdirSync(childPath(parent, components[components.length - 1]));
			} finally {
				closeDirectory(parent);
			}
		} finally {
			closeDirectory(start);
		}
		return true;
	} catch (error) {
		// Not empty: another file is on its way there. Gone: as good as removed. Anything else: leave it alone.
		return codeOf(error) === 'ENOENT';
	}
}

/** Where a name from the network lands: one of the receiver's destination directories and a path inside it. */
import fs from 'node:fs';
import { closeDirectory, openChild, openDirectory, ownPath } from './directory-handle.ts';
import { because, codeOf } from './failure.ts';
import { isInside } from './source-root.ts';
import { resolvePath, systemPath } from './system-path.ts';
import { quoted, splitName } from './wire-name.ts';

/** A place inside a destination directory. */
export interface Place {
	/** Absolute path of the destination directory. */
	readonly destination: string;
	/** Directories between the destination and the last component. */
	readonly parents: readonly string[];
	/** Last component of the name; undefined for the destination itself. */
	readonly last: string | undefined;
}

export type PlaceDecision =
	| { readonly ok: true; readonly place: Place }
	| { readonly ok: false; readonly reason: string };

/**
 * Checks the destination directories of a configuration and returns them in plain form. Throws a sentence for what the
 * owner has to change: this is never caused by the network.
 */
export function checkedDestinations(destinations: readonly string[]): readonly string[] {
	if (destinations.length === 0) throw new Error('A receiver needs at least one destination directory.');
	return destinations.map((given) => {
		if (!given.startsWith('/')) {
			throw new Error(`The destination directory ${quoted(given)} is not absolute; give it from "/" on.`);
		}
		const plain = resolvePath(given);
		try {
			if (!fs.statSync(systemPath(plain)).isDirectory()) throw new Error('it is not a directory');
			fs.accessSync(systemPath(plain), fs.constants.W_OK | fs.constants.X_OK);
		} catch (error) {
			throw new Error(`The destination directory ${quoted(plain)} cannot be used: ${because(error)}.`);
		}
		return plain;
	});
}

/**
 * Finds the place of a name. Relative names go under the first destination; absolute names must lie inside one of them
 * by components (the most specific one if they are nested), so that "/data" does not let "/database" in.
 */
export function placeOf(name: string, destinations: readonly string[]): PlaceDecision {
	const parts = splitName(name);
	if (!parts.ok) return parts;
	if (!parts.absolute) return { ok: true, place: placeIn(destinations[0], parts.components) };
	const plain = `/${parts.components.join('/')}`;
	let best: string | undefined;
	for (const destination of destinations) {
		if (isInside(destination, plain) && (best === undefined || destination.length > best.length)) best = destination;
	}
	if (best === undefined) {
		return { ok: false, reason: `the name ${quoted(name)} is absolute and in none of the destination directories` };
	}
	const inside = plain.slice(best.length).split('/');
	return {
		ok: true,
		place: placeIn(
			best,
			inside.filter((component) => component !== ''),
		),
	};
}

function placeIn(destination: string, components: readonly string[]): Place {
	return { destination, parents: components.slice(0, -1), last: components.at(-1) };
}

/** A file system, and the bytes that an ordinary user can still write to it. */
export interface DiskSpace {
	/** Number of the file system's device. */
	readonly device: number;
	readonly availableBytes: number;
}

/** The file system that a new file at `place` will lie in: that of the last directory on the way that exists. */
export function spaceAt({ destination, parents }: Place): DiskSpace {
	const start = openDirectory(destination);
	let last = start;
	try {
		for (const component of parents) {
			const above = last;
			try {
				last = openChild(above, component);
			} catch (error) {
				if (codeOf(error) === 'ENOENT') break;
				throw error;
			}
			if (above !== start) closeDirectory(above);
		}
		const { bavail, bsize } = fs.statfsSync(ownPath(last));
		return { device: fs.fstatSync(last.fd).dev, availableBytes: bavail * bsize };
	} finally {
		if (last !== start) closeDirectory(last);
		closeDirectory(start);
	}
}

/**
 * Names of files that are not complete yet. They have the shape that the C receiver uses for its own temporary files, so that tools that
 * know to leave those alone leave ours alone too.
 */
import fs from 'node:fs';
import { codeOf } from '../failure.ts';
import { namesIn, systemPath } from '../system-path.ts';

const shape = /^\.~uftp-[0-9A-F]{8}-[0-9A-F]{4}(\.\d+)?$/;

/**
 * `.~uftp-GGGGGGGG-FFFF`: group id and file id in hexadecimal. `attempt` above 0 adds `.attempt`, for the rare case that
 * the plain name is taken (two receivers share a directory, or an earlier run was killed).
 */
export function temporaryName(groupId: number, fileId: number, attempt = 0): string {
	const hex = (value: number, digits: number) => (value >>> 0).toString(16).toUpperCase().padStart(digits, '0');
	return `.~uftp-${hex(groupId, 8)}-${hex(fileId & 0xffff, 4)}${attempt === 0 ? '' : `.${attempt}`}`;
}

export function isTemporaryName(name: string): boolean {
	return shape.test(name);
}

/**
 * Removes temporary files under `destination` that nobody has written to for `olderThanMs`: leftovers of receivers that
 * were killed. Follows no symbolic link. Returns the paths that were removed. For the start of a service, not for later:
 * it walks the whole tree.
 */
export function cleanTemporaries(destination: string, olderThanMs: number, nowMs: number = Date.now()): string[] {
	const removed: string[] = [];
	const waiting = [destination];
	for (let directory = waiting.pop(); directory !== undefined; directory = waiting.pop()) {
		for (const name of namesOrNone(directory)) {
			const full = `${directory === '/' ? '' : directory}/${name}`;
			const stats = fs.lstatSync(systemPath(full), { throwIfNoEntry: false });
			if (stats?.isDirectory()) waiting.push(full);
			else if (stats !== undefined && isTemporaryName(name) && stats.mtimeMs < nowMs - olderThanMs) {
				fs.rmSync(systemPath(full), { force: true });
				removed.push(full);
			}
		}
	}
	return removed;
}

/** Other programs may remove directories meanwhile, and some may be closed to us: neither holds leftovers of ours. */
function namesOrNone(directory: string): string[] {
	try {
		return namesIn(systemPath(directory));
	} catch (error) {
		if (['ENOENT', 'ENOTDIR', 'EACCES', 'EPERM'].includes(codeOf(error))) return [];
		throw error;
	}
}

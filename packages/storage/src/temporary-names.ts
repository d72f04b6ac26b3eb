/**
 * Names of files that are not complete yet. They have the shape that the C receiver uses with `-t`, so that tools that
 * know to leave those alone leave ours alone too.
 */
import fs from 'node:fs';
import path from 'node:path';
import { codeOf } from './failure.ts';

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
		let children: fs.Dirent[];
		try {
			children = fs.readdirSync(directory, { withFileTypes: true });
		} catch (error) {
			// Another program may remove directories meanwhile, and some may be closed to us: both are none of our leftovers.
			if (['ENOENT', 'ENOTDIR', 'EACCES', 'EPERM'].includes(codeOf(error))) continue;
			throw error;
		}
		for (const child of children) {
			const full = path.join(directory, child.name);
			if (child.isDirectory()) waiting.push(full);
			else if (isTemporaryName(child.name) && removeIfOld(full, nowMs - olderThanMs)) removed.push(full);
		}
	}
	return removed;
}

function removeIfOld(full: string, beforeMs: number): boolean {
	const stats = fs.lstatSync(full, { throwIfNoEntry: false });
	if (stats === undefined || stats.mtimeMs >= beforeMs) return false;
	fs.rmSync(full, { force: true });
	return true;
}

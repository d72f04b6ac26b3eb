/**
 * Where a receiver puts what it would overwrite or delete: `{backup}/YYYYMMDD/HHMMSS/{full path}`, by the local time at
 * which the session was announced.
 */
import fs from 'node:fs';
import type { Place } from '../destination.ts';
import {
	childPath,
	closeDirectory,
	type DirectoryHandle,
	descend,
	lstatChild,
	openDirectory,
} from '../directory-handle.ts';
import { codeOf } from '../failure.ts';
import { systemPath } from '../system-path.ts';

/** Sessions of one second that replace the same file; more are an error. */
const NAME_ATTEMPTS_MAX = 1000;

/** Moves the entry that `place` names, in its open parent directory, below a backup folder. Does nothing without one. */
export function putAside(
	backup: string,
	place: Place,
	parent: DirectoryHandle,
	announcedAtMs: number,
	directoryMode: number,
): void {
	const last = place.last as string;
	if (lstatChild(parent, last) === undefined) return;
	const path = `${place.destination}/${place.parents.join('/')}`.split('/').filter((component) => component !== '');
	const start = openDirectory(backup);
	try {
		const folder = descend(start, [...timeFolders(announcedAtMs), ...path], { mode: directoryMode, made: () => {} });
		try {
			move(childPath(parent, last), folder, last);
		} finally {
			closeDirectory(folder);
		}
	} finally {
		closeDirectory(start);
	}
}

/** An earlier backup is never overwritten: `.1`, `.2`, ... are added to the name. */
function move(from: string | Buffer, folder: DirectoryHandle, name: string): void {
	for (let attempt = 0; attempt < NAME_ATTEMPTS_MAX; attempt++) {
		const free = attempt === 0 ? name : `${name}.${attempt}`;
		if (lstatChild(folder, free) !== undefined) continue;
		fs.renameSync(from, childPath(folder, free));
		return;
	}
	throw new Error(`there are ${NAME_ATTEMPTS_MAX} backups of ${name} from one second`);
}

/** "20261121", "090858": the local time of the announcement. */
export function timeFolders(ms: number): readonly [string, string] {
	const at = new Date(ms);
	const two = (value: number): string => String(value).padStart(2, '0');
	const date = `${at.getFullYear()}${two(at.getMonth() + 1)}${two(at.getDate())}`;
	return [date, `${two(at.getHours())}${two(at.getMinutes())}${two(at.getSeconds())}`];
}

/**
 * Whether files can be moved from one folder to another by renaming; undefined, or why not. Tried with a folder of no
 * content, because two folders may lie on one file system and still not be movable (bind mounts, quotas).
 */
export function movingFault(from: string, to: string): unknown {
	const name = `.~uftp-move-${process.pid}-${Math.trunc(performance.now() * 1000)}`;
	const [source, target] = [systemPath(`${from}/${name}`), systemPath(`${to}/${name}`)];
	try {
		fs.mkdirSync(source);
	} catch (error) {
		return error;
	}
	try {
		fs.renameSync(source, target);
		fs.rmdirSync(target);
		return undefined;
	} catch (error) {
		if (codeOf(error) !== '') fs.rmSync(source, { recursive: true, force: true });
		return error;
	}
}

/**
 * A temporary directory for whole sessions: each receives into `{temporary}/_group_GGGGGGGG` and is moved
 * to the destination when it is complete.
 */
import fs from 'node:fs';
import { formatHexId } from '@uftp/wire';
import {
	childPath,
	closeDirectory,
	type DirectoryHandle,
	lstatChild,
	openChild,
	openDirectory,
	ownPath,
} from '../directory-handle.ts';
import { because, codeOf } from '../failure.ts';
import { namesIn, systemPath } from '../system-path.ts';
import { quoted } from '../wire-name.ts';
import { removeChild } from './removal.ts';

/** What became of a session's files. */
export interface MovedSession {
	/** What was moved, by full path: whole entries of the top, or single files. */
	readonly moved: readonly string[];
	/** Sentences about what could not be moved; it stays in the temporary directory. */
	readonly problems: readonly string[];
}

export interface SessionFoldersOptions {
	/** Absolute path, on the file system of the destination. */
	readonly temporaryDirectory: string;
	readonly destination: string;
	/** Directories that exist already are filled, not replaced. */
	readonly oneByOne: boolean;
	readonly directoryMode: number;
}

export class SessionFolders {
	readonly #options: SessionFoldersOptions;

	constructor(options: SessionFoldersOptions) {
		this.#options = options;
	}

	/** The folder of a session. */
	folderOf(groupId: number): string {
		return `${this.#options.temporaryDirectory}/${nameOf(groupId)}`;
	}

	/** The same, made if it is not there. */
	make(groupId: number): string {
		const folder = this.folderOf(groupId);
		try {
			fs.mkdirSync(systemPath(folder), { mode: this.#options.directoryMode });
		} catch (error) {
			if (codeOf(error) !== 'EEXIST' || !fs.lstatSync(systemPath(folder)).isDirectory()) throw error;
		}
		return folder;
	}

	/** The session is complete: moves what it brought to the destination. */
	moveAll(groupId: number): MovedSession {
		const moved: string[] = [];
		const problems: string[] = [];
		const { destination, oneByOne } = this.#options;
		let from: DirectoryHandle | undefined;
		let to: DirectoryHandle | undefined;
		try {
			from = openDirectory(this.folderOf(groupId));
			to = openDirectory(destination);
			if (oneByOne) this.#moveSingly(from, to, moved, problems);
			else this.#moveEntries(from, to, moved, problems);
		} catch (error) {
			// A session of deletions or skipped files only has made no folder.
			if (codeOf(error) !== 'ENOENT' || from !== undefined) {
				problems.push(
					`${quoted(this.folderOf(groupId))} cannot be moved to ${quoted(destination)}: ${because(error)}.`,
				);
			}
		} finally {
			if (from !== undefined) closeDirectory(from);
			if (to !== undefined) closeDirectory(to);
		}
		this.leave(groupId);
		return { moved, problems };
	}

	/** The session is over: its folder goes if nothing is in it. */
	leave(groupId: number): void {
		try {
			fs.rmdirSync(systemPath(this.folderOf(groupId)));
		} catch {
			// Something is in it, or it was never made.
		}
	}

	#moveEntries(from: DirectoryHandle, to: DirectoryHandle, moved: string[], problems: string[]): void {
		for (const name of sortedNames(from)) {
			attempt(to, name, problems, () => {
				removeChild(to, name);
				fs.renameSync(childPath(from, name), childPath(to, name));
				moved.push(`${to.path}/${name}`);
			});
		}
	}

	#moveSingly(from: DirectoryHandle, to: DirectoryHandle, moved: string[], problems: string[]): void {
		for (const name of sortedNames(from)) {
			attempt(to, name, problems, () => {
				if (lstatChild(from, name)?.isDirectory() === true) this.#moveInto(from, to, name, moved, problems);
				else {
					if (lstatChild(to, name)?.isDirectory() === true) removeChild(to, name);
					fs.renameSync(childPath(from, name), childPath(to, name));
					moved.push(`${to.path}/${name}`);
				}
			});
		}
	}

	/** What is in a directory goes into the one of the same name. */
	#moveInto(from: DirectoryHandle, to: DirectoryHandle, name: string, moved: string[], problems: string[]): void {
		const existing = lstatChild(to, name);
		if (existing !== undefined && !existing.isDirectory()) removeChild(to, name);
		if (existing?.isDirectory() !== true) fs.mkdirSync(childPath(to, name), { mode: this.#options.directoryMode });
		const inner = openChild(from, name);
		try {
			const target = openChild(to, name);
			try {
				if (namesIn(ownPath(inner)).length === 0) moved.push(target.path);
				this.#moveSingly(inner, target, moved, problems);
			} finally {
				closeDirectory(target);
			}
		} finally {
			closeDirectory(inner);
		}
		fs.rmdirSync(childPath(from, name));
	}
}

/** One entry that cannot be moved does not keep the others. */
function attempt(to: DirectoryHandle, name: string, problems: string[], act: () => void): void {
	try {
		act();
	} catch (error) {
		// The directory above something that could not be moved cannot be removed: that has been told.
		if (codeOf(error) === 'ENOTEMPTY' && problems.length > 0) return;
		problems.push(`${quoted(`${to.path}/${name}`)} cannot be moved to its place: ${because(error)}.`);
	}
}

function sortedNames(directory: DirectoryHandle): string[] {
	return namesIn(ownPath(directory)).sort();
}

function nameOf(groupId: number): string {
	return `_group_${formatHexId(groupId)}`;
}

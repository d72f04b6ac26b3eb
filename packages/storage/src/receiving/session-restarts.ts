/**
 * Sessions that are run again for those that they failed: what the earlier run left in the session's folder
 * is taken up. Beside the folder `_group_GGGGGGGG` stands the journal `_group_GGGGGGGG_restart` of its unfinished files.
 */
import fs from 'node:fs';
import type { BlockMap, IncomingFile } from '@uftp/protocol';
import type { Place } from '../destination.ts';
import { closeDirectory, type DirectoryHandle, openDirectory } from '../directory-handle.ts';
import { because, codeOf } from '../failure.ts';
import { systemPath } from '../system-path.ts';
import { quoted } from '../wire-name.ts';
import { type CreationRules, IncomingRegular } from './incoming-regular.ts';
import { removeChild } from './removal.ts';
import { arrivedBytes, decodeJournal, encodeJournal, type PartialFile } from './restart-journal.ts';
import type { SessionFolders } from './session-folders.ts';
import { cleanTemporaries } from './temporary-names.ts';

/** No journal of ours is larger: the bitmaps of a node have a limit far below. */
const JOURNAL_BYTES_MAX = 2 ** 28;

export class SessionRestarts {
	readonly #folders: SessionFolders;
	/** Unfinished files by session: of the run before, and of this one as it ends. */
	readonly #partial = new Map<number, PartialFile[]>();

	constructor(folders: SessionFolders) {
		this.#folders = folders;
	}

	/**
	 * A session begins. Its first run finds nothing of others under its group id; a later one what the run before has
	 * left. If that one's journal cannot be read nothing of it is believed: the C receiver gives the files that it has not
	 * completed their names, sizes and times too. Returns sentences about what cannot be used.
	 */
	begin(groupId: number, isRestart: boolean): string[] {
		this.#partial.delete(groupId);
		const journal = this.#journalOf(groupId);
		const problems: string[] = [];
		try {
			if (isRestart) this.#partial.set(groupId, readJournal(journal, groupId));
		} catch (error) {
			// No journal: nothing was unfinished.
			if (codeOf(error) !== 'ENOENT') {
				problems.push(
					`The restart file ${quoted(journal)} cannot be used: ${because(error)}; all files of the session start afresh.`,
				);
			}
		}
		try {
			if (!isRestart || problems.length > 0) this.#clear(groupId);
			fs.rmSync(systemPath(journal), { force: true, recursive: true });
		} catch (error) {
			const folder = quoted(this.#folders.folderOf(groupId));
			problems.push(`What an earlier session left in ${folder} cannot be removed: ${because(error)}.`);
		}
		return problems;
	}

	/** Whether an earlier run has brought the file: only complete ones have their names in the folder of a session. */
	hasComplete(file: IncomingFile, existing: fs.Stats | undefined): boolean {
		if (file.groupInstance === 0 || file.sync || existing?.isFile() !== true) return false;
		const { size, modifiedSeconds } = file;
		// Without a time a changed file could not be told from it.
		return (
			modifiedSeconds !== undefined && size === existing.size && modifiedSeconds === Math.floor(existing.mtimeMs / 1000)
		);
	}

	/** What there is of the file, if it is the one that was begun. */
	find(file: IncomingFile, name: string): PartialFile | undefined {
		if (file.groupInstance === 0 || file.sync) return undefined;
		return this.#partial
			.get(file.groupId)
			?.find((left) => left.name === name && left.size === file.size && left.modifiedSeconds === file.modifiedSeconds);
	}

	/** Opens what was left of the file, which is on its way again. For `parent` and undefined see `IncomingRegular`. */
	resume(
		file: IncomingFile,
		place: Place,
		parent: DirectoryHandle,
		rules: CreationRules,
		{ name, temporaryName, changedMs, map }: PartialFile,
	): IncomingRegular | undefined {
		this.#forget(file.groupId, name);
		const left = { temporaryName, changedMs, arrivedBytes: arrivedBytes(map) };
		return IncomingRegular.resume(file, place, parent, rules, left);
	}

	#forget(groupId: number, name: string): void {
		const left = this.#partial.get(groupId)?.filter((partial) => partial.name !== name);
		if (left !== undefined) this.#partial.set(groupId, left);
	}

	/** The run ends before this file is complete. */
	keep(file: IncomingFile, name: string, left: { temporaryName: string; changedMs: number }, map: BlockMap): void {
		this.#forget(file.groupId, name);
		const { size, modifiedSeconds } = file;
		const partial = { name, size, modifiedSeconds, ...left, map };
		this.#partial.set(file.groupId, [...(this.#partial.get(file.groupId) ?? []), partial]);
	}

	/** The run is over: what is unfinished goes, or is written down for the next one. Returns sentences. */
	end(groupId: number, isComplete: boolean): string[] {
		const files = this.#partial.get(groupId) ?? [];
		this.#partial.delete(groupId);
		const journal = this.#journalOf(groupId);
		try {
			if (isComplete) cleanTemporaries(this.#folders.folderOf(groupId), Number.NEGATIVE_INFINITY);
			else if (files.length > 0) writeJournal(journal, encodeJournal({ groupId, files }));
			return [];
		} catch (error) {
			return [
				isComplete
					? `Unfinished files in ${quoted(this.#folders.folderOf(groupId))} cannot be removed: ${because(error)}.`
					: `The restart file ${quoted(journal)} cannot be written: ${because(error)}; unfinished files will start afresh.`,
			];
		}
	}

	#journalOf(groupId: number): string {
		return `${this.#folders.folderOf(groupId)}_restart`;
	}

	#clear(groupId: number): void {
		const folder = this.#folders.folderOf(groupId);
		const cut = folder.lastIndexOf('/');
		const directory = openDirectory(folder.slice(0, cut));
		try {
			removeChild(directory, folder.slice(cut + 1));
		} finally {
			closeDirectory(directory);
		}
	}
}

/** Throws an error that says what is wrong. */
function readJournal(path: string, groupId: number): PartialFile[] {
	const fd = fs.openSync(systemPath(path), fs.constants.O_RDONLY | fs.constants.O_NOFOLLOW | fs.constants.O_NONBLOCK);
	try {
		const stats = fs.fstatSync(fd);
		if (!stats.isFile()) throw new Error('it is not a file');
		if (stats.size > JOURNAL_BYTES_MAX) throw new Error(`it is larger than ${JOURNAL_BYTES_MAX} bytes`);
		const journal = decodeJournal(fs.readFileSync(fd));
		if (typeof journal === 'string') throw new Error(journal);
		if (journal.groupId !== groupId) throw new Error('it belongs to another session');
		return [...journal.files];
	} finally {
		fs.closeSync(fd);
	}
}

/** In one step, so that no half of a journal can be found. */
function writeJournal(path: string, bytes: Uint8Array): void {
	const draft = systemPath(`${path}.new`);
	try {
		fs.rmSync(draft, { force: true });
		const fd = fs.openSync(draft, 'wx', 0o600);
		try {
			fs.writeFileSync(fd, bytes);
			fs.fsyncSync(fd);
		} finally {
			fs.closeSync(fd);
		}
		fs.renameSync(draft, systemPath(path));
	} catch (error) {
		if (codeOf(error) !== 'ENOENT') fs.rmSync(draft, { force: true });
		throw error;
	}
}

/** Puts what a receiver is sent into its destination directories. */
import fs from 'node:fs';
import {
	type BlockMap,
	type BlockSink,
	CompleteStatus,
	type FileDecision,
	FileType,
	type IncomingFile,
} from '@uftp/protocol';
import { checkedDestinations, type Place, type PlaceDecision, placeOf, spaceAt } from '../destination.ts';
import {
	childPath,
	closeDirectory,
	type DirectoryHandle,
	descend,
	lstatChild,
	openDirectory,
} from '../directory-handle.ts';
import { because, codeOf } from '../failure.ts';
import { systemPath } from '../system-path.ts';
import { linkFault, quoted } from '../wire-name.ts';
import { putAside } from './backup.ts';
import { answered, failed, rejected } from './file-decisions.ts';
import { type CreationRules, IncomingRegular } from './incoming-regular.ts';
import { MadeDirectories, removeChild } from './removal.ts';
import { arrivedBytes } from './restart-journal.ts';
import { type MovedSession, SessionFolders } from './session-folders.ts';
import { SessionRestarts } from './session-restarts.ts';
import { statusOf } from './sync-decision.ts';
import { isTemporaryName, temporaryName } from './temporary-names.ts';

/** Where received files go, and what becomes of those that are there already. */
export interface FileSinkOptions {
	/** Absolute paths of existing directories. The first takes relative names; absolute names must lie in one of them. */
	readonly destinations: readonly string[];
	/** A file appears under its name only when it is complete. Default true. */
	readonly temporaryNames?: boolean;
	/** What the program calls the setting that turns temporary names off: refusals name it where that would make room. */
	readonly inPlaceSetting?: string;
	/** Permission bits that received files and directories never get, beside those of the process's umask. Default 0. */
	readonly umask?: number;
	/** Bytes of disk space that are left free. Default 0. */
	readonly minFreeBytes?: number;
	/** One folder for each destination, on its file system: what would be overwritten or deleted is put there. */
	readonly backups?: readonly string[];
	/** Sessions are received here and moved to the only destination at their end; absolute names are rejected. */
	readonly temporaryDirectory?: string;
	/** With a temporary directory: directories that exist are filled, not replaced. */
	readonly moveOneByOne?: boolean;
}

/** The block sink of a receiver: files under its destination directories. */
export class FileSink implements BlockSink {
	readonly #destinations: readonly string[];
	readonly #rules: CreationRules;
	readonly #directoryMode: number;
	readonly #minFreeBytes: number;
	readonly #inPlaceSetting: string | undefined;
	readonly #files = new Map<number, IncomingRegular>();
	readonly #made = new MadeDirectories();
	readonly #backups: readonly string[];
	readonly #sessions: SessionFolders | undefined;
	readonly #restarts: SessionRestarts | undefined;
	/** When the running sessions were announced, in milliseconds since 1970. */
	readonly #announcedAt = new Map<number, number>();

	/** Throws a sentence if a directory cannot be used. */
	constructor(options: FileSinkOptions) {
		const umask = options.umask ?? 0;
		this.#destinations = checkedDestinations(options.destinations);
		this.#rules = { temporaryNames: options.temporaryNames ?? true, fileMode: 0o666 & ~umask };
		this.#directoryMode = 0o777 & ~umask;
		this.#minFreeBytes = options.minFreeBytes ?? 0;
		this.#inPlaceSetting = options.inPlaceSetting;
		this.#backups = options.backups === undefined ? [] : checkedDestinations(options.backups);
		const { temporaryDirectory, moveOneByOne: oneByOne = false } = options;
		if (temporaryDirectory === undefined) return;
		const [directory] = checkedDestinations([temporaryDirectory]);
		const [destination] = this.#destinations;
		const directoryMode = this.#directoryMode;
		this.#sessions = new SessionFolders({ temporaryDirectory: directory, destination, oneByOne, directoryMode });
		this.#restarts = new SessionRestarts(this.#sessions);
	}

	/**
	 * A session begins that was announced at this time (milliseconds since 1970): backups are named by it. With a
	 * temporary directory a restarted one (instance above 0) takes up what its earlier run left. Returns sentences about
	 * what it cannot.
	 */
	sessionStarted(groupId: number, announcedAtMs: number, groupInstance = 0): string[] {
		this.#announcedAt.set(groupId, announcedAtMs);
		return this.#restarts?.begin(groupId, groupInstance > 0) ?? [];
	}

	/**
	 * A session is over. With a temporary directory what a complete one brought is moved to its place now, and what of it
	 * is unfinished goes; what one that failed has brought stays for a restart.
	 */
	sessionEnded(groupId: number, isComplete: boolean): MovedSession {
		this.#announcedAt.delete(groupId);
		const problems = this.#restarts?.end(groupId, isComplete) ?? [];
		if (isComplete && this.#sessions !== undefined) {
			const result = this.#sessions.moveAll(groupId);
			return { moved: result.moved, problems: [...problems, ...result.problems] };
		}
		this.#sessions?.leave(groupId);
		return { moved: [], problems };
	}

	/** The full path that a file has, or will have at the end of its session; undefined for a name that is refused. */
	pathOf(file: IncomingFile): string | undefined {
		const found = placeOf(file.name, this.#destinations);
		return found.ok ? pathOf(found.place) : undefined;
	}

	offer(file: IncomingFile): FileDecision {
		if (this.#files.has(file.handle)) return rejected(`handle ${file.handle} is in use by another file`);
		const found = this.#placeOrReason(file);
		if (!found.ok) return rejected(found.reason);
		const { place } = found;
		if (file.type !== FileType.FreeSpace) {
			if (place.last === undefined)
				return rejected(`the name ${quoted(file.name)} is the destination directory itself`);
			if (isTemporaryName(place.last)) {
				return rejected(`the name ${quoted(file.name)} is one that receivers use for files that are not complete`);
			}
		}
		try {
			return this.#decide(file, place);
		} catch (error) {
			this.#made.removeEmpty(place.destination, place.parents);
			return failed(file, error);
		}
	}

	write(handle: number, offset: number, bytes: Uint8Array, at: number, length: number): string | undefined {
		const file = this.#files.get(handle);
		if (file === undefined) return `No file is open under handle ${handle}.`;
		return file.write(offset, bytes, at, length);
	}

	finish(handle: number): string | undefined {
		const file = this.#files.get(handle);
		if (file === undefined) return `No file is open under handle ${handle}.`;
		this.#files.delete(handle);
		const fault = file.finish((parent) => this.#putAside(file.file.groupId, file.place, parent));
		const { destination, parents } = file.place;
		if (fault === undefined) this.#made.keep(destination, parents);
		else this.#made.removeEmpty(destination, parents);
		return fault;
	}

	discard(handle: number, arrived?: BlockMap): void {
		const open = this.#files.get(handle);
		if (open === undefined) return;
		this.#files.delete(handle);
		const { file, place } = open;
		const restarts = file.sync || arrived === undefined ? undefined : this.#restarts;
		if (restarts === undefined) open.discard();
		const left = restarts === undefined ? undefined : open.keep();
		if (restarts === undefined || arrived === undefined || left === undefined) {
			this.#made.removeEmpty(place.destination, place.parents);
			return;
		}
		this.#made.keep(place.destination, place.parents);
		restarts.keep(file, nameOf(place), left, arrived);
	}

	/** Files that are open at the moment. */
	get openFiles(): number {
		return this.#files.size;
	}

	/** Gives up every file that is not complete. */
	close(): void {
		for (const handle of [...this.#files.keys()]) this.discard(handle);
	}

	#placeOrReason(file: IncomingFile): PlaceDecision {
		try {
			return this.#placeOf(file);
		} catch (error) {
			return { ok: false, reason: `no folder can be made for its session: ${because(error)}` };
		}
	}

	#placeOf(file: IncomingFile): PlaceDecision {
		if (this.#sessions === undefined) return placeOf(file.name, this.#destinations);
		if (file.name.startsWith('/')) {
			const reason = `the name ${quoted(file.name)} is absolute, which a temporary directory does not allow`;
			return { ok: false, reason };
		}
		return placeOf(file.name, [this.#sessions.make(file.groupId)]);
	}

	/** Keeps what stands under a name, if there is a folder for that. */
	#putAside(groupId: number, place: Place, parent: DirectoryHandle): void {
		const backup = this.#backups[this.#destinations.indexOf(place.destination)];
		if (backup === undefined) return;
		putAside(backup, place, parent, this.#announcedAt.get(groupId) ?? Date.now(), this.#directoryMode);
	}

	#decide(file: IncomingFile, place: Place): FileDecision {
		switch (file.type) {
			case FileType.Regular:
				return this.#regular(file, place);
			case FileType.EmptyDirectory:
				return this.#emptyDirectory(file, place);
			case FileType.SymbolicLink:
				return this.#symbolicLink(file, place);
			case FileType.Delete:
				return this.#delete(file, place);
			case FileType.FreeSpace:
				return { ...answered(''), freeSpaceBytes: spaceAt(place).availableBytes };
			default:
				return rejected(`it is a thing of unknown type ${String(file.type)}`);
		}
	}

	#regular(file: IncomingFile, place: Place): FileDecision {
		const parent = this.#existingParentOf(place);
		let isTaken = false;
		try {
			const existing = parent && lstatChild(parent, place.last as string);
			const fault = collision(file, existing) ?? this.#alreadyOpen(place);
			if (fault !== undefined) return rejected(fault);
			const status = statusOf(file, existing && describe(existing));
			if (status === CompleteStatus.Skipped) return answered('the file here is as new', status);
			if (file.preview) return answered('preview only: nothing is written', status);
			if (this.#restarts?.hasComplete(file, existing) === true) {
				return answered('it is here from an earlier run of the session');
			}
			const left = this.#restarts?.find(file, nameOf(place));
			const shortage = this.#shortage(file, place, existing, left === undefined ? 0 : arrivedBytes(left.map));
			if (shortage !== undefined) return rejected(shortage);
			isTaken = true;
			return this.#take(file, place, parent ?? this.#parentOf(place), status, left);
		} finally {
			if (!isTaken && parent !== undefined) closeDirectory(parent);
		}
	}

	/** Makes the file, or goes on with what is `left` of it. Takes `parent` over. */
	#take(
		file: IncomingFile,
		place: Place,
		parent: DirectoryHandle,
		status: CompleteStatus,
		left: ReturnType<SessionRestarts['find']>,
	): FileDecision {
		const resumed = left && this.#restarts?.resume(file, place, parent, this.#rules, left);
		if (left !== undefined && resumed !== undefined) {
			this.#files.set(file.handle, resumed);
			return { kind: 'accept', status, present: left.map };
		}
		if (!this.#rules.temporaryNames) this.#putAside(file.groupId, place, parent);
		this.#files.set(file.handle, IncomingRegular.create(file, place, parent, this.#rules));
		return { kind: 'accept', status };
	}

	#emptyDirectory(file: IncomingFile, place: Place): FileDecision {
		const existing = this.#look(place);
		if (existing?.isDirectory()) return answered('the directory exists', CompleteStatus.Skipped);
		if (existing !== undefined) return rejected(`${quoted(file.name)} exists here and is not a directory`);
		if (file.preview) return answered('preview only: nothing is made');
		this.#inParent(place, (parent, last) => {
			fs.mkdirSync(childPath(parent, last), { mode: this.#directoryMode });
		});
		return answered('');
	}

	#symbolicLink(file: IncomingFile, place: Place): FileDecision {
		const fault = linkFault(file.link);
		if (fault !== undefined) return rejected(`the symbolic link ${quoted(file.name)} is refused: ${fault}`);
		const clash = collision(file, this.#look(place));
		if (clash !== undefined) return rejected(clash);
		if (file.preview) return answered('preview only: nothing is made');
		this.#inParent(place, (parent, last) => {
			const temporary = childPath(parent, temporaryName(file.groupId, file.fileId));
			fs.rmSync(temporary, { force: true });
			fs.symlinkSync(systemPath(file.link), temporary);
			try {
				this.#putAside(file.groupId, place, parent);
				fs.renameSync(temporary, childPath(parent, last));
			} catch (error) {
				fs.rmSync(temporary, { force: true });
				throw error;
			}
		});
		return answered('');
	}

	#delete(file: IncomingFile, place: Place): FileDecision {
		if (file.preview) return answered('preview only: nothing is removed');
		const parent = this.#existingParentOf(place);
		if (parent === undefined) return answered('there was nothing to remove');
		try {
			this.#putAside(file.groupId, place, parent);
			removeChild(parent, place.last as string);
		} finally {
			closeDirectory(parent);
		}
		return answered('');
	}

	/** What stands under the name now. */
	#look(place: Place): fs.Stats | undefined {
		const parent = this.#existingParentOf(place);
		if (parent === undefined) return undefined;
		try {
			return lstatChild(parent, place.last as string);
		} finally {
			closeDirectory(parent);
		}
	}

	#existingParentOf(place: Place): DirectoryHandle | undefined {
		const start = openDirectory(place.destination);
		try {
			return descend(start, place.parents);
		} catch (error) {
			if (codeOf(error) === 'ENOENT') return undefined;
			throw error;
		} finally {
			closeDirectory(start);
		}
	}

	/** The directory that the file goes into; it and those above it are made if they are missing. */
	#parentOf(place: Place): DirectoryHandle {
		const { destination, parents } = place;
		const start = openDirectory(destination);
		try {
			const made = (depth: number) => this.#made.add(destination, parents.slice(0, depth));
			return descend(start, parents, { mode: this.#directoryMode, made });
		} finally {
			closeDirectory(start);
		}
	}

	#inParent(place: Place, act: (parent: DirectoryHandle, last: string) => void): void {
		const parent = this.#parentOf(place);
		try {
			act(parent, place.last as string);
		} finally {
			closeDirectory(parent);
		}
		this.#made.keep(place.destination, place.parents);
	}

	/** Without temporary names two sessions would write into one file. */
	#alreadyOpen(place: Place): string | undefined {
		if (this.#rules.temporaryNames) return undefined;
		const key = pathOf(place);
		for (const open of this.#files.values()) {
			if (pathOf(open.place) === key) return 'the same file is being received from another session';
		}
		return undefined;
	}

	/** Asks the file system in which the file will lie: another one may be mounted anywhere below the destination. */
	#shortage(file: IncomingFile, place: Place, existing: fs.Stats | undefined, arrived: number): string | undefined {
		const { device, availableBytes } = spaceAt(place);
		const freed = existing === undefined ? 0 : existing.blocks * 512;
		let free = availableBytes - this.#minFreeBytes + arrived;
		for (const open of this.#files.values()) if (open.device === device) free -= open.missingBytes;
		if (!this.#rules.temporaryNames) free += freed;
		if (file.size <= free) return undefined;
		const shortage = `Not enough disk space: the file needs ${file.size} bytes, ${Math.max(free, 0)} are available`;
		// Renaming a complete file over the old one needs room for both.
		const fitsInPlace = this.#rules.temporaryNames && file.size <= free + freed;
		if (!fitsInPlace) return shortage;
		const setting = this.#inPlaceSetting === undefined ? '' : ` (${this.#inPlaceSetting})`;
		return `${shortage} beside the old one: free some space, or let files be updated in place${setting}`;
	}
}

function pathOf(place: Place): string {
	return [place.destination, ...place.parents, place.last].join('/');
}

/** The path in the folder of a session. */
function nameOf(place: Place): string {
	return [...place.parents, place.last].join('/');
}

function describe(stats: fs.Stats): { regular: boolean; size: number; modifiedSeconds: number } {
	return { regular: stats.isFile(), size: stats.size, modifiedSeconds: Math.floor(stats.mtimeMs / 1000) };
}

/** Regular files and links replace each other, never a directory or something special. */
function collision(file: IncomingFile, existing: fs.Stats | undefined): string | undefined {
	if (existing === undefined || existing.isFile() || existing.isSymbolicLink()) return undefined;
	if (existing.isDirectory()) return `${quoted(file.name)} is a directory here`;
	return `${quoted(file.name)} is a pipe, a socket or a device here`;
}

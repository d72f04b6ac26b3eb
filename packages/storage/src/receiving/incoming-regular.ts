/** One regular file on its way in: open under a temporary name, or under its own, until it is complete or given up. */
import fs from 'node:fs';
import type { IncomingFile } from '@uftp/protocol';
import type { Place } from '../destination.ts';
import { childPath, closeDirectory, type DirectoryHandle, lstatChild } from '../directory-handle.ts';
import { because, codeOf } from '../failure.ts';
import { quoted } from '../wire-name.ts';
import { temporaryName } from './temporary-names.ts';

/** Tries to find a free temporary name; more receivers than this in one directory are an error. */
const maxNameAttempts = 100;

/** How new files are made. */
export interface CreationRules {
	/** Under a temporary name beside the target, renamed when complete. */
	readonly temporaryNames: boolean;
	/** Permissions of new files; the process's own umask narrows them further. */
	readonly fileMode: number;
}

export class IncomingRegular {
	readonly file: IncomingFile;
	readonly place: Place;
	readonly #fd: number;
	readonly #parent: DirectoryHandle;
	/** The name that the file has now; its final one is `place.last`. */
	readonly #nameNow: string;
	readonly #nameThen: string;
	readonly #modifiedSeconds: number | undefined;
	#missingBytes: number;
	#device: number | undefined;

	private constructor(file: IncomingFile, place: Place, parent: DirectoryHandle, fd: number, nameNow: string) {
		this.file = file;
		this.place = place;
		this.#fd = fd;
		this.#parent = parent;
		this.#nameNow = nameNow;
		this.#nameThen = place.last as string;
		this.#modifiedSeconds = file.modifiedSeconds;
		this.#missingBytes = file.size;
	}

	/**
	 * Makes the file at its full size (sparse: blocks may come in any order). Takes `parent` over, also when it throws.
	 * A file that is replaced never becomes readable to more people than before.
	 */
	static create(file: IncomingFile, place: Place, parent: DirectoryHandle, rules: CreationRules): IncomingRegular {
		const target = place.last as string;
		let made: { fd: number; name: string } | undefined;
		try {
			const existing = lstatChild(parent, target);
			// Nobody may read here what he may not read at the sender, nor what he could not read before.
			const allowed = rules.fileMode & (0o600 | (file.permissions ?? 0o777));
			const mode = existing?.isFile() ? allowed & existing.mode : allowed;
			made = rules.temporaryNames
				? createTemporary(file, parent, mode)
				: { fd: createTarget(parent, target, mode, existing), name: target };
			fs.ftruncateSync(made.fd, file.size);
			return new IncomingRegular(file, place, parent, made.fd, made.name);
		} catch (error) {
			if (made !== undefined) {
				fs.closeSync(made.fd);
				fs.rmSync(childPath(parent, made.name), { force: true });
			}
			closeDirectory(parent);
			throw error;
		}
	}

	/**
	 * Opens what an earlier run of the session left of the file; `arrivedBytes` of it are there. Takes `parent` over, but
	 * for when it returns undefined: it is gone, or not what it was.
	 */
	static resume(
		file: IncomingFile,
		place: Place,
		parent: DirectoryHandle,
		rules: CreationRules,
		left: { readonly temporaryName: string; readonly changedMs: number; readonly arrivedBytes: number },
	): IncomingRegular | undefined {
		let fd: number | undefined;
		try {
			fd = fs.openSync(childPath(parent, left.temporaryName), resumeFlags);
			const stats = fs.fstatSync(fd);
			if (stats.isFile() && stats.size === file.size && stats.mtimeMs === left.changedMs) {
				fs.fchmodSync(fd, stats.mode & rules.fileMode & (0o600 | (file.permissions ?? 0o777)));
				const resumed = new IncomingRegular(file, place, parent, fd, left.temporaryName);
				resumed.#missingBytes -= left.arrivedBytes;
				return resumed;
			}
		} catch (error) {
			if (codeOf(error) === '') throw error;
		}
		if (fd !== undefined) fs.closeSync(fd);
		return undefined;
	}

	/** Number of the device that the file lies on. */
	get device(): number {
		this.#device ??= fs.fstatSync(this.#fd).dev;
		return this.#device;
	}

	/** Bytes that have not been written yet: the disk space that is still spoken for. */
	get missingBytes(): number {
		return Math.max(this.#missingBytes, 0);
	}

	write(offset: number, bytes: Uint8Array, at: number, length: number): string | undefined {
		const { size } = this.file;
		if (offset < 0 || offset + length > size) {
			const range = `bytes ${offset} to ${offset + length}`;
			return `${quoted(this.#nameThen)} has ${size} bytes, but a block covers ${range}.`;
		}
		try {
			let done = 0;
			while (done < length) {
				done += fs.writeSync(this.#fd, bytes, at + done, length - done, offset + done);
			}
		} catch (error) {
			return `${quoted(this.#nameThen)} cannot be written: ${because(error)}.`;
		}
		this.#missingBytes -= length;
		return undefined;
	}

	/**
	 * Sets the time, closes, and puts the file under its name; `beforeRename` may put aside what has the name. After a
	 * failure nothing of it is left.
	 */
	finish(beforeRename?: (parent: DirectoryHandle) => void): string | undefined {
		try {
			try {
				if (this.#modifiedSeconds !== undefined) {
					// A negative number would stand for the time of now.
					const time = new Date(this.#modifiedSeconds * 1000);
					fs.futimesSync(this.#fd, time, time);
				}
			} finally {
				fs.closeSync(this.#fd);
			}
			if (this.#nameNow !== this.#nameThen) {
				beforeRename?.(this.#parent);
				fs.renameSync(childPath(this.#parent, this.#nameNow), childPath(this.#parent, this.#nameThen));
			}
			return undefined;
		} catch (error) {
			this.#remove();
			return `${quoted(this.#nameThen)} is complete but cannot be put under its name: ${because(error)}.`;
		} finally {
			closeDirectory(this.#parent);
		}
	}

	/**
	 * The file may be resumed: closes it and leaves it under its temporary name. Its bytes reach the disk first, because
	 * nobody will look at them again. Undefined, and nothing of it is left, if that is impossible.
	 */
	keep(): { temporaryName: string; changedMs: number } | undefined {
		if (this.#nameNow === this.#nameThen) {
			this.discard();
			return undefined;
		}
		try {
			fs.fsyncSync(this.#fd);
			const changedMs = fs.fstatSync(this.#fd).mtimeMs;
			fs.closeSync(this.#fd);
			closeDirectory(this.#parent);
			return { temporaryName: this.#nameNow, changedMs };
		} catch (error) {
			if (codeOf(error) === '') throw error;
			this.discard();
			return undefined;
		}
	}

	/** Removes what was written. */
	discard(): void {
		fs.closeSync(this.#fd);
		this.#remove();
		closeDirectory(this.#parent);
	}

	#remove(): void {
		try {
			fs.unlinkSync(childPath(this.#parent, this.#nameNow));
		} catch (error) {
			// Somebody removed it first, or the directory lost its permissions: the next start cleans up.
			if (codeOf(error) === '') throw error;
		}
	}
}

const resumeFlags = fs.constants.O_RDWR | fs.constants.O_NOFOLLOW | fs.constants.O_NONBLOCK;
const createFlags = fs.constants.O_RDWR | fs.constants.O_CREAT | fs.constants.O_EXCL | fs.constants.O_NOFOLLOW;

function createTemporary(file: IncomingFile, parent: DirectoryHandle, mode: number): { fd: number; name: string } {
	for (let attempt = 0; ; attempt++) {
		const name = temporaryName(file.groupId, file.fileId, attempt);
		try {
			// Never an existing file: it may belong to another receiver that shares the directory.
			return { fd: fs.openSync(childPath(parent, name), createFlags, mode), name };
		} catch (error) {
			if (codeOf(error) !== 'EEXIST' || attempt >= maxNameAttempts) throw error;
		}
	}
}

function createTarget(parent: DirectoryHandle, target: string, mode: number, existing: fs.Stats | undefined): number {
	const path = childPath(parent, target);
	if (existing?.isFile()) {
		return fs.openSync(path, fs.constants.O_RDWR | fs.constants.O_TRUNC | fs.constants.O_NOFOLLOW);
	}
	// A symbolic link is replaced, never written through.
	if (existing !== undefined) fs.unlinkSync(path);
	return fs.openSync(path, createFlags, mode);
}

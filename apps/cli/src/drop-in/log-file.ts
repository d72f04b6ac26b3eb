/**
 * A log file that lines are appended to: rolled when it has reached its size (-g, -n), and opened anew on request, so
 * that tools that move logs away need no restart.
 */
import fs from 'node:fs';
import { resolvePath, systemPath } from '@uftp/storage/paths';
import { encodeUtf8, hasEscapedBytes } from '@uftp/wire';
import { CommandError, ExitCode, systemReason } from './command-error.ts';

/** -g and -n. */
export interface LogRolling {
	/** A file that has become so large is put aside. */
	readonly bytesMax: number;
	/** Files that are kept: `.1` is the newest. */
	readonly count: number;
}

export class LogFile {
	readonly path: string;
	readonly #rolling: LogRolling | undefined;
	#fd: number;
	#bytes: number;

	/** Opens the file for appending (made with the caller's umask), or throws a `CommandError` with exit 4, as C. */
	constructor(given: string, rolling?: LogRolling) {
		this.path = resolvePath(given);
		this.#rolling = rolling;
		this.#fd = openLogFile(given);
		this.#bytes = fs.fstatSync(this.#fd).size;
	}

	/** Appends whole lines. What the disk does not take is lost: a log must not stop a transfer. */
	write(text: string): void {
		this.#bytes += writeFully(this.#fd, text);
		if (this.#rolling !== undefined && this.#bytes >= this.#rolling.bytesMax) this.#roll(this.#rolling);
	}

	/** Goes on in the file that now has the name; the old one stays with whoever moved it. */
	reopen(): void {
		let fd: number;
		try {
			fd = fs.openSync(systemPath(this.path), 'a', 0o666);
		} catch {
			// The folder may be away for a moment: what is open is better than nothing.
			return;
		}
		fs.closeSync(this.#fd);
		this.#fd = fd;
		this.#bytes = fs.fstatSync(fd).size;
	}

	#roll({ count }: LogRolling): void {
		try {
			for (let i = count - 1; i >= 1; i--) moveIfThere(`${this.path}.${i}`, `${this.path}.${i + 1}`);
			fs.renameSync(systemPath(this.path), systemPath(`${this.path}.1`));
		} catch {
			// Not allowed to move it: it grows, and the next line tries again.
			return;
		}
		this.reopen();
	}
}

/** Opens a log file for appending, or exits 4 as C does. */
export function openLogFile(given: string): number {
	try {
		return fs.openSync(systemPath(given), 'a', 0o666);
	} catch (error) {
		throw new CommandError(
			ExitCode.LogFile,
			`Can't open log file: ${given}: ${systemReason(error)}. Give -L a file in a folder that exists and that you may write to.`,
		);
	}
}

/** Writes to a descriptor as much as it takes; returns how many bytes that were. */
export function writeFully(fd: number, text: string): number {
	const bytes = hasEscapedBytes(text) ? encodeUtf8(text) : Buffer.from(text);
	let at = 0;
	for (let attempt = 0; at < bytes.length && attempt < 1000; attempt++) {
		try {
			at += fs.writeSync(fd, bytes, at);
		} catch (error) {
			// A full pipe: its reader gets a moment.
			if ((error as NodeJS.ErrnoException).code !== 'EAGAIN') break;
			Bun.sleepSync(1);
		}
	}
	return at;
}

function moveIfThere(from: string, to: string): void {
	try {
		fs.renameSync(systemPath(from), systemPath(to));
	} catch (error) {
		if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
	}
}

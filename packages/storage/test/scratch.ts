/** Directories of a test's own, removed after it. */
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { FileType, type IncomingFile } from '@uftp/protocol';
import { onTestFinished } from 'vitest';

/** A new empty directory. */
export function scratchDirectory(): string {
	const directory = fs.mkdtempSync(path.join(fs.realpathSync(os.tmpdir()), 'uftp-storage-'));
	onTestFinished(() => fs.rmSync(directory, { recursive: true, force: true }));
	return directory;
}

/** Everything under a directory as sorted lines: "dir/", "file", "link -> target". */
export function listing(directory: string, above = ''): string[] {
	return fs
		.readdirSync(directory, { withFileTypes: true })
		.flatMap((entry) => {
			const full = path.join(directory, entry.name);
			const shown = above + entry.name;
			if (entry.isSymbolicLink()) return [`${shown} -> ${fs.readlinkSync(full)}`];
			return entry.isDirectory() ? [`${shown}/`, ...listing(full, `${shown}/`)] : [shown];
		})
		.sort();
}

/** Descriptors of this process that lead below `directory`; other tests share the process. */
export function openBelow(directory: string): number {
	return fs.readdirSync('/proc/self/fd').filter((fd) => {
		try {
			return fs.readlinkSync(`/proc/self/fd/${fd}`).startsWith(directory);
		} catch {
			return false;
		}
	}).length;
}

let handles = 0;

/** An offered regular file, unless told otherwise. */
export function incoming(name: string, given: Partial<IncomingFile> = {}): IncomingFile {
	handles++;
	return {
		handle: handles,
		groupId: 0x00c0ffee,
		groupInstance: 0,
		senderId: 0x0a630001,
		fileId: handles,
		type: FileType.Regular,
		name,
		size: 0,
		modifiedSeconds: undefined,
		link: '',
		sync: false,
		preview: false,
		...given,
	};
}

/** Bytes that differ from place to place, so that a block in the wrong place shows. */
export function pattern(length: number, seed = 1): Uint8Array {
	const bytes = new Uint8Array(length);
	let state = seed >>> 0 || 1;
	for (let i = 0; i < length; i++) {
		state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
		bytes[i] = state >>> 24;
	}
	return bytes;
}

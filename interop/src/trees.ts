import { spawnSync } from 'node:child_process';
import {
	closeSync,
	existsSync,
	ftruncateSync,
	lstatSync,
	mkdirSync,
	openSync,
	readdirSync,
	readFileSync,
	readlinkSync,
	symlinkSync,
	utimesSync,
	writeFileSync,
	writeSync,
} from 'node:fs';
import { dirname, join } from 'node:path';

/** What a scenario sends: made on disk from this, and compared with what arrived. */
export type TreeEntry =
	| { readonly path: string; readonly bytes: number }
	/** A file with holes: a few bytes at the start, in the middle and at the end. */
	| { readonly path: string; readonly sparseBytes: number }
	| { readonly path: string; readonly directory: true }
	| { readonly path: string; readonly link: string };

/** 2020-02-02 02:02:02 UTC; each file of a tree is a minute and a second older than the one before. */
const firstModifiedSeconds = 1_580_608_922;
const readAtMostBytes = 256 * 1024 * 1024;

/** Makes the entries under `root`. Contents depend on the place in the list only, so that a failure can be repeated. */
export function makeTree(root: string, entries: readonly TreeEntry[]): void {
	for (const [index, entry] of entries.entries()) {
		const path = join(root, entry.path);
		mkdirSync(dirname(path), { recursive: true });
		if ('directory' in entry) mkdirSync(path, { recursive: true });
		else if ('link' in entry) symlinkSync(entry.link, path);
		else {
			if ('sparseBytes' in entry) writeSparse(path, entry.sparseBytes);
			else writeFileSync(path, noise(entry.bytes, index + 1));
			const seconds = firstModifiedSeconds - index * 61;
			utimesSync(path, seconds, seconds);
		}
	}
}

/** Bytes of all regular files of a tree. */
export function sizeOfTree(entries: readonly TreeEntry[]): number {
	return entries.reduce((sum, entry) => sum + ('bytes' in entry ? entry.bytes : 0), 0);
}

/** Pseudo-random bytes (xorshift) that no compression and no lucky guess makes right. */
export function noise(bytes: number, seed: number): Uint8Array {
	const words = new Uint32Array(Math.ceil(bytes / 4));
	let state = (seed * 2_654_435_761) >>> 0 || 1;
	for (let i = 0; i < words.length; i++) {
		state ^= state << 13;
		state ^= state >>> 17;
		state ^= state << 5;
		words[i] = state;
	}
	return new Uint8Array(words.buffer, 0, bytes);
}

/**
 * What differs between what was sent and what lies in `received`: names, types, bytes, link targets, and times of
 * files to the second. Empty when they are the same.
 */
export function differences(sent: string, received: string): string[] {
	const found: string[] = [];
	const here = list(sent);
	const there = list(received);
	for (const path of here.keys()) if (!there.has(path)) found.push(`${path} is missing`);
	for (const path of there.keys()) if (!here.has(path)) found.push(`${path} was never sent`);
	for (const [path, kind] of here) {
		const other = there.get(path);
		if (other === undefined) continue;
		if (kind !== other) found.push(`${path} should be ${kind} but is ${other}`);
		else if (kind.startsWith('a file') && !sameBytes(join(sent, path), join(received, path))) {
			found.push(`${path} has other bytes`);
		}
	}
	return found;
}

/** True if both files exist and hold the same bytes. */
export function sameBytes(one: string, other: string): boolean {
	if (!existsSync(one) || !existsSync(other)) return false;
	if (lstatSync(one).size !== lstatSync(other).size) return false;
	if (lstatSync(one).size > readAtMostBytes) return spawnSync('cmp', ['-s', one, other]).status === 0;
	return readFileSync(one).equals(readFileSync(other));
}

function list(root: string, below = '', kinds = new Map<string, string>()): Map<string, string> {
	if (!existsSync(root)) return kinds;
	for (const name of readdirSync(join(root, below))) {
		const path = join(below, name);
		const stat = lstatSync(join(root, path));
		if (stat.isSymbolicLink()) kinds.set(path, `a link to ${readlinkSync(join(root, path))}`);
		else if (stat.isDirectory()) {
			kinds.set(path, 'a directory');
			list(root, path, kinds);
		} else kinds.set(path, `a file of ${stat.size} bytes, modified ${Math.floor(stat.mtimeMs / 1000)}`);
	}
	return kinds;
}

function writeSparse(path: string, bytes: number): void {
	const file = openSync(path, 'w');
	try {
		ftruncateSync(file, bytes);
		for (const [part, at] of [0, Math.floor(bytes / 2), bytes - 4096].entries()) {
			writeSync(file, noise(4096, part + 1), 0, 4096, at);
		}
	} finally {
		closeSync(file);
	}
}

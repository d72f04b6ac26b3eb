/**
 * Paths as system calls take them. File names are bytes; in the program they are text in which a byte that is not UTF-8
 * stands as a lone surrogate (`@uftp/wire`, utf8.ts), so that every name that exists can be sent and stored as it is.
 * The runtime's `node:path` puts U+FFFD in the place of such bytes: these functions do not.
 */
import fs from 'node:fs';
import path from 'node:path';
import { decodeUtf8, encodeUtf8 } from '@uftp/wire';

const escaped = /[\udc80-\udcff]/u;
const REPLACED = '\ufffd';

/** The path, or its bytes if it has some that are not UTF-8. */
export function systemPath(path: string): string | Buffer {
	return escaped.test(path) ? Buffer.from(encodeUtf8(path)) : path;
}

/** Names in a directory, in no order. */
export function namesIn(directory: string | Buffer): string[] {
	return fs.readdirSync(directory, { encoding: 'buffer' }).map(text);
}

/** Target of a symbolic link. */
export function linkTarget(path: string | Buffer): string {
	return text(fs.readlinkSync(path, { encoding: 'buffer' }));
}

/** The path without symbolic links in it. */
export function realPath(path: string): string {
	return text(fs.realpathSync(systemPath(path), { encoding: 'buffer' }));
}

/** The directory that relative paths start from. */
export function workingDirectory(): string {
	const directory = process.cwd();
	return directory.includes(REPLACED) ? linkTarget('/proc/self/cwd') : directory;
}

/** The absolute path without ".", ".." and doubled or trailing "/", as `path.resolve` makes it. */
export function resolvePath(given: string): string {
	const start = given.startsWith('/') ? '' : workingDirectory();
	if (!escaped.test(given) && !escaped.test(start)) return path.resolve(given);
	const components: string[] = [];
	for (const component of `${start}/${given}`.split('/')) {
		if (component === '..') components.pop();
		else if (component !== '' && component !== '.') components.push(component);
	}
	return `/${components.join('/')}`;
}

/** What is behind the last "/", trailing ones left out. */
export function lastName(given: string): string {
	return /([^/]*)\/*$/.exec(given)?.[1] ?? '';
}

function text(bytes: Uint8Array): string {
	return decodeUtf8(bytes, 0, bytes.length);
}

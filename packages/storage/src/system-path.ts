/**
 * Paths as system calls take them. File names are bytes; in the program they are text in which a byte that is not UTF-8
 * stands as a lone surrogate (`@uftp/wire`, utf8.ts), so that every name that exists can be sent and stored as it is.
 */
import fs from 'node:fs';
import { decodeUtf8, encodeUtf8 } from '@uftp/wire';

const escaped = /[\udc80-\udcff]/u;

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

function text(bytes: Uint8Array): string {
	return decodeUtf8(bytes, 0, bytes.length);
}

/** Text files that people write, on whatever system: lists, restart files, files of ids. */
import fs from 'node:fs';
import { systemPath } from '@uftp/storage/paths';
import { decodeUtf8 } from '@uftp/wire';

/**
 * The lines of a file, or of an open descriptor, without their ends: "\n" or "\r\n". Throws what the system says. See
 * `decodeText` for what becomes of the bytes.
 */
export function readLines(path: string | number): string[] {
	return linesOfText(readText(path));
}

/** The text of a file, or of an open descriptor. Throws what the system says. */
export function readText(path: string | number): string {
	return decodeText(fs.readFileSync(typeof path === 'number' ? path : systemPath(path)));
}

/** Lines without their ends, "\n" or "\r\n". A last line without one counts, an empty rest behind the last one does not. */
export function linesOfText(text: string): string[] {
	const lines = text.split(/\r?\n/);
	const last = lines.at(-1);
	if (last === '') lines.pop();
	else if (last?.endsWith('\r')) lines[lines.length - 1] = last.slice(0, -1);
	return lines;
}

/**
 * Text of bytes: UTF-8, or UTF-16 behind its byte order mark, as Windows' programs write it; the mark is left out. Bytes
 * that are not UTF-8 stay what they are (`@uftp/wire`, utf8.ts): they may be the name of a file.
 */
export function decodeText(bytes: Uint8Array): string {
	if (bytes[0] === 0xff && bytes[1] === 0xfe) return new TextDecoder('utf-16le').decode(bytes);
	if (bytes[0] === 0xfe && bytes[1] === 0xff) return new TextDecoder('utf-16be').decode(bytes);
	try {
		return new TextDecoder('utf-8', { fatal: true }).decode(bytes);
	} catch {
		const start = bytes[0] === 0xef && bytes[1] === 0xbb && bytes[2] === 0xbf ? 3 : 0;
		return decodeUtf8(bytes, start, bytes.length);
	}
}

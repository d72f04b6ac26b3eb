/**
 * The words of the command line as they were given. The runtime puts U+FFFD in the place of bytes that are not UTF-8,
 * so words with such bytes are read from the system: they may name files.
 */
import fs from 'node:fs';
import { decodeUtf8 } from '@uftp/wire';
import { isDaemon } from './daemon/daemon.ts';

const REPLACED = '\ufffd';
const NUL = 0;

/** The words behind the command's name; bytes that are not UTF-8 as in `@uftp/wire` (utf8.ts). */
export function commandWords(): readonly string[] {
	const words = process.argv.slice(2);
	if (!words.some((word) => word.includes(REPLACED))) return words;
	// The daemon was started with the replaced words; the command that started it waits for it, and has the raw ones.
	const owner = isDaemon() ? process.ppid : 'self';
	try {
		return rawWords(fs.readFileSync(`/proc/${owner}/cmdline`), words);
	} catch {
		return words;
	}
}

/** The last of the words in `cmdline` if they are `words` before the replacement, else `words`. */
export function rawWords(cmdline: Uint8Array, words: readonly string[]): readonly string[] {
	const all: string[] = [];
	for (let at = 0; at < cmdline.length; ) {
		const end = cmdline.indexOf(NUL, at);
		all.push(decodeUtf8(cmdline, at, end < 0 ? cmdline.length : end));
		if (end < 0) break;
		at = end + 1;
	}
	const raw = all.slice(all.length - words.length);
	return raw.length === words.length && raw.every((word, i) => comparable(word) === comparable(words[i])) ? raw : words;
}

/** How many U+FFFD stand for a run of bytes differs from decoder to decoder. */
function comparable(word: string): string {
	return word.replace(/[\udc80-\udcff\ufffd]+/gu, REPLACED);
}

/** Lists of nodes in files: one entry per line, its parts between "|", "#" before a comment. */
import { parseFingerprint } from '@uftp/crypto';
import { isUid, parseUid } from '@uftp/wire';
import { readLines } from './list-file.ts';

/** What is wrong with a list, as a sentence that says where. */
export class ListError extends Error {
	override readonly name = 'ListError';
}

/** One line of a list, its parts trimmed. */
export interface ListLine {
	readonly parts: readonly string[];
	/** "list.txt, line 3": for what is wrong with it. */
	readonly place: string;
}

/** The lines of a list that are neither empty nor comments. Throws what the system says. */
export function listLines(path: string): ListLine[] {
	const lines: ListLine[] = [];
	for (const [i, line] of readLines(path).entries()) {
		const trimmed = line.trim();
		if (trimmed === '' || trimmed.startsWith('#')) continue;
		lines.push({ parts: trimmed.split('|').map((part) => part.trim()), place: `${path}, line ${i + 1}` });
	}
	return lines;
}

/** The fingerprint in a list; C reads what is none as zeros, which then fits no key. Throws a `ListError`. */
export function listedFingerprint(text: string | undefined, place: string): Uint8Array | undefined {
	if (text === undefined || text === '') return undefined;
	const print = parseFingerprint(text);
	if (print !== undefined) return print;
	throw new ListError(
		`Invalid fingerprint in ${place}: it takes 20 pairs of hex digits with colons between them, as uftp_keymgt shows them, not "${text}".`,
	);
}

/** A UID as C reads it from a list: as an IPv4 address in any of its forms, else as hex digits. */
export function listedUid(text: string): number | undefined {
	return uidOfNumericAddress(text) ?? parseUid(text);
}

/**
 * The UID that a numeric IPv4 text stands for, in every spelling that the C library takes: "10.0.0.7", but also one to
 * four numbers, decimal, octal (0...) or hex (0x...), the last of which fills the bytes that are left. That is how the C
 * programs read the entries of their lists first, so "1234" is the UID 0x000004D2. Undefined if the text is no such address.
 */
export function uidOfNumericAddress(text: string): number | undefined {
	const parts = text.split('.');
	if (parts.length > 4) return undefined;
	let uid = 0;
	for (let i = 0; i < parts.length; i++) {
		const part = parts[i];
		if (!/^(0[xX][0-9a-fA-F]+|0[0-7]*|[1-9]\d*)$/.test(part)) return undefined;
		const value = /^0\d/.test(part) ? Number.parseInt(part, 8) : Number(part);
		const isLast = i === parts.length - 1;
		if (value > (isLast ? 2 ** (8 * (4 - i)) - 1 : 255)) return undefined;
		uid += isLast ? value : value * 2 ** (8 * (3 - i));
	}
	return isUid(uid) ? uid : undefined;
}

/** What the system said, without the call and the path that Node puts around it: "no such file or directory". */
export function systemReason(error: unknown): string {
	const text = error instanceof Error ? error.message : String(error);
	return /^[A-Z0-9_]+: (.*?)(, \w+.*)?$/.exec(text)?.[1] ?? text;
}

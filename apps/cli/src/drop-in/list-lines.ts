/** Lists of -H, -j and -S: one entry per line, its parts between "|", "#" before a comment. */
import { parseFingerprint } from '@uftp/crypto';
import { CommandError, ExitCode } from './command-error.ts';

/** One line of a list, its parts trimmed. */
export interface ListLine {
	readonly parts: readonly string[];
	/** "list.txt, line 3": for what is wrong with it. */
	readonly place: string;
}

/** The lines of a list's text that are neither empty nor comments. */
export function listLines(text: string, path: string): ListLine[] {
	const lines: ListLine[] = [];
	for (const [i, line] of text.split('\n').entries()) {
		const trimmed = line.trim();
		if (trimmed === '' || trimmed.startsWith('#')) continue;
		lines.push({ parts: trimmed.split('|').map((part) => part.trim()), place: `${path}, line ${i + 1}` });
	}
	return lines;
}

/** The fingerprint in a list; C reads what is none as zeros, which then fits no key. */
export function listedFingerprint(text: string | undefined, place: string): Uint8Array | undefined {
	if (text === undefined || text === '') return undefined;
	const print = parseFingerprint(text);
	if (print !== undefined) return print;
	throw new CommandError(
		ExitCode.Parameters,
		`Invalid fingerprint in ${place}: it takes 20 pairs of hex digits with colons between them, as uftp_keymgt shows them, not "${text}".`,
	);
}

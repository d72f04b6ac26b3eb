/**
 * Text from others (names, reasons, host names) as it may stand in one line of a log, a status file or a terminal: what
 * moves the cursor, ends the line or turns the direction of writing stands there as `\xHH`, byte by byte. A backslash
 * that would look like the start of such an escape is itself written `\x5c`, so that what was meant can be had back.
 */
import { encodeUtf8 } from './utf8.ts';

// C0 and C1 controls (those of 8 bits as well, which are no UTF-8), line and paragraph separators, marks of direction.
const CONTROLS =
	// biome-ignore lint/suspicious/noControlCharactersInRegex: these are the ones to show
	/[\u0000-\u001f\u007f-\u009f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069\ufeff\udc80-\udc9f]|\\(?=x[0-9a-f]{2})/gu;
const ODD_BYTES = /[\udca0-\udcff]/gu;

/** The text in one line without control characters; bytes that are not UTF-8 stay in it (utf8.ts), for files. */
export function escapeControls(text: string): string {
	return text.replace(CONTROLS, escaped);
}

/** The same with the bytes that are not UTF-8 shown as well, for terminals and for texts that only hold Unicode. */
export function shownText(text: string): string {
	return escapeControls(text).replace(ODD_BYTES, escaped);
}

function escaped(character: string): string {
	return [...encodeUtf8(character)].map((byte) => `\\x${byte.toString(16).padStart(2, '0')}`).join('');
}

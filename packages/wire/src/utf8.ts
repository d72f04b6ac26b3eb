/**
 * File names are raw bytes on the wire and strings in the program. Valid UTF-8 becomes the text it says. A byte that is
 * not valid UTF-8 (an old Latin-1 name, say) becomes the lone surrogate U+DC00 + byte, which no valid text contains, so
 * that encoding gives back exactly the bytes that came. Storage must turn such names into bytes with `encodeUtf8`.
 */

const ESCAPE = 0xdc00;
const REPLACEMENT = 0xfffd;

/** Length in bytes of the well-formed sequence at `at`, or 0 if there is none before `end`. */
function sequenceBytes(bytes: Uint8Array, at: number, end: number): number {
	const lead = bytes[at];
	if (lead < 0x80) return 1;
	const size = lead >= 0xc2 && lead <= 0xdf ? 2 : (lead & 0xf0) === 0xe0 ? 3 : lead >= 0xf0 && lead <= 0xf4 ? 4 : 0;
	if (size === 0 || at + size > end) return 0;
	for (let i = 1; i < size; i++) if ((bytes[at + i] & 0xc0) !== 0x80) return 0;
	const second = bytes[at + 1];
	// Overlong forms, surrogates, and code points past U+10FFFF.
	if (lead === 0xe0 && second < 0xa0) return 0;
	if (lead === 0xed && second > 0x9f) return 0;
	if (lead === 0xf0 && second < 0x90) return 0;
	if (lead === 0xf4 && second > 0x8f) return 0;
	return size;
}

function codePointAt(bytes: Uint8Array, at: number, size: number): number {
	if (size === 1) return bytes[at];
	let point = bytes[at] & (0x7f >> size);
	for (let i = 1; i < size; i++) point = (point << 6) | (bytes[at + i] & 0x3f);
	return point;
}

/** Decodes bytes[at .. end). Never fails: see the head of this file for bytes that are not UTF-8. */
export function decodeUtf8(bytes: Uint8Array, at: number, end: number): string {
	let text = '';
	let next = at;
	while (next < end) {
		const size = sequenceBytes(bytes, next, end);
		if (size === 0) {
			text += String.fromCharCode(ESCAPE + bytes[next]);
			next += 1;
		} else {
			text += String.fromCodePoint(codePointAt(bytes, next, size));
			next += size;
		}
	}
	return text;
}

/** Whether the text carries bytes that were not valid UTF-8 (lone surrogates U+DC80 to U+DCFF). */
export function hasEscapedBytes(text: string): boolean {
	for (const character of text) {
		const point = character.codePointAt(0) as number;
		if (point >= ESCAPE + 0x80 && point <= ESCAPE + 0xff) return true;
	}
	return false;
}

/** The bytes of a text, escaped bytes as they came. Other lone surrogates become U+FFFD. */
export function encodeUtf8(text: string): Uint8Array {
	const bytes: number[] = [];
	for (const character of text) {
		const point = character.codePointAt(0) as number;
		if (point >= ESCAPE + 0x80 && point <= ESCAPE + 0xff) bytes.push(point - ESCAPE);
		else appendCodePoint(bytes, point >= 0xd800 && point <= 0xdfff ? REPLACEMENT : point);
	}
	return Uint8Array.from(bytes);
}

function appendCodePoint(bytes: number[], point: number): void {
	if (point < 0x80) bytes.push(point);
	else if (point < 0x800) bytes.push(0xc0 | (point >> 6), 0x80 | (point & 0x3f));
	else if (point < 0x10000) bytes.push(0xe0 | (point >> 12), 0x80 | ((point >> 6) & 0x3f), 0x80 | (point & 0x3f));
	else {
		bytes.push(0xf0 | (point >> 18), 0x80 | ((point >> 12) & 0x3f));
		bytes.push(0x80 | ((point >> 6) & 0x3f), 0x80 | (point & 0x3f));
	}
}

/** Decodes a zero-padded text field: up to the first zero byte, or all of it if there is none. */
export function decodePaddedText(bytes: Uint8Array, at: number, end: number): string {
	let stop = at;
	while (stop < end && bytes[stop] !== 0) stop++;
	return decodeUtf8(bytes, at, stop);
}

import { layout, reserved, u8, u32 } from '../layout.ts';
import { ABORT_TEXT_BYTES } from '../limits.ts';
import type { Malformed } from '../malformed.ts';
import { MessageType } from '../message-type.ts';
import { copyBytes } from '../primitives.ts';
import { claim, openSecondHeader } from '../second-header.ts';
import { decodePaddedText, encodeUtf8 } from '../utf8.ts';

/** Ends a session for one host or for all (docs/protocol.md, section 4.19). */
export interface Abort {
	/** With host 0: receivers between two files stay. */
	currentFileOnly: boolean;
	/** Whom it is for: 0 is everybody (or, from a receiver, itself). */
	host: number;
	/** Why, for people. Cut after 299 bytes when encoded: C programs print it as a terminated string. */
	message: string;
}

/** The part before the text. */
export const AbortLayout = layout(8, { func: u8, headerWords: u8, flags: u8, zero: reserved(1), host: u32 });

const CURRENT_FILE_FLAG = 0x01;
/** Receivers refuse an ABORT with a shorter header. */
const ABORT_BYTES = AbortLayout.size + ABORT_TEXT_BYTES;

/** Writes 308 bytes. */
export function encodeAbort(bytes: Uint8Array, at: number, message: Abort): number {
	claim(bytes, at, ABORT_BYTES, 'ABORT');
	AbortLayout.encode(bytes, at, {
		func: MessageType.ABORT,
		headerWords: ABORT_BYTES / 4,
		flags: message.currentFileOnly ? CURRENT_FILE_FLAG : 0,
		host: message.host,
	});
	bytes.fill(0, at + AbortLayout.size, at + ABORT_BYTES);
	const text = encodeUtf8(message.message);
	copyBytes(text, 0, bytes, at + AbortLayout.size, textBytes(text));
	return ABORT_BYTES;
}

/** How much of the text is sent: all that leaves room for a terminator, without half a character at the end. */
function textBytes(text: Uint8Array): number {
	if (text.length < ABORT_TEXT_BYTES) return text.length;
	let end = ABORT_TEXT_BYTES - 1;
	while (end > 0 && (text[end] & 0xc0) === 0x80) end--;
	return end;
}

/** Takes shorter texts than 300 bytes too, as the C sender does. */
export function decodeAbort(bytes: Uint8Array, at: number, length: number): Abort | Malformed {
	const headerBytes = openSecondHeader(bytes, at, length, MessageType.ABORT, AbortLayout.size);
	if (typeof headerBytes !== 'number') return headerBytes;
	const { flags, host } = AbortLayout.decode(bytes, at);
	const textEnd = at + Math.min(headerBytes, ABORT_BYTES);
	return {
		currentFileOnly: (flags & CURRENT_FILE_FLAG) !== 0,
		host,
		message: decodePaddedText(bytes, at + AbortLayout.size, textEnd),
	};
}

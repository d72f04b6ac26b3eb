import { decodeIds, encodeIds } from '../id-list.ts';
import { layout, type Timestamp, timestamp, u8, u16, u32, u48 } from '../layout.ts';
import { ID_BYTES, MAX_NAME_BYTES } from '../limits.ts';
import { type Malformed, malformed } from '../malformed.ts';
import { MessageType } from '../message-type.ts';
import { copyBytes } from '../primitives.ts';
import { claim, headerWords, openSecondHeader } from '../second-header.ts';
import { decodePaddedText, encodeUtf8 } from '../utf8.ts';

/** Describes the next file, empty directory, link, deletion or free-space request (docs/protocol.md, section 4.7). */
export interface FileInfo {
	/** 1 to 65535. */
	fileId: number;
	/** 0 regular, 1 empty directory, 2 symbolic link, 3 delete, 4 free space. */
	type: number;
	/** Separator '/'. At most 300 bytes of UTF-8. Bytes that are not UTF-8 come escaped: see `utf8.ts`. */
	name: string;
	/** Target of a symbolic link, else "". */
	link: string;
	/** Bytes, 48 bits. */
	size: number;
	/**
	 * Seconds since 1970, also before it: a whole number, `MODIFIED_SECONDS_MAX` at most either way. Undefined: none.
	 * C programs write the low 32 bits, read them as signed, and have 0 stand for none. What these cannot say is completed
	 * by an addition of ours in two more of those reserved bytes: bit 15 says that the other fifteen hold the bits above.
	 */
	modifiedSeconds: number | undefined;
	/**
	 * Permission bits of the sender's file, the owner's right to read and write taken for granted (0o600 to 0o777). An
	 * addition of ours in a reserved byte that C programs send as 0 and never read: bit 7 says that the other seven
	 * hold the low seven permission bits. Undefined where nothing is said.
	 */
	permissions?: number | undefined;
	timestamp: Timestamp;
	/** Who is asked to answer. */
	ids: readonly number[];
}

/** The part before name and link. */
export const FileInfoLayout = layout(28, {
	func: u8,
	headerWords: u8,
	fileId: u16,
	type: u8,
	permissionBits: u8,
	timeHighBits: u16,
	nameWords: u8,
	linkWords: u8,
	size: u48,
	modifiedSeconds: u32,
	timestamp,
});

/** The times that all platforms have; FILEINFO has room for more. */
export const MODIFIED_SECONDS_MAX = 8_640_000_000_000;

const TIME_HIGH_KNOWN = 0x8000;
const PERMISSIONS_KNOWN = 0x80;
const OWNER_READ_WRITE = 0o600;
const MAX_NAME_WORDS = MAX_NAME_BYTES / 4;

/** Writes the second header and body; returns their length. RangeError for a name or link that no receiver takes. */
export function encodeFileInfo(bytes: Uint8Array, at: number, message: FileInfo): number {
	const name = nameBytes(message.name, 'name');
	const link = nameBytes(message.link, 'link target');
	const nameWords = Math.ceil(name.length / 4);
	const linkWords = Math.ceil(link.length / 4);
	const headerBytes = FileInfoLayout.size + (nameWords + linkWords) * 4;
	const length = headerBytes + message.ids.length * ID_BYTES;
	claim(bytes, at, length, 'FILEINFO');
	FileInfoLayout.encode(bytes, at, {
		func: MessageType.FILEINFO,
		headerWords: headerWords(headerBytes, 'FILEINFO'),
		fileId: message.fileId,
		type: message.type,
		permissionBits: message.permissions === undefined ? 0 : PERMISSIONS_KNOWN | (message.permissions & 0o177),
		nameWords,
		linkWords,
		size: message.size,
		...timeFields(message.modifiedSeconds),
		timestamp: message.timestamp,
	});
	// Zero padding to whole words; a name that fills its words has no terminator.
	bytes.fill(0, at + FileInfoLayout.size, at + headerBytes);
	copyBytes(name, 0, bytes, at + FileInfoLayout.size, name.length);
	copyBytes(link, 0, bytes, at + FileInfoLayout.size + nameWords * 4, link.length);
	encodeIds(bytes, at + headerBytes, message.ids);
	return length;
}

/** Whether 4.10.2 reads the time of a file as what it is. */
export function isPlainTime(seconds: number): boolean {
	return seconds !== 0 && seconds === (seconds | 0);
}

function timeFields(seconds: number | undefined): { timeHighBits: number; modifiedSeconds: number } {
	if (seconds === undefined || Math.abs(seconds) > MODIFIED_SECONDS_MAX) return { timeHighBits: 0, modifiedSeconds: 0 };
	const high = Math.floor(seconds / 0x1_0000_0000);
	const timeHighBits = isPlainTime(seconds) ? 0 : TIME_HIGH_KNOWN | (high & 0x7fff);
	return { timeHighBits, modifiedSeconds: seconds - high * 0x1_0000_0000 };
}

function timeOf(low: number, highBits: number): number | undefined {
	if ((highBits & TIME_HIGH_KNOWN) === 0) return low === 0 ? undefined : low | 0;
	// The sign is in bit 14.
	const seconds = ((highBits << 17) >> 17) * 0x1_0000_0000 + low;
	return Math.abs(seconds) > MODIFIED_SECONDS_MAX ? undefined : seconds;
}

function nameBytes(text: string, what: string): Uint8Array {
	const bytes = encodeUtf8(text);
	if (bytes.length > MAX_NAME_BYTES) {
		throw new RangeError(
			`the ${what} "${text}" is ${bytes.length} bytes long; UFTP takes ${MAX_NAME_BYTES}: shorten it`,
		);
	}
	if (bytes.includes(0))
		throw new RangeError(`the ${what} ${JSON.stringify(text)} contains a zero byte; rename the file`);
	return bytes;
}

export function decodeFileInfo(bytes: Uint8Array, at: number, length: number): FileInfo | Malformed {
	const headerBytes = openSecondHeader(bytes, at, length, MessageType.FILEINFO, FileInfoLayout.size);
	if (typeof headerBytes !== 'number') return headerBytes;
	const fixed = FileInfoLayout.decode(bytes, at);
	if (fixed.nameWords > MAX_NAME_WORDS || fixed.linkWords > MAX_NAME_WORDS) return malformed('name-too-long');
	const nameEnd = at + FileInfoLayout.size + fixed.nameWords * 4;
	const linkEnd = nameEnd + fixed.linkWords * 4;
	// The one message whose header length must be exact: the C receivers abort the session otherwise.
	if (linkEnd !== at + headerBytes) return malformed('header-length-mismatch');
	const { permissionBits } = fixed;
	const isKnown = (permissionBits & PERMISSIONS_KNOWN) !== 0;
	return {
		...(isKnown ? { permissions: OWNER_READ_WRITE | (permissionBits & 0o177) } : {}),
		fileId: fixed.fileId,
		type: fixed.type,
		name: decodePaddedText(bytes, at + FileInfoLayout.size, nameEnd),
		link: decodePaddedText(bytes, nameEnd, linkEnd),
		size: fixed.size,
		modifiedSeconds: timeOf(fixed.modifiedSeconds, fixed.timeHighBits),
		timestamp: fixed.timestamp,
		ids: decodeIds(bytes, linkEnd, at + length),
	};
}

import {
	decodeTfmccDataInfo,
	ExtensionType,
	encodeTfmccDataInfo,
	findExtension,
	type TfmccDataInfo,
	TfmccDataInfoLayout,
} from '../extensions.ts';
import { HEADER_BYTES } from '../header.ts';
import { layout, u8, u16 } from '../layout.ts';
import type { Malformed } from '../malformed.ts';
import { MessageType } from '../message-type.ts';
import { claim, openSecondHeader } from '../second-header.ts';
import { type Span, writeSpan } from '../span.ts';

/**
 * The second header of a data packet (docs/protocol.md, section 4.9). Hot: compose it once with `writeFileSegHeader`,
 * then patch `FileSegLayout.fields.section.set(bytes, at, n)` and `.block` per packet. `at` is after the common header.
 */
export const FileSegLayout = layout(8, {
	func: u8,
	headerWords: u8,
	fileId: u16,
	section: u16,
	/** Index of the block within its section. */
	block: u16,
});

/** Bytes before the data in a clear data packet: 24, or 32 with TFMCC_DATA_INFO. */
export const FILESEG_HEADER_BYTES = HEADER_BYTES + FileSegLayout.size;
export const FILESEG_TFMCC_HEADER_BYTES = FILESEG_HEADER_BYTES + TfmccDataInfoLayout.size;

/** A data packet as an object: for dumps and tests, not for the data path. */
export interface FileSeg {
	fileId: number;
	section: number;
	block: number;
	tfmccData?: TfmccDataInfo;
	data: Span;
}

/** Writes the 8 bytes before the data of a plain packet; allocates nothing and returns 8. The caller has the room. */
export function writeFileSegHeader(
	bytes: Uint8Array,
	at: number,
	fileId: number,
	section: number,
	block: number,
): number {
	bytes[at] = MessageType.FILESEG;
	bytes[at + 1] = 2;
	FileSegLayout.fields.fileId.set(bytes, at, fileId);
	FileSegLayout.fields.section.set(bytes, at, section);
	FileSegLayout.fields.block.set(bytes, at, block);
	return FileSegLayout.size;
}

/**
 * How many bytes after `at` the data of the FILESEG in bytes[at .. at+length) starts, or -1 if its header does not
 * fit. Hot: allocates nothing. The data is the rest; it may be empty.
 */
export function fileSegDataOffset(bytes: Uint8Array, at: number, length: number): number {
	if (length < FileSegLayout.size || at + length > bytes.length || bytes[at] !== MessageType.FILESEG) return -1;
	const headerBytes = bytes[at + 1] * 4;
	return headerBytes < FileSegLayout.size || headerBytes > length ? -1 : headerBytes;
}

export function encodeFileSeg(bytes: Uint8Array, at: number, message: FileSeg): number {
	const tfmccBytes = message.tfmccData === undefined ? 0 : TfmccDataInfoLayout.size;
	const headerBytes = FileSegLayout.size + tfmccBytes;
	const length = headerBytes + message.data.length;
	claim(bytes, at, length, 'FILESEG');
	writeFileSegHeader(bytes, at, message.fileId, message.section, message.block);
	FileSegLayout.fields.headerWords.set(bytes, at, headerBytes / 4);
	if (message.tfmccData !== undefined) encodeTfmccDataInfo(bytes, at + FileSegLayout.size, message.tfmccData);
	writeSpan(bytes, at + headerBytes, message.data);
	return length;
}

export function decodeFileSeg(bytes: Uint8Array, at: number, length: number): FileSeg | Malformed {
	const headerBytes = openSecondHeader(bytes, at, length, MessageType.FILESEG, FileSegLayout.size);
	if (typeof headerBytes !== 'number') return headerBytes;
	const { size } = TfmccDataInfoLayout;
	const extAt = findExtension(bytes, at, FileSegLayout.size, headerBytes, ExtensionType.TFMCC_DATA_INFO, size);
	if (typeof extAt !== 'number') return extAt;
	const { fileId, section, block } = FileSegLayout.decode(bytes, at);
	return {
		fileId,
		section,
		block,
		...(extAt < 0 ? {} : { tfmccData: decodeTfmccDataInfo(bytes, extAt) }),
		data: { bytes, at: at + headerBytes, length: length - headerBytes },
	};
}

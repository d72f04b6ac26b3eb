import { decodeIds, encodeIds } from '../id-list.ts';
import { layout, reserved, type Timestamp, timestamp, u8, u16 } from '../layout.ts';
import { ID_BYTES } from '../limits.ts';
import type { Malformed } from '../malformed.ts';
import { MessageType } from '../message-type.ts';
import { claim, openSecondHeader } from '../second-header.ts';

/** A receiver accepts a regular file (docs/protocol.md, section 4.8). */
export interface FileInfoAck {
	fileId: number;
	/** The receiver resumes: it has part of the file from an earlier session. */
	partial: boolean;
	/** The FILEINFO's timestamp plus the time since it came. */
	timestamp: Timestamp;
	/** The clients behind a proxy; empty from receivers. */
	ids: readonly number[];
}

export const FileInfoAckLayout = layout(16, {
	func: u8,
	headerWords: u8,
	fileId: u16,
	flags: u8,
	zero: reserved(3),
	timestamp,
});

const PARTIAL_FLAG = 0x01;

export function encodeFileInfoAck(bytes: Uint8Array, at: number, message: FileInfoAck): number {
	const length = FileInfoAckLayout.size + message.ids.length * ID_BYTES;
	claim(bytes, at, length, 'FILEINFO_ACK');
	FileInfoAckLayout.encode(bytes, at, {
		func: MessageType.FILEINFO_ACK,
		headerWords: FileInfoAckLayout.size / 4,
		fileId: message.fileId,
		flags: message.partial ? PARTIAL_FLAG : 0,
		timestamp: message.timestamp,
	});
	encodeIds(bytes, at + FileInfoAckLayout.size, message.ids);
	return length;
}

export function decodeFileInfoAck(bytes: Uint8Array, at: number, length: number): FileInfoAck | Malformed {
	const headerBytes = openSecondHeader(bytes, at, length, MessageType.FILEINFO_ACK, FileInfoAckLayout.size);
	if (typeof headerBytes !== 'number') return headerBytes;
	const { fileId, flags, timestamp } = FileInfoAckLayout.decode(bytes, at);
	return {
		fileId,
		partial: (flags & PARTIAL_FLAG) !== 0,
		timestamp,
		ids: decodeIds(bytes, at + headerBytes, at + length),
	};
}

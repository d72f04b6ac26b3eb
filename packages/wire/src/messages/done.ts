import { decodeIds, encodeIds } from '../id-list.ts';
import { layout, reserved, u8, u16 } from '../layout.ts';
import { ID_BYTES } from '../limits.ts';
import type { Malformed } from '../malformed.ts';
import { MessageType } from '../message-type.ts';
import { claim, openSecondHeader } from '../second-header.ts';

/** End of a pass over a file, or of the session with file id 0 (docs/protocol.md, section 4.10). */
export interface Done {
	/** 0: the session ends. */
	fileId: number;
	/** The last section of the file; 0 for empty files and the session. */
	section: number;
	/** Who is asked for COMPLETE or STATUS. May well be empty: then "the sections are finished" for everybody. */
	ids: readonly number[];
}

export const DoneLayout = layout(8, { func: u8, headerWords: u8, fileId: u16, section: u16, zero: reserved(2) });

export function encodeDone(bytes: Uint8Array, at: number, message: Done): number {
	const length = DoneLayout.size + message.ids.length * ID_BYTES;
	claim(bytes, at, length, 'DONE');
	const { fileId, section } = message;
	DoneLayout.encode(bytes, at, { func: MessageType.DONE, headerWords: DoneLayout.size / 4, fileId, section });
	encodeIds(bytes, at + DoneLayout.size, message.ids);
	return length;
}

export function decodeDone(bytes: Uint8Array, at: number, length: number): Done | Malformed {
	const headerBytes = openSecondHeader(bytes, at, length, MessageType.DONE, DoneLayout.size);
	if (typeof headerBytes !== 'number') return headerBytes;
	const { fileId, section } = DoneLayout.decode(bytes, at);
	return { fileId, section, ids: decodeIds(bytes, at + headerBytes, at + length) };
}

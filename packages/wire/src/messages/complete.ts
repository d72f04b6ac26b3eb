import { ExtensionType, encodeFreeSpaceInfo, FreeSpaceInfoLayout, findExtension } from '../extensions.ts';
import { decodeIds, encodeIds } from '../id-list.ts';
import { layout, reserved, u8, u16 } from '../layout.ts';
import { ID_BYTES } from '../limits.ts';
import type { Malformed } from '../malformed.ts';
import { MessageType } from '../message-type.ts';
import { claim, openSecondHeader } from '../second-header.ts';

/** A receiver is finished with a file, or with the session (docs/protocol.md, section 4.12). */
export interface Complete {
	/** 0: the session. */
	fileId: number;
	/** 0 normal, 1 skipped, 2 overwritten, 3 rejected. */
	status: number;
	/** Only in the answer to a free-space request. */
	freeSpaceBytes?: number;
	/** The clients behind a proxy; empty from receivers. */
	ids: readonly number[];
}

export const CompleteLayout = layout(8, { func: u8, headerWords: u8, fileId: u16, status: u8, zero: reserved(3) });

export function encodeComplete(bytes: Uint8Array, at: number, message: Complete): number {
	const { fileId, status, freeSpaceBytes, ids } = message;
	const headerBytes = CompleteLayout.size + (freeSpaceBytes === undefined ? 0 : FreeSpaceInfoLayout.size);
	const length = headerBytes + ids.length * ID_BYTES;
	claim(bytes, at, length, 'COMPLETE');
	CompleteLayout.encode(bytes, at, { func: MessageType.COMPLETE, headerWords: headerBytes / 4, fileId, status });
	if (freeSpaceBytes !== undefined) encodeFreeSpaceInfo(bytes, at + CompleteLayout.size, freeSpaceBytes);
	encodeIds(bytes, at + headerBytes, ids);
	return length;
}

export function decodeComplete(bytes: Uint8Array, at: number, length: number): Complete | Malformed {
	const headerBytes = openSecondHeader(bytes, at, length, MessageType.COMPLETE, CompleteLayout.size);
	if (typeof headerBytes !== 'number') return headerBytes;
	const { size } = FreeSpaceInfoLayout;
	const extAt = findExtension(bytes, at, CompleteLayout.size, headerBytes, ExtensionType.FREESPACE_INFO, size);
	if (typeof extAt !== 'number') return extAt;
	const { fileId, status } = CompleteLayout.decode(bytes, at);
	return {
		fileId,
		status,
		...(extAt < 0 ? {} : { freeSpaceBytes: FreeSpaceInfoLayout.fields.freeSpaceBytes.get(bytes, extAt) }),
		ids: decodeIds(bytes, at + headerBytes, at + length),
	};
}

import {
	decodeTfmccAckInfo,
	ExtensionType,
	encodeTfmccAckInfo,
	findExtension,
	type TfmccAckInfo,
	TfmccAckInfoLayout,
} from '../extensions.ts';
import { layout, reserved, u8, u16 } from '../layout.ts';
import type { Malformed } from '../malformed.ts';
import { MessageType } from '../message-type.ts';
import { copyBytes } from '../primitives.ts';
import { claim, openSecondHeader } from '../second-header.ts';

/** A receiver's NAKs for one section (docs/protocol.md, section 4.11). */
export interface Status {
	fileId: number;
	section: number;
	/** The array that holds the bitmap: when decoded, the datagram itself. */
	bitmap: Uint8Array;
	bitmapAt: number;
	/**
	 * Block i is byte i >> 3, mask 1 << (i & 7); 1 is missing. When decoded it may be longer than the section needs
	 * (proxies of 4.10.2 send a whole block with junk at the end) or shorter: compare with `statusBitmapBytes`.
	 */
	bitmapBytes: number;
	/** Only under TFMCC. Omit it towards 4.10.2 proxies, which take it for part of the bitmap. */
	tfmccAck?: TfmccAckInfo;
}

export const StatusLayout = layout(8, { func: u8, headerWords: u8, fileId: u16, section: u16, zero: reserved(2) });

/** Length of the bitmap of a section: one byte more than needed where the count is a multiple of 8, as C sends it. */
export function statusBitmapBytes(blocksInSection: number): number {
	return Math.floor(blocksInSection / 8) + 1;
}

export function encodeStatus(bytes: Uint8Array, at: number, message: Status): number {
	const headerBytes = StatusLayout.size + (message.tfmccAck === undefined ? 0 : TfmccAckInfoLayout.size);
	const length = headerBytes + message.bitmapBytes;
	claim(bytes, at, length, 'STATUS');
	const { fileId, section } = message;
	StatusLayout.encode(bytes, at, { func: MessageType.STATUS, headerWords: headerBytes / 4, fileId, section });
	if (message.tfmccAck !== undefined) encodeTfmccAckInfo(bytes, at + StatusLayout.size, message.tfmccAck);
	copyBytes(message.bitmap, message.bitmapAt, bytes, at + headerBytes, message.bitmapBytes);
	return length;
}

export function decodeStatus(bytes: Uint8Array, at: number, length: number): Status | Malformed {
	const headerBytes = openSecondHeader(bytes, at, length, MessageType.STATUS, StatusLayout.size);
	if (typeof headerBytes !== 'number') return headerBytes;
	const { size } = TfmccAckInfoLayout;
	const extAt = findExtension(bytes, at, StatusLayout.size, headerBytes, ExtensionType.TFMCC_ACK_INFO, size);
	if (typeof extAt !== 'number') return extAt;
	const { fileId, section } = StatusLayout.decode(bytes, at);
	return {
		fileId,
		section,
		bitmap: bytes,
		bitmapAt: at + headerBytes,
		bitmapBytes: length - headerBytes,
		...(extAt < 0 ? {} : { tfmccAck: decodeTfmccAckInfo(bytes, extAt) }),
	};
}

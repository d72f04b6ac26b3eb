import {
	decodeTfmccAckInfo,
	ExtensionType,
	encodeTfmccAckInfo,
	findExtension,
	type TfmccAckInfo,
	TfmccAckInfoLayout,
} from '../extensions.ts';
import { layout, reserved, u8 } from '../layout.ts';
import { type Malformed, malformed } from '../malformed.ts';
import { MessageType } from '../message-type.ts';
import { claim, openSecondHeader } from '../second-header.ts';

/** A receiver's TFMCC feedback outside of STATUS (docs/protocol.md, section 4.21). */
export interface CcAck {
	tfmccAck: TfmccAckInfo;
}

/** The part before the extension. */
export const CcAckLayout = layout(4, { func: u8, headerWords: u8, zero: reserved(2) });

export function encodeCcAck(bytes: Uint8Array, at: number, message: CcAck): number {
	const length = CcAckLayout.size + TfmccAckInfoLayout.size;
	claim(bytes, at, length, 'CC_ACK');
	CcAckLayout.encode(bytes, at, { func: MessageType.CC_ACK, headerWords: length / 4 });
	encodeTfmccAckInfo(bytes, at + CcAckLayout.size, message.tfmccAck);
	return length;
}

export function decodeCcAck(bytes: Uint8Array, at: number, length: number): CcAck | Malformed {
	const headerBytes = openSecondHeader(bytes, at, length, MessageType.CC_ACK, CcAckLayout.size);
	if (typeof headerBytes !== 'number') return headerBytes;
	const { size } = TfmccAckInfoLayout;
	const extAt = findExtension(bytes, at, CcAckLayout.size, headerBytes, ExtensionType.TFMCC_ACK_INFO, size);
	if (typeof extAt !== 'number') return extAt;
	if (extAt < 0) return malformed('missing-extension');
	return { tfmccAck: decodeTfmccAckInfo(bytes, extAt) };
}

import { layout, reserved, type Timestamp, timestamp, u8, u16, u32 } from '../layout.ts';
import type { Malformed } from '../malformed.ts';
import { MessageType } from '../message-type.ts';
import { claim, openSecondHeader } from '../second-header.ts';

/** The sender's TFMCC round: what it heard from whom (docs/protocol.md, section 4.20). */
export interface CongCtrl {
	ccSequence: number;
	/** Receivers that could take more than this keep silent: a 16-bit rate code. */
	ccRateCode: number;
	timestamp: Timestamp;
	items: readonly CongCtrlItem[];
}

export interface CongCtrlItem {
	clientId: number;
	/** Bits of `CcFlag`. */
	flags: number;
	/** The client's round trip time as an RTT code (`quantize.ts`). */
	rttCode: number;
}

export const CongCtrlLayout = layout(16, {
	func: u8,
	headerWords: u8,
	zero: reserved(2),
	ccSequence: u16,
	ccRateCode: u16,
	timestamp,
});

export const CongCtrlItemLayout = layout(8, { clientId: u32, flags: u8, rttCode: u8, zero: reserved(2) });

/** How many items fit one CONG_CTRL of a session with this block size. */
export function congCtrlItemsPerMessage(blockBytes: number): number {
	return Math.trunc(blockBytes / CongCtrlItemLayout.size);
}

export function encodeCongCtrl(bytes: Uint8Array, at: number, message: CongCtrl): number {
	const length = CongCtrlLayout.size + message.items.length * CongCtrlItemLayout.size;
	claim(bytes, at, length, 'CONG_CTRL');
	CongCtrlLayout.encode(bytes, at, {
		func: MessageType.CONG_CTRL,
		headerWords: CongCtrlLayout.size / 4,
		ccSequence: message.ccSequence,
		ccRateCode: message.ccRateCode,
		timestamp: message.timestamp,
	});
	let next = at + CongCtrlLayout.size;
	for (const item of message.items) {
		CongCtrlItemLayout.encode(bytes, next, item);
		next += CongCtrlItemLayout.size;
	}
	return length;
}

/** The items are read right after the fixed 16 bytes whatever the header length says: the C programs do so. */
export function decodeCongCtrl(bytes: Uint8Array, at: number, length: number): CongCtrl | Malformed {
	const headerBytes = openSecondHeader(bytes, at, length, MessageType.CONG_CTRL, CongCtrlLayout.size);
	if (typeof headerBytes !== 'number') return headerBytes;
	const { ccSequence, ccRateCode, timestamp } = CongCtrlLayout.decode(bytes, at);
	const items: CongCtrlItem[] = [];
	const end = at + length;
	for (let next = at + CongCtrlLayout.size; next + CongCtrlItemLayout.size <= end; next += CongCtrlItemLayout.size) {
		items.push(CongCtrlItemLayout.decode(bytes, next));
	}
	return { ccSequence, ccRateCode, timestamp, items };
}

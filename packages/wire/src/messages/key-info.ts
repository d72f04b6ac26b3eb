import { fixedBytes, layout, reserved, u8, u32, u64Exact } from '../layout.ts';
import type { Malformed } from '../malformed.ts';
import { MessageType } from '../message-type.ts';
import { claim, openSecondHeader } from '../second-header.ts';
import { type Span, writeSpan } from '../span.ts';

/** The group key, wrapped for each client with that client's session key (docs/protocol.md, section 4.5). */
export interface KeyInfo {
	/** The sender's IV counter, one for all items. */
	counter: bigint;
	items: readonly KeyInfoItem[];
}

export interface KeyInfoItem {
	clientId: number;
	/** 48 bytes: the group master without its first byte, encrypted. */
	wrappedKey: Span;
}

export const KeyInfoLayout = layout(12, { func: u8, headerWords: u8, zero: reserved(2), counter: u64Exact });

export const WRAPPED_KEY_BYTES = 48;
/** Client id and wrapped key. */
export const KEY_INFO_ITEM_BYTES = 4 + WRAPPED_KEY_BYTES;

const ItemIdLayout = layout(4, { clientId: u32 });

/** How many items fit one KEYINFO of a session with this block size. */
export function keyInfoItemsPerMessage(blockBytes: number): number {
	return Math.floor(blockBytes / KEY_INFO_ITEM_BYTES);
}

/** RangeError if a wrapped key is not 48 bytes long. */
export function encodeKeyInfo(bytes: Uint8Array, at: number, message: KeyInfo): number {
	const length = KeyInfoLayout.size + message.items.length * KEY_INFO_ITEM_BYTES;
	claim(bytes, at, length, 'KEYINFO');
	const headerWords = KeyInfoLayout.size / 4;
	KeyInfoLayout.encode(bytes, at, { func: MessageType.KEYINFO, headerWords, counter: message.counter });
	let next = at + KeyInfoLayout.size;
	for (const item of message.items) {
		if (item.wrappedKey.length !== WRAPPED_KEY_BYTES) {
			throw new RangeError(
				`a wrapped group key of ${item.wrappedKey.length} bytes; KEYINFO carries ${WRAPPED_KEY_BYTES}`,
			);
		}
		ItemIdLayout.encode(bytes, next, item);
		next = writeSpan(bytes, next + ItemIdLayout.size, item.wrappedKey);
	}
	return length;
}

export function decodeKeyInfo(bytes: Uint8Array, at: number, length: number): KeyInfo | Malformed {
	const headerBytes = openSecondHeader(bytes, at, length, MessageType.KEYINFO, KeyInfoLayout.size);
	if (typeof headerBytes !== 'number') return headerBytes;
	const items: KeyInfoItem[] = [];
	const end = at + length;
	for (let next = at + headerBytes; next + KEY_INFO_ITEM_BYTES <= end; next += KEY_INFO_ITEM_BYTES) {
		const { clientId } = ItemIdLayout.decode(bytes, next);
		items.push({ clientId, wrappedKey: { bytes, at: next + ItemIdLayout.size, length: WRAPPED_KEY_BYTES } });
	}
	return { counter: KeyInfoLayout.fields.counter.get(bytes, at), items };
}

/** A receiver proves that it has the group key (docs/protocol.md, section 4.6). */
export interface KeyInfoAck {
	/** 12 bytes. */
	verifyData: Uint8Array;
}

export const VERIFY_DATA_BYTES = 12;

export const KeyInfoAckLayout = layout(16, {
	func: u8,
	headerWords: u8,
	zero: reserved(2),
	verifyData: fixedBytes(VERIFY_DATA_BYTES),
});

export function encodeKeyInfoAck(bytes: Uint8Array, at: number, message: KeyInfoAck): number {
	const length = KeyInfoAckLayout.size;
	claim(bytes, at, length, 'KEYINFO_ACK');
	const { verifyData } = message;
	KeyInfoAckLayout.encode(bytes, at, { func: MessageType.KEYINFO_ACK, headerWords: length / 4, verifyData });
	return length;
}

export function decodeKeyInfoAck(bytes: Uint8Array, at: number, length: number): KeyInfoAck | Malformed {
	const headerBytes = openSecondHeader(bytes, at, length, MessageType.KEYINFO_ACK, KeyInfoAckLayout.size);
	if (typeof headerBytes !== 'number') return headerBytes;
	return { verifyData: KeyInfoAckLayout.fields.verifyData.get(bytes, at) };
}

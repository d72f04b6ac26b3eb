import { type Family, formatAddress, parseAddress } from '../address.ts';
import {
	decodeEncInfo,
	type EncInfo,
	EncInfoLayout,
	ExtensionType,
	encInfoBytes,
	encodeEncInfo,
	findExtension,
} from '../extensions.ts';
import { decodeIds, encodeIds } from '../id-list.ts';
import { layout, reserved, type Timestamp, timestamp, u8, u16 } from '../layout.ts';
import { ID_BYTES, MAX_BLOCK_BYTES, MIN_BLOCK_BYTES } from '../limits.ts';
import { isMalformed, type Malformed, malformed } from '../malformed.ts';
import { MessageType } from '../message-type.ts';
import { copyBytes } from '../primitives.ts';
import { claim, headerWords, openSecondHeader } from '../second-header.ts';

/** Opens a session (docs/protocol.md, section 4.1). */
export interface Announce {
	sync: boolean;
	/** Sync mode without writing; sent together with `sync`. */
	preview: boolean;
	/** Family of the two addresses. */
	family: Family;
	/** How often things are repeated: with GRTT it sets the receivers' timers. */
	robust: number;
	/** 0 none, 2 TFMCC. */
	ccType: number;
	blockBytes: number;
	timestamp: Timestamp;
	/** Canonical literals; "0.0.0.0" or "::" both in unicast mode. */
	publicAddress: string;
	privateAddress: string;
	/** Only in encrypted sessions. */
	encInfo?: EncInfo;
	/** Who is asked for; empty in an open group. */
	ids: readonly number[];
}

/** How the sender finds its rate (docs/protocol.md, section 4.1): fixed, or by TFMCC. */
export const CcType = { NONE: 0, TFMCC: 2 } as const;

/** The part before the two addresses. */
export const AnnounceLayout = layout(16, {
	func: u8,
	headerWords: u8,
	flags: u8,
	robust: u8,
	ccType: u8,
	zero: reserved(1),
	blockBytes: u16,
	timestamp,
});

const SYNC_FLAG = 0x01;
const PREVIEW_FLAG = 0x02;
const IPV6_FLAG = 0x04;

/** Writes the second header and body; returns their length. RangeError if an address is not of `family`. */
export function encodeAnnounce(bytes: Uint8Array, at: number, message: Announce): number {
	const addressBytes = message.family === 6 ? 16 : 4;
	const fixedBytes = AnnounceLayout.size + 2 * addressBytes;
	const headerBytes = fixedBytes + (message.encInfo === undefined ? 0 : encInfoBytes(message.encInfo));
	const length = headerBytes + message.ids.length * ID_BYTES;
	claim(bytes, at, length, 'ANNOUNCE');
	AnnounceLayout.encode(bytes, at, {
		func: MessageType.ANNOUNCE,
		headerWords: headerWords(headerBytes, 'ANNOUNCE'),
		flags:
			(message.sync ? SYNC_FLAG : 0) | (message.preview ? PREVIEW_FLAG : 0) | (message.family === 6 ? IPV6_FLAG : 0),
		robust: message.robust,
		ccType: message.ccType,
		blockBytes: message.blockBytes,
		timestamp: message.timestamp,
	});
	encodeAddress(bytes, at + AnnounceLayout.size, message.publicAddress, addressBytes);
	encodeAddress(bytes, at + AnnounceLayout.size + addressBytes, message.privateAddress, addressBytes);
	if (message.encInfo !== undefined) encodeEncInfo(bytes, at + fixedBytes, message.encInfo);
	encodeIds(bytes, at + headerBytes, message.ids);
	return length;
}

function encodeAddress(bytes: Uint8Array, at: number, text: string, size: 4 | 16): void {
	const address = parseAddress(text);
	if (address === undefined || address.length !== size) {
		throw new RangeError(`"${text}" is no IPv${size === 4 ? 4 : 6} literal; the ANNOUNCE names one of that family`);
	}
	copyBytes(address, 0, bytes, at, size);
}

export function decodeAnnounce(bytes: Uint8Array, at: number, length: number): Announce | Malformed {
	if (length < AnnounceLayout.size || at + length > bytes.length) return malformed('too-short');
	const family = (AnnounceLayout.fields.flags.get(bytes, at) & IPV6_FLAG) !== 0 ? 6 : 4;
	const addressBytes = family === 6 ? 16 : 4;
	const fixedBytes = AnnounceLayout.size + 2 * addressBytes;
	const headerBytes = openSecondHeader(bytes, at, length, MessageType.ANNOUNCE, fixedBytes);
	if (typeof headerBytes !== 'number') return headerBytes;
	const fixed = AnnounceLayout.decode(bytes, at);
	// Every later computation divides by it.
	if (fixed.blockBytes < MIN_BLOCK_BYTES || fixed.blockBytes > MAX_BLOCK_BYTES) {
		return malformed('block-size-out-of-range');
	}
	const encAt = findExtension(bytes, at, fixedBytes, headerBytes, ExtensionType.ENC_INFO, EncInfoLayout.size);
	if (typeof encAt !== 'number') return encAt;
	const encInfo = encAt < 0 ? undefined : decodeEncInfo(bytes, encAt);
	if (encInfo !== undefined && isMalformed(encInfo)) return encInfo;
	return {
		sync: (fixed.flags & SYNC_FLAG) !== 0,
		preview: (fixed.flags & PREVIEW_FLAG) !== 0,
		family,
		robust: fixed.robust,
		ccType: fixed.ccType,
		blockBytes: fixed.blockBytes,
		timestamp: fixed.timestamp,
		publicAddress: formatAddress(bytes, at + AnnounceLayout.size, addressBytes),
		privateAddress: formatAddress(bytes, at + AnnounceLayout.size + addressBytes, addressBytes),
		...(encInfo === undefined ? {} : { encInfo }),
		ids: decodeIds(bytes, at + headerBytes, at + length),
	};
}

import { layout, reserved, u8, u16, u32 } from './layout.ts';
import { MAX_DATAGRAM_BYTES, MIN_DATAGRAM_BYTES } from './limits.ts';
import { type Malformed, malformed } from './malformed.ts';
import { isMessageType, type MessageType } from './message-type.ts';

/** The "UFTP ID" of every 4.x datagram. 5.x sends 0x50; 4.x programs drop anything but this. */
export const VERSION = 0x40;
export const HEADER_BYTES = 16;

/** The common header (docs/protocol.md, section 3.1). `Header.fields.sequence.get(bytes, at)` reads one field, hot. */
export const Header = layout(HEADER_BYTES, {
	version: u8,
	func: u8,
	sequence: u16,
	sourceId: u32,
	groupId: u32,
	groupInstance: u8,
	grtt: u8,
	groupSize: u8,
	zero: reserved(1),
});

/** The common header as an object. `grtt` and `groupSize` are the quantized bytes (`quantize.ts`); 0 from receivers. */
export interface CommonHeader {
	func: MessageType;
	sequence: number;
	sourceId: number;
	groupId: number;
	groupInstance: number;
	grtt: number;
	groupSize: number;
}

/** An all-zero header object to decode into again and again. */
export function emptyHeader(): CommonHeader {
	return { func: 1, sequence: 0, sourceId: 0, groupId: 0, groupInstance: 0, grtt: 0, groupSize: 0 };
}

const fields = Header.fields;

/** Writes the 16 bytes of a common header at `at`; allocates nothing. Returns `HEADER_BYTES`. */
export function writeHeader(bytes: Uint8Array, at: number, header: Readonly<CommonHeader>): number {
	if (at < 0 || at + HEADER_BYTES > bytes.length) {
		throw new RangeError(`no room for a common header at ${at} of ${bytes.length} bytes; pass a larger buffer`);
	}
	fields.version.set(bytes, at, VERSION);
	fields.func.set(bytes, at, header.func);
	fields.sequence.set(bytes, at, header.sequence);
	fields.sourceId.set(bytes, at, header.sourceId);
	fields.groupId.set(bytes, at, header.groupId);
	fields.groupInstance.set(bytes, at, header.groupInstance);
	fields.grtt.set(bytes, at, header.grtt);
	fields.groupSize.set(bytes, at, header.groupSize);
	bytes[at + 15] = 0;
	return HEADER_BYTES;
}

/**
 * Reads the common header of the datagram bytes[at .. at+length) into `into` (or a new object) and returns it.
 * Malformed when the datagram is shorter than 20 bytes, longer than 9000, not version 0x40 or of an unknown function;
 * `into` is untouched then.
 */
export function decodeHeader(
	bytes: Uint8Array,
	at: number,
	length: number,
	into: CommonHeader = emptyHeader(),
): CommonHeader | Malformed {
	if (length < MIN_DATAGRAM_BYTES || at + length > bytes.length) return malformed('too-short');
	if (length > MAX_DATAGRAM_BYTES) return malformed('too-long');
	if (fields.version.get(bytes, at) !== VERSION) return malformed('wrong-version');
	const func = fields.func.get(bytes, at);
	if (!isMessageType(func)) return malformed('unknown-function');
	into.func = func;
	into.sequence = fields.sequence.get(bytes, at);
	into.sourceId = fields.sourceId.get(bytes, at);
	into.groupId = fields.groupId.get(bytes, at);
	into.groupInstance = fields.groupInstance.get(bytes, at);
	into.grtt = fields.grtt.get(bytes, at);
	into.groupSize = fields.groupSize.get(bytes, at);
	return into;
}

/** Lists of client ids, the body of many messages: 4 bytes each, no count, up to the end of the datagram. */
import { layout, reserved, u8 } from './layout.ts';
import { ID_BYTES } from './limits.ts';
import type { MessageType } from './message-type.ts';
import { getU32, setU32 } from './primitives.ts';
import { claim } from './second-header.ts';

/** The second header of the messages that are a list of ids and nothing else. */
export const IdListLayout = layout(4, { func: u8, headerWords: u8, zero: reserved(2) });

/**
 * Reads the ids in bytes[at .. end). As the C programs do, reading stops at the first zero (0 is no id), and one to
 * three bytes left over at the end are ignored. Bounded by the datagram: never more than 2246 ids.
 */
export function decodeIds(bytes: Uint8Array, at: number, end: number): number[] {
	const ids: number[] = [];
	for (let next = at; next + ID_BYTES <= end; next += ID_BYTES) {
		const id = getU32(bytes, next);
		if (id === 0) break;
		ids.push(id);
	}
	return ids;
}

/** Whether `id` is in the list in bytes[at .. end); allocates nothing. */
export function idsInclude(bytes: Uint8Array, at: number, end: number, id: number): boolean {
	for (let next = at; next + ID_BYTES <= end; next += ID_BYTES) {
		const listed = getU32(bytes, next);
		if (listed === 0) return false;
		if (listed === id) return true;
	}
	return false;
}

/** Writes `ids` at `at` and returns the index after them. The caller has claimed the room. */
export function encodeIds(bytes: Uint8Array, at: number, ids: readonly number[]): number {
	let next = at;
	for (const id of ids) {
		setU32(bytes, next, id);
		next += ID_BYTES;
	}
	return next;
}

/** Writes a message that is a list of ids and nothing else; returns its length. RangeError where there is no room. */
export function encodeIdMessage(
	func: MessageType,
	name: string,
	bytes: Uint8Array,
	at: number,
	ids: readonly number[],
): number {
	const length = IdListLayout.size + ids.length * ID_BYTES;
	claim(bytes, at, length, name);
	IdListLayout.encode(bytes, at, { func, headerWords: IdListLayout.size / 4 });
	encodeIds(bytes, at + IdListLayout.size, ids);
	return length;
}

/** How many ids fit one message of a session with this block size. A longer list takes more messages. */
export function idsPerMessage(blockBytes: number): number {
	return Math.trunc(blockBytes / ID_BYTES);
}

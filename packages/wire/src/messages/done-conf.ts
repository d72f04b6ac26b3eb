import { decodeIds, encodeIds } from '../id-list.ts';
import { layout, reserved, u8 } from '../layout.ts';
import { ID_BYTES } from '../limits.ts';
import type { Malformed } from '../malformed.ts';
import { MessageType } from '../message-type.ts';
import { claim, openSecondHeader } from '../second-header.ts';

/** Confirms COMPLETEs of the session: each id once per COMPLETE that came (docs/protocol.md, section 4.13). */
export interface DoneConf {
	ids: readonly number[];
}

export const DoneConfLayout = layout(4, { func: u8, headerWords: u8, zero: reserved(2) });

export function encodeDoneConf(bytes: Uint8Array, at: number, message: DoneConf): number {
	const length = DoneConfLayout.size + message.ids.length * ID_BYTES;
	claim(bytes, at, length, 'DONE_CONF');
	DoneConfLayout.encode(bytes, at, { func: MessageType.DONE_CONF, headerWords: DoneConfLayout.size / 4 });
	encodeIds(bytes, at + DoneConfLayout.size, message.ids);
	return length;
}

/** The list is read right after the fixed 4 bytes whatever the header length says: the C programs do so. */
export function decodeDoneConf(bytes: Uint8Array, at: number, length: number): DoneConf | Malformed {
	const headerBytes = openSecondHeader(bytes, at, length, MessageType.DONE_CONF, DoneConfLayout.size);
	if (typeof headerBytes !== 'number') return headerBytes;
	return { ids: decodeIds(bytes, at + DoneConfLayout.size, at + length) };
}

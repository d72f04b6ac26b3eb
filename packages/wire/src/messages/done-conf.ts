import { decodeIds, encodeIdMessage, IdListLayout } from '../id-list.ts';
import type { Malformed } from '../malformed.ts';
import { MessageType } from '../message-type.ts';
import { openSecondHeader } from '../second-header.ts';

/** Confirms COMPLETEs of the session: each id once per COMPLETE that came (docs/protocol.md, section 4.13). */
export interface DoneConf {
	ids: readonly number[];
}

export const DoneConfLayout = IdListLayout;

export function encodeDoneConf(bytes: Uint8Array, at: number, message: DoneConf): number {
	return encodeIdMessage(MessageType.DONE_CONF, 'DONE_CONF', bytes, at, message.ids);
}

/** The list is read right after the fixed 4 bytes whatever the header length says: the C programs do so. */
export function decodeDoneConf(bytes: Uint8Array, at: number, length: number): DoneConf | Malformed {
	const headerBytes = openSecondHeader(bytes, at, length, MessageType.DONE_CONF, DoneConfLayout.size);
	if (typeof headerBytes !== 'number') return headerBytes;
	return { ids: decodeIds(bytes, at + DoneConfLayout.size, at + length) };
}

import { decodeIds, encodeIdMessage, IdListLayout } from '../id-list.ts';
import type { Malformed } from '../malformed.ts';
import { MessageType } from '../message-type.ts';
import { openSecondHeader } from '../second-header.ts';

/** Confirms registrations: each id once per REGISTER that came. */
export interface RegConf {
	ids: readonly number[];
}

export const RegConfLayout = IdListLayout;

export function encodeRegConf(bytes: Uint8Array, at: number, message: RegConf): number {
	return encodeIdMessage(MessageType.REG_CONF, 'REG_CONF', bytes, at, message.ids);
}

export function decodeRegConf(bytes: Uint8Array, at: number, length: number): RegConf | Malformed {
	const headerBytes = openSecondHeader(bytes, at, length, MessageType.REG_CONF, RegConfLayout.size);
	if (typeof headerBytes !== 'number') return headerBytes;
	return { ids: decodeIds(bytes, at + headerBytes, at + length) };
}

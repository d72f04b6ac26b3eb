import { decodeIds, encodeIds } from '../id-list.ts';
import { layout, reserved, u8 } from '../layout.ts';
import { ID_BYTES } from '../limits.ts';
import type { Malformed } from '../malformed.ts';
import { MessageType } from '../message-type.ts';
import { claim, openSecondHeader } from '../second-header.ts';

/** Confirms registrations: each id once per REGISTER that came. */
export interface RegConf {
	ids: readonly number[];
}

export const RegConfLayout = layout(4, { func: u8, headerWords: u8, zero: reserved(2) });

export function encodeRegConf(bytes: Uint8Array, at: number, message: RegConf): number {
	const length = RegConfLayout.size + message.ids.length * ID_BYTES;
	claim(bytes, at, length, 'REG_CONF');
	RegConfLayout.encode(bytes, at, { func: MessageType.REG_CONF, headerWords: RegConfLayout.size / 4 });
	encodeIds(bytes, at + RegConfLayout.size, message.ids);
	return length;
}

export function decodeRegConf(bytes: Uint8Array, at: number, length: number): RegConf | Malformed {
	const headerBytes = openSecondHeader(bytes, at, length, MessageType.REG_CONF, RegConfLayout.size);
	if (typeof headerBytes !== 'number') return headerBytes;
	return { ids: decodeIds(bytes, at + headerBytes, at + length) };
}

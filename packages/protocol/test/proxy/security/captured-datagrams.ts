/** The UDP payloads of a captured session of the original programs (classic pcap, Ethernet, IPv4). */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { decodeMessage, HEADER_BYTES, isMalformed, type MessageByType, type MessageType } from '@uftp/wire';

const FOLDER = join(import.meta.dirname, '../../../../wire/test/captures');
const FILE_HEADER_BYTES = 24;
const PACKET_HEADER_BYTES = 16;
const UDP_AT = 34;
const UDP_HEADER_BYTES = 8;

/** A message of a capture, and the whole datagram that it stands in. */
export interface Captured<T extends MessageType> {
	readonly message: MessageByType[T];
	readonly bytes: Uint8Array;
}

/** The messages of one type in a capture, in their order. */
export function capturedMessages<T extends MessageType>(name: string, func: T): Captured<T>[] {
	return capturedDatagrams(name)
		.filter((bytes) => bytes[1] === func)
		.map((bytes) => {
			const decoded = decodeMessage(bytes, HEADER_BYTES, bytes.length - HEADER_BYTES, func);
			if (isMalformed(decoded)) throw new Error(decoded.malformed);
			return { message: decoded.message as MessageByType[T], bytes };
		});
}

function capturedDatagrams(name: string): Uint8Array[] {
	const file = readFileSync(join(FOLDER, name));
	const datagrams: Uint8Array[] = [];
	for (let at = FILE_HEADER_BYTES; at < file.length; ) {
		const length = file.readUInt32LE(at + 8);
		const frame = file.subarray(at + PACKET_HEADER_BYTES, at + PACKET_HEADER_BYTES + length);
		const isUdp = frame.readUInt16BE(12) === 0x0800 && frame[14] === 0x45 && frame[23] === 17;
		if (isUdp) {
			const end = UDP_AT + frame.readUInt16BE(UDP_AT + 4);
			datagrams.push(Uint8Array.from(frame.subarray(UDP_AT + UDP_HEADER_BYTES, end)));
		}
		at += PACKET_HEADER_BYTES + length;
	}
	return datagrams;
}

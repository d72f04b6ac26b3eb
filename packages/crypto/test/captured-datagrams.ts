/** The UDP payloads of a captured session of the original programs (classic pcap, Ethernet, IPv4). */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';

const FOLDER = join(import.meta.dirname, '../../wire/test/captures');
const PACKET_HEADER_BYTES = 16;
const UDP_AT = 34;

export function capturedDatagrams(name: string): Uint8Array[] {
	const file = readFileSync(join(FOLDER, name));
	const datagrams: Uint8Array[] = [];
	for (let at = 24; at < file.length; ) {
		const length = file.readUInt32LE(at + 8);
		const frame = file.subarray(at + PACKET_HEADER_BYTES, at + PACKET_HEADER_BYTES + length);
		const isUdp = frame.readUInt16BE(12) === 0x0800 && frame[14] === 0x45 && frame[23] === 17;
		if (isUdp) datagrams.push(Uint8Array.from(frame.subarray(UDP_AT + 8, UDP_AT + frame.readUInt16BE(UDP_AT + 4))));
		at += PACKET_HEADER_BYTES + length;
	}
	return datagrams;
}

/** The key of the sender in the RSA sessions. */
export function capturedSenderPem(): string {
	return readFileSync(join(FOLDER, 'sender-rsa1024.TEST-ONLY.pem'), 'utf8');
}

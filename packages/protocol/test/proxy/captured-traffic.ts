/** Who sent what to whom in a captured session of the original programs (classic pcap, Ethernet, IPv4). */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { formatAddress } from '@uftp/wire';
import type { Endpoint } from '../../src/index.ts';

const FOLDER = join(import.meta.dirname, '../../../wire/test/captures');
const FILE_HEADER_BYTES = 24;
const PACKET_HEADER_BYTES = 16;
const IP_AT = 14;
const UDP_AT = 34;

export interface CapturedTraffic {
	/** When it passed, in milliseconds since the first packet. */
	readonly at: number;
	readonly from: Endpoint;
	readonly to: Endpoint;
	readonly bytes: Uint8Array;
}

export function capturedTraffic(name: string): CapturedTraffic[] {
	const file = readFileSync(join(FOLDER, name));
	const traffic: CapturedTraffic[] = [];
	const timeMs = (at: number) => file.readUInt32LE(at) * 1000 + file.readUInt32LE(at + 4) / 1000;
	const firstMs = timeMs(FILE_HEADER_BYTES);
	for (let at = FILE_HEADER_BYTES; at < file.length; ) {
		const length = file.readUInt32LE(at + 8);
		const frame = file.subarray(at + PACKET_HEADER_BYTES, at + PACKET_HEADER_BYTES + length);
		if (frame.readUInt16BE(12) === 0x0800 && frame[IP_AT] === 0x45 && frame[IP_AT + 9] === 17) {
			const endpoint = (ipAt: number, portAt: number): Endpoint => ({
				host: formatAddress(frame, ipAt, 4),
				port: frame.readUInt16BE(portAt),
			});
			traffic.push({
				at: timeMs(at) - firstMs,
				from: endpoint(IP_AT + 12, UDP_AT),
				to: endpoint(IP_AT + 16, UDP_AT + 2),
				bytes: Uint8Array.from(frame.subarray(UDP_AT + 8, UDP_AT + frame.readUInt16BE(UDP_AT + 4))),
			});
		}
		at += PACKET_HEADER_BYTES + length;
	}
	return traffic;
}

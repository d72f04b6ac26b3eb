/** The captured sessions of the C programs (see `packages/wire/test/captures`): who sent which datagram. */
import { readFileSync } from 'node:fs';
import type { Endpoint } from '../src/ports.ts';

export interface Captured {
	readonly from: Endpoint;
	readonly payload: Uint8Array;
	/** Milliseconds since the first packet. */
	readonly at: number;
}

const FILE_HEADER_BYTES = 24;
const PACKET_HEADER_BYTES = 16;
const IP_AT = 14;
const UDP = 17;

/** The UDP datagrams over IPv4 of one of them. */
export function captured(name: string): readonly Captured[] {
	const file = readFileSync(new URL(`../../wire/test/captures/${name}.pcap`, import.meta.url));
	const view = new DataView(file.buffer, file.byteOffset, file.byteLength);
	const datagrams: Captured[] = [];
	let first: number | undefined;
	for (let at = FILE_HEADER_BYTES; at < file.length; ) {
		const ms = view.getUint32(at, true) * 1000 + view.getUint32(at + 4, true) / 1000;
		first ??= ms;
		const bytes = view.getUint32(at + 8, true);
		const frame = at + PACKET_HEADER_BYTES;
		at = frame + bytes;
		if (view.getUint16(frame + 12) !== 0x0800 || file[frame + 23] !== UDP) continue;
		const udpAt = frame + IP_AT + (file[frame + IP_AT] & 0xf) * 4;
		const host = Array.from(file.subarray(frame + 26, frame + 30)).join('.');
		const payload = Uint8Array.from(file.subarray(udpAt + 8, udpAt + view.getUint16(udpAt + 4)));
		datagrams.push({ from: { host, port: view.getUint16(udpAt) }, payload, at: ms - first });
	}
	return datagrams;
}

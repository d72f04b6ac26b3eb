/** Reads the UDP payloads out of a classic pcap file (Ethernet, little-endian) as tcpdump writes it. */
import { readFileSync } from 'node:fs';

export interface CapturedDatagram {
	/** Number of the packet in the capture, from 1, as Wireshark counts. */
	readonly packet: number;
	readonly family: 4 | 6;
	readonly sourcePort: number;
	readonly destinationPort: number;
	readonly payload: Uint8Array;
}

export interface Capture {
	readonly datagrams: readonly CapturedDatagram[];
	/** Packets that are no UDP: ARP, ICMP, IGMP. */
	readonly others: number;
}

const UDP = 17;
const PCAP_MAGIC = 0xa1b2c3d4;
const ETHERNET = 1;

export function readCapture(path: string): Capture {
	const file = readFileSync(path);
	const view = new DataView(file.buffer, file.byteOffset, file.byteLength);
	if (view.getUint32(0, true) !== PCAP_MAGIC || view.getUint32(20, true) !== ETHERNET) {
		throw new Error(`${path} is no little-endian Ethernet pcap`);
	}
	const datagrams: CapturedDatagram[] = [];
	let others = 0;
	let packet = 0;
	for (let at = 24; at < file.length; ) {
		const captured = view.getUint32(at + 8, true);
		if (captured !== view.getUint32(at + 12, true)) throw new Error(`${path}: packet ${packet + 1} was cut short`);
		packet++;
		const datagram = udpPayload(file.subarray(at + 16, at + 16 + captured), packet);
		if (datagram === undefined) others++;
		else datagrams.push(datagram);
		at += 16 + captured;
	}
	return { datagrams, others };
}

function udpPayload(frame: Uint8Array, packet: number): CapturedDatagram | undefined {
	const view = new DataView(frame.buffer, frame.byteOffset, frame.byteLength);
	const etherType = view.getUint16(12);
	if (etherType === 0x0800 && frame[23] === UDP) {
		if ((view.getUint16(20) & 0x3fff) !== 0) throw new Error(`packet ${packet} is a fragment`);
		return datagramAt(frame, view, packet, 4, 14 + (frame[14] & 0xf) * 4);
	}
	if (etherType === 0x86dd && frame[20] === UDP) return datagramAt(frame, view, packet, 6, 14 + 40);
	return undefined;
}

function datagramAt(frame: Uint8Array, view: DataView, packet: number, family: 4 | 6, udpAt: number): CapturedDatagram {
	return {
		packet,
		family,
		sourcePort: view.getUint16(udpAt),
		destinationPort: view.getUint16(udpAt + 2),
		payload: frame.slice(udpAt + 8, udpAt + view.getUint16(udpAt + 4)),
	};
}

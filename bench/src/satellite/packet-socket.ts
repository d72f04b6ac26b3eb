import { readFileSync } from 'node:fs';
import { type Libc, loadLibc, Memory } from '@uftp/native';

const AF_PACKET = 17;
const SOCK_RAW_NON_BLOCKING = 3 | 0o4000;
const SOL_SOCKET = 1;
const SO_RCVBUFFORCE = 33;
const SOL_PACKET = 263;
const PACKET_VNET_HDR = 15;
const PACKET_IGNORE_OUTGOING = 23;
/** struct sockaddr_ll. */
const ADDRESS_BYTES = 20;
/** All protocols, in network byte order. */
const ETH_P_ALL = [0, 3] as const;
const bufferBytes = 8 * 1024 * 1024;

/** The kernel's own header before each frame: with it sums that are not computed yet pass as they are. */
export const VNET_HEADER_BYTES = 10;
export const ETHERNET_HEADER_BYTES = 14;

/** Sees every frame that arrives at an interface, and puts frames on it as if they were the host's own. */
export class PacketSocket {
	readonly #libc: Libc;
	readonly #descriptor: number;
	readonly #memory = new Memory(70_000);

	/** Throws a sentence if the kernel refuses (it wants CAP_NET_RAW). */
	constructor(interfaceName: string) {
		const { libc, why } = loadLibc();
		if (libc === undefined) throw new Error(`the relay needs raw sockets, but ${why}`);
		this.#libc = libc;
		this.#descriptor = libc.socket(AF_PACKET, SOCK_RAW_NON_BLOCKING, 0);
		const set = (level: number, option: number, value: number): void => {
			this.#memory.words[0] = value;
			this.#require(libc.setsockopt(this.#descriptor, level, option, this.#memory.address, 4), `option ${option}`);
		};
		this.#require(this.#descriptor, 'a packet socket');
		set(SOL_PACKET, PACKET_VNET_HDR, 1);
		set(SOL_PACKET, PACKET_IGNORE_OUTGOING, 1);
		set(SOL_SOCKET, SO_RCVBUFFORCE, bufferBytes);
		this.#memory.bytes.fill(0, 0, ADDRESS_BYTES);
		this.#memory.bytes[0] = AF_PACKET;
		this.#memory.bytes.set(ETH_P_ALL, 2);
		this.#memory.words[1] = indexOf(interfaceName);
		this.#require(libc.bind(this.#descriptor, this.#memory.address, ADDRESS_BYTES), `binding to ${interfaceName}`);
	}

	/** The next frame behind its header, or undefined if there is none now. */
	receive(): Uint8Array | undefined {
		const { bytes, address } = this.#memory;
		const length = Number(this.#libc.read(this.#descriptor, address, bytes.length));
		return length > VNET_HEADER_BYTES ? bytes.slice(0, length) : undefined;
	}

	/** Sends a frame as `receive` returned it; false if the kernel had no room. */
	send(frame: Uint8Array): boolean {
		this.#memory.bytes.set(frame);
		return Number(this.#libc.sendto(this.#descriptor, this.#memory.address, frame.length, 0, 0, 0)) >= 0;
	}

	#require(result: number, what: string): void {
		if (result < 0) throw new Error(`the kernel refuses ${what} of a packet socket; this needs root`);
	}
}

/** Number of an interface of this network namespace. */
function indexOf(name: string): number {
	const rows = readFileSync('/proc/self/net/if_inet6', 'utf8').split('\n');
	const row = rows.map((text) => text.trim().split(/\s+/)).find((fields) => fields[5] === name);
	if (row === undefined) throw new Error(`interface ${name} is not up in this network namespace`);
	return Number.parseInt(row[1] ?? '', 16);
}

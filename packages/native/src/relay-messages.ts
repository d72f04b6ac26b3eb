import { errno, type Libc } from './libc.ts';
import { Memory } from './memory.ts';
import { ControlHeader, MessageHeader, MSG_DONTWAIT, VECTOR_BYTES } from './message-layout.ts';
import type { SocketAddress } from './socket-address.ts';
import { Level, UdpOption } from './socket-options.ts';

/** Most datagrams of one call: what every Linux with segmentation offload takes. */
const DATAGRAMS = 64;

const CONTROL_AT = 0;
const CONTROL_BYTES = 24;
const CONTROL_DATA_BYTES = 2;
const SEGMENTED_AT = CONTROL_AT + CONTROL_BYTES;
/** Pieces of memory: datagrams that stand back to back are one. */
const PIECES_AT = SEGMENTED_AT + MessageHeader.bytes;
/** One vector for each datagram. */
const VECTORS_AT = PIECES_AT + DATAGRAMS * VECTOR_BYTES;
const MESSAGES_AT = VECTORS_AT + DATAGRAMS * VECTOR_BYTES;
const TOTAL_BYTES = MESSAGES_AT + DATAGRAMS * MessageHeader.batchBytes;

/**
 * The structures through which one socket sends datagrams from wherever they stand: first all are `add`ed, then they are
 * sent to one destination after another. Sends return how many datagrams the kernel took, or minus the error number.
 */
export class RelayMessages {
	readonly #libc: Libc;
	readonly #descriptor: number;
	readonly #memory = new Memory(TOTAL_BYTES);
	#count = 0;
	#pieces = 0;
	#bytes = 0;
	/** Where the latest piece ends. */
	#end = 0;

	constructor(libc: Libc, descriptor: number) {
		this.#libc = libc;
		this.#descriptor = descriptor;
		const memory = this.#memory;
		memory.setLong(CONTROL_AT + ControlHeader.length, ControlHeader.data + CONTROL_DATA_BYTES);
		memory.words[(CONTROL_AT + ControlHeader.level) >>> 2] = Level.UDP;
		memory.words[(CONTROL_AT + ControlHeader.type) >>> 2] = UdpOption.Segment;
		memory.setLong(SEGMENTED_AT + MessageHeader.vectors, memory.address + PIECES_AT);
		memory.setLong(SEGMENTED_AT + MessageHeader.control, memory.address + CONTROL_AT);
		memory.setLong(SEGMENTED_AT + MessageHeader.controlLength, CONTROL_BYTES);
		for (let i = 0; i < DATAGRAMS; i += 1) {
			const at = MESSAGES_AT + i * MessageHeader.batchBytes;
			memory.setLong(at + MessageHeader.vectors, memory.address + VECTORS_AT + i * VECTOR_BYTES);
			memory.setLong(at + MessageHeader.vectorCount, 1);
		}
	}

	/** Datagrams that were added. */
	get count(): number {
		return this.#count;
	}

	/** Their bytes. */
	get bytes(): number {
		return this.#bytes;
	}

	/** Forgets all datagrams. */
	clear(): void {
		this.#count = 0;
		this.#pieces = 0;
		this.#bytes = 0;
		this.#end = 0;
	}

	/** Adds the datagram at an address, whose memory the caller keeps. False when there is no room. */
	add(address: number, length: number): boolean {
		if (this.#count >= DATAGRAMS) return false;
		const memory = this.#memory;
		this.#setVector(VECTORS_AT + this.#count * VECTOR_BYTES, address, length);
		if (address === this.#end) {
			memory.words[(PIECES_AT + (this.#pieces - 1) * VECTOR_BYTES + 8) >>> 2] += length;
		} else {
			this.#setVector(PIECES_AT + this.#pieces * VECTOR_BYTES, address, length);
			this.#pieces += 1;
		}
		this.#end = address + length;
		this.#count += 1;
		this.#bytes += length;
		return true;
	}

	/** All of them with one call, which cuts them at `segment` bytes: every one has that length, the last at most. */
	sendSegmented(to: SocketAddress, segment: number): number {
		const memory = this.#memory;
		this.#setName(SEGMENTED_AT, to);
		memory.setLong(SEGMENTED_AT + MessageHeader.vectorCount, this.#pieces);
		memory.bytes[CONTROL_AT + ControlHeader.data] = segment & 0xff;
		memory.bytes[CONTROL_AT + ControlHeader.data + 1] = segment >>> 8;
		const sent = this.#libc.sendmsg(this.#descriptor, memory.address + SEGMENTED_AT, MSG_DONTWAIT);
		return sent < 0 ? -errno(this.#libc) : this.#count;
	}

	/** Those from `first` on as separate messages of one call. */
	sendEach(to: SocketAddress, first: number): number {
		const memory = this.#memory;
		for (let i = first; i < this.#count; i += 1) this.#setName(MESSAGES_AT + i * MessageHeader.batchBytes, to);
		const messages = memory.address + MESSAGES_AT + first * MessageHeader.batchBytes;
		const sent = this.#libc.sendmmsg(this.#descriptor, messages, this.#count - first, MSG_DONTWAIT);
		return sent < 0 ? -errno(this.#libc) : sent;
	}

	#setName(at: number, to: SocketAddress): void {
		const memory = this.#memory;
		memory.setLong(at + MessageHeader.name, to.memory.address);
		memory.words[(at + MessageHeader.nameLength) >>> 2] = to.length;
	}

	#setVector(vectorAt: number, address: number, length: number): void {
		this.#memory.setLong(vectorAt, address);
		this.#memory.words[(vectorAt + 8) >>> 2] = length;
	}
}

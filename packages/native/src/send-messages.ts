import { errno, type Libc } from './libc.ts';
import { Memory } from './memory.ts';
import { ControlHeader, MessageHeader, MSG_DONTWAIT, VECTOR_BYTES } from './message-layout.ts';
import { SOCKET_ADDRESS_BYTES, writeSocketAddress } from './socket-address.ts';
import { Level, UdpOption } from './socket-options.ts';

/** Most messages of one `sendmmsg`. */
const MESSAGES = 64;

const ADDRESS_AT = 0;
const CONTROL_AT = ADDRESS_AT + SOCKET_ADDRESS_BYTES;
const CONTROL_BYTES = 24;
const CONTROL_DATA_BYTES = 2;
const SEGMENTED_AT = CONTROL_AT + CONTROL_BYTES;
const SEGMENTED_VECTOR_AT = SEGMENTED_AT + MessageHeader.bytes;
const VECTORS_AT = SEGMENTED_VECTOR_AT + VECTOR_BYTES;
const MESSAGES_AT = VECTORS_AT + MESSAGES * VECTOR_BYTES;
const TOTAL_BYTES = MESSAGES_AT + MESSAGES * MessageHeader.batchBytes;

/**
 * The structures through which one socket sends, made once. Every method returns how many datagrams the kernel took;
 * negative: minus the error number. The bytes to send are given by address: the caller keeps their `Memory`.
 */
export class SendMessages {
	readonly #libc: Libc;
	readonly #descriptor: number;
	readonly #memory = new Memory(TOTAL_BYTES);
	#addressLength = 0;

	constructor(libc: Libc, descriptor: number) {
		this.#libc = libc;
		this.#descriptor = descriptor;
		const { memory, address } = { memory: this.#memory, address: this.#memory.address };
		memory.setLong(CONTROL_AT + ControlHeader.length, ControlHeader.data + CONTROL_DATA_BYTES);
		memory.words[(CONTROL_AT + ControlHeader.level) >>> 2] = Level.UDP;
		memory.words[(CONTROL_AT + ControlHeader.type) >>> 2] = UdpOption.Segment;
		this.#writeHeader(SEGMENTED_AT, SEGMENTED_VECTOR_AT);
		memory.setLong(SEGMENTED_AT + MessageHeader.control, address + CONTROL_AT);
		memory.setLong(SEGMENTED_AT + MessageHeader.controlLength, CONTROL_BYTES);
		for (let i = 0; i < MESSAGES; i += 1) {
			this.#writeHeader(MESSAGES_AT + i * MessageHeader.batchBytes, VECTORS_AT + i * VECTOR_BYTES);
		}
	}

	/** Sets where the following sends go. False if `host` is not a literal address of the family. */
	setDestination(family: 4 | 6, host: string, port: number, scope: number): boolean {
		const length = writeSocketAddress(this.#memory, ADDRESS_AT, family, host, port, scope);
		if (length === 0) return false;
		if (length !== this.#addressLength) {
			this.#addressLength = length;
			this.#memory.words[(SEGMENTED_AT + MessageHeader.nameLength) >>> 2] = length;
			for (let i = 0; i < MESSAGES; i += 1) {
				const at = MESSAGES_AT + i * MessageHeader.batchBytes;
				this.#memory.words[(at + MessageHeader.nameLength) >>> 2] = length;
			}
		}
		return true;
	}

	/** One datagram. */
	sendOne(address: number, length: number): number {
		const to = this.#memory.address + ADDRESS_AT;
		const sent = this.#libc.sendto(this.#descriptor, address, length, MSG_DONTWAIT, to, this.#addressLength);
		return sent < 0 ? -errno(this.#libc) : 1;
	}

	/** Datagrams of `segment` bytes, the last one shorter: `length` bytes in all, all or none by one call. */
	sendSegmented(address: number, length: number, segment: number): number {
		const memory = this.#memory;
		memory.setLong(SEGMENTED_VECTOR_AT, address);
		memory.words[(SEGMENTED_VECTOR_AT + 8) >>> 2] = length;
		memory.bytes[CONTROL_AT + ControlHeader.data] = segment & 0xff;
		memory.bytes[CONTROL_AT + ControlHeader.data + 1] = segment >>> 8;
		const sent = this.#libc.sendmsg(this.#descriptor, memory.address + SEGMENTED_AT, MSG_DONTWAIT);
		return sent < 0 ? -errno(this.#libc) : Math.ceil(length / segment);
	}

	/** `count` datagrams (at most 64), `stride` bytes each but the last, as separate messages of one call. */
	sendEach(address: number, count: number, stride: number, lastLength: number): number {
		const memory = this.#memory;
		const messages = Math.min(count, MESSAGES);
		for (let i = 0; i < messages; i += 1) {
			const at = VECTORS_AT + i * VECTOR_BYTES;
			memory.setLong(at, address + i * stride);
			memory.words[(at + 8) >>> 2] = i === count - 1 ? lastLength : stride;
		}
		const sent = this.#libc.sendmmsg(this.#descriptor, memory.address + MESSAGES_AT, messages, MSG_DONTWAIT);
		return sent < 0 ? -errno(this.#libc) : sent;
	}

	#writeHeader(at: number, vectorAt: number): void {
		const memory = this.#memory;
		memory.setLong(at + MessageHeader.name, memory.address + ADDRESS_AT);
		memory.setLong(at + MessageHeader.vectors, memory.address + vectorAt);
		memory.setLong(at + MessageHeader.vectorCount, 1);
	}
}

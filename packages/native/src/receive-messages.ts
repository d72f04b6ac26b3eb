import { errno, type Libc } from './libc.ts';
import { Memory } from './memory.ts';
import { ControlHeader, MessageHeader, MSG_DONTWAIT, VECTOR_BYTES } from './message-layout.ts';
import {
	SOCKET_ADDRESS_BYTES,
	socketAddressHost,
	socketAddressKey,
	socketAddressPort,
	socketAddressScope,
} from './socket-address.ts';
import { IpOption, Ipv6Option, Level, UdpOption } from './socket-options.ts';

/** Messages of one `recvmmsg`. */
export const RECEIVE_SLOTS = 32;
/** Memory vectors of one slot. */
export const SLOT_VECTORS = 3;
/** Memory vectors of a train: a header and a payload for each of 128 segments, and what lies beyond. */
export const TRAIN_VECTORS = 257;

const CONTROL_BYTES = 64;

const NAMES_AT = 0;
const CONTROLS_AT = NAMES_AT + RECEIVE_SLOTS * SOCKET_ADDRESS_BYTES;
const MESSAGES_AT = CONTROLS_AT + RECEIVE_SLOTS * CONTROL_BYTES;
const VECTORS_AT = MESSAGES_AT + RECEIVE_SLOTS * MessageHeader.batchBytes;
const TRAIN_AT = VECTORS_AT + RECEIVE_SLOTS * SLOT_VECTORS * VECTOR_BYTES;
const TRAIN_VECTORS_AT = TRAIN_AT + MessageHeader.bytes;
const TOTAL_BYTES = TRAIN_VECTORS_AT + TRAIN_VECTORS * VECTOR_BYTES;

/**
 * The structures through which datagrams are received into one `Memory`: either one message (a train of equal datagrams
 * that receive offload has merged) into many vectors, or up to `RECEIVE_SLOTS` messages into `SLOT_VECTORS` each.
 *
 * After a call, `messageLength`, `segmentLength` and the source can be asked per slot; a train is slot 0. The vectors
 * are set in bytes from the start of the memory, once per layout; calls leave them alone.
 */
export class ReceiveMessages {
	readonly #libc: Libc;
	readonly #target: Memory;
	readonly #memory = new Memory(TOTAL_BYTES);
	#trainLength = 0;
	#isTrain = false;

	constructor(libc: Libc, target: Memory) {
		this.#libc = libc;
		this.#target = target;
		const memory = this.#memory;
		for (let slot = 0; slot < RECEIVE_SLOTS; slot += 1) {
			const at = MESSAGES_AT + slot * MessageHeader.batchBytes;
			this.#writeHeader(at, slot, VECTORS_AT + slot * SLOT_VECTORS * VECTOR_BYTES);
			this.#resetLengths(at);
		}
		this.#writeHeader(TRAIN_AT, 0, TRAIN_VECTORS_AT);
		memory.setLong(TRAIN_AT + MessageHeader.vectorCount, 0);
	}

	/** Vector `index` of `slot` is `length` bytes of the memory from byte `at`. Unused ones have length 0. */
	setSlotVector(slot: number, index: number, at: number, length: number): void {
		this.#setVector(VECTORS_AT + (slot * SLOT_VECTORS + index) * VECTOR_BYTES, at, length);
	}

	/** Vector `index` of the train. */
	setTrainVector(index: number, at: number, length: number): void {
		this.#setVector(TRAIN_VECTORS_AT + index * VECTOR_BYTES, at, length);
	}

	setTrainVectorCount(count: number): void {
		this.#memory.setLong(TRAIN_AT + MessageHeader.vectorCount, count);
	}

	/** Receives one message into the train's vectors: 1, or minus the error number. */
	receiveTrain(descriptor: number): number {
		const memory = this.#memory;
		this.#resetLengths(TRAIN_AT);
		const length = this.#libc.recvmsg(descriptor, memory.address + TRAIN_AT, MSG_DONTWAIT);
		if (length < 0) return -errno(this.#libc);
		this.#trainLength = Number(length);
		this.#isTrain = true;
		return 1;
	}

	/** Receives messages into the slots: how many, or minus the error number. */
	receiveSlots(descriptor: number): number {
		const memory = this.#memory;
		// The kernel overwrites both lengths of each message it fills, so all that were filled must be set again. Which
		// ones is known only after the call before: resetting all 32 costs less than a microsecond in the worst case.
		for (let slot = 0; slot < this.#usedSlots; slot += 1) {
			this.#resetLengths(MESSAGES_AT + slot * MessageHeader.batchBytes);
		}
		this.#isTrain = false;
		const messages = memory.address + MESSAGES_AT;
		const count = this.#libc.recvmmsg(descriptor, messages, RECEIVE_SLOTS, MSG_DONTWAIT, 0);
		this.#usedSlots = Math.max(count, 0);
		return count < 0 ? -errno(this.#libc) : count;
	}

	#usedSlots = 0;

	/** Bytes of the message in `slot`, all its segments together. */
	messageLength(slot: number): number {
		if (this.#isTrain) return this.#trainLength;
		return this.#memory.words[(MESSAGES_AT + slot * MessageHeader.batchBytes + MessageHeader.messageLength) >>> 2];
	}

	/** Length of all segments but the last of the message in `slot`; 0 where it is one datagram. */
	segmentLength(slot: number): number {
		const at = this.#control(slot, Level.UDP, UdpOption.GenericReceiveOffload);
		return at < 0 ? 0 : this.#memory.words[at >>> 2];
	}

	/**
	 * Type of service (IPv6: traffic class) of the message in `slot`, the same for all its segments; 0 where the socket was
	 * not asked to tell it.
	 */
	trafficClass(slot: number): number {
		const { bytes } = this.#memory;
		const ipv4At = this.#control(slot, Level.IP, IpOption.TypeOfService);
		if (ipv4At >= 0) return bytes[ipv4At];
		const ipv6At = this.#control(slot, Level.IPv6, Ipv6Option.TrafficClass);
		return ipv6At < 0 ? 0 : bytes[ipv6At];
	}

	/** Where the control data of that kind of the message in `slot` stands; -1 if there is none. */
	#control(slot: number, level: number, type: number): number {
		const words = this.#memory.words;
		const header = this.#isTrain ? TRAIN_AT : MESSAGES_AT + slot * MessageHeader.batchBytes;
		let left = words[(header + MessageHeader.controlLength) >>> 2];
		let at = CONTROLS_AT + slot * CONTROL_BYTES;
		while (left >= ControlHeader.data) {
			const length = words[(at + ControlHeader.length) >>> 2];
			if (length < ControlHeader.data || length > left) return -1;
			const isIt = words[(at + ControlHeader.level) >>> 2] === level && words[(at + ControlHeader.type) >>> 2] === type;
			if (isIt) return at + ControlHeader.data;
			const step = (length + 7) & ~7;
			left -= step;
			at += step;
		}
		return -1;
	}

	/** Where the message in `slot` came from; `scope` is an interface number for link-local addresses, else 0. */
	source(slot: number): { readonly host: string; readonly port: number; readonly scope: number } {
		const memory = this.#memory;
		const at = NAMES_AT + slot * SOCKET_ADDRESS_BYTES;
		return {
			host: socketAddressHost(memory.bytes, at),
			port: socketAddressPort(memory.bytes, at),
			scope: socketAddressScope(memory, at),
		};
	}

	/** The host that the message in `slot` came from, as a number; allocates nothing. */
	sourceKey(slot: number): number {
		const { bytes } = this.#memory;
		const at = NAMES_AT + slot * SOCKET_ADDRESS_BYTES;
		return socketAddressKey(bytes, at);
	}

	/** The port that the message in `slot` came from; allocates nothing. */
	sourcePort(slot: number): number {
		return socketAddressPort(this.#memory.bytes, NAMES_AT + slot * SOCKET_ADDRESS_BYTES);
	}

	#setVector(vectorAt: number, at: number, length: number): void {
		this.#memory.setLong(vectorAt, this.#target.address + at);
		this.#memory.setLong(vectorAt + 8, length);
	}

	#writeHeader(at: number, slot: number, vectorsAt: number): void {
		const memory = this.#memory;
		memory.setLong(at + MessageHeader.name, memory.address + NAMES_AT + slot * SOCKET_ADDRESS_BYTES);
		memory.setLong(at + MessageHeader.vectors, memory.address + vectorsAt);
		memory.setLong(at + MessageHeader.vectorCount, SLOT_VECTORS);
		memory.setLong(at + MessageHeader.control, memory.address + CONTROLS_AT + slot * CONTROL_BYTES);
	}

	#resetLengths(at: number): void {
		const words = this.#memory.words;
		words[(at + MessageHeader.nameLength) >>> 2] = SOCKET_ADDRESS_BYTES;
		words[(at + MessageHeader.controlLength) >>> 2] = CONTROL_BYTES;
	}
}

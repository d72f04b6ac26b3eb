import {
	Errno,
	errnoSentence,
	IpOption,
	Ipv6Option,
	Level,
	type Libc,
	RECEIVE_SLOTS,
	type Readiness,
	SocketOption,
	type UdpSocket,
	type Watch,
} from '@uftp/native';
import type { Endpoint, IncomingBatch, OutgoingBatch } from '@uftp/protocol';
import { assert, type Family } from '@uftp/wire';
import type { DatagramSocket, SocketOptions, SocketStats } from '../datagram-socket.ts';
import { membershipError } from '../errors/membership-error.ts';
import { TransportError } from '../errors/transport-error.ts';
import { isScatterable } from '../expected-data.ts';
import type { NetworkInterface } from '../interfaces.ts';
import { LinuxOutgoingBatch } from '../outgoing-batch.ts';
import { emptyStats } from '../socket-stats.ts';
import { LinuxIncomingBatch } from './incoming-batch.ts';
import { LinuxRelay } from './relay.ts';
import { LinuxSender } from './sender.ts';
import { bindLinuxSocket } from './socket-setup.ts';

/** After this many lone datagrams in a row, receive offload is taken to be absent and 32 messages are asked for at once. */
const LONE_DATAGRAMS = 3;
/** A receive buffer that holds what arrives in a rest of a few milliseconds at any rate this program reaches. */
const REST_BUFFER_BYTES = 2 * 1024 * 1024;

/** Opens the socket that moves trains of datagrams. Throws `TransportError`. */
export function openLinuxSocket(readiness: Readiness, options: SocketOptions): LinuxSocket {
	return new LinuxSocket(readiness, bindLinuxSocket(readiness.libc, options), options);
}

/** The `linux-batch` socket. */
export class LinuxSocket implements DatagramSocket {
	readonly driver = 'linux-batch';
	readonly family: Family;
	readonly local: Endpoint;
	readonly receiveBufferBytes: number;
	readonly sendBufferBytes: number;
	readonly marksProblem = undefined;
	readonly #libc: Libc;
	readonly #readiness: Readiness;
	readonly #socket: UdpSocket;
	readonly #sender: LinuxSender;
	readonly #relay: LinuxRelay;
	readonly #stats = emptyStats();
	readonly #isForwarding: boolean;
	#watch: Watch | undefined;
	#listener: (() => void) | undefined;
	#split = 0;
	#payloadBytes = 0;
	#loneDatagrams = 0;
	#isClosed = false;

	constructor(readiness: Readiness, bound: ReturnType<typeof bindLinuxSocket>, options: SocketOptions) {
		this.#libc = readiness.libc;
		this.#readiness = readiness;
		this.#socket = bound.socket;
		this.#isForwarding = options.isForwarding === true;
		this.family = options.family;
		this.local = bound.local;
		this.receiveBufferBytes = bound.receiveBufferBytes;
		this.sendBufferBytes = bound.sendBufferBytes;
		const mtu = options.networkInterface?.mtu ?? 65_535;
		const scope = options.networkInterface?.index ?? 0;
		this.#sender = new LinuxSender(this.#libc, bound.socket.descriptor, this.family, mtu, scope, this.#stats);
		this.#relay = new LinuxRelay(this.#libc, bound.socket.descriptor, this.family, scope, this.#stats);
	}

	createOutgoing(): LinuxOutgoingBatch {
		return new LinuxOutgoingBatch();
	}

	createIncoming(): LinuxIncomingBatch {
		return new LinuxIncomingBatch(this.#libc);
	}

	/** Whether a burst of datagrams of this length would go out segmented. */
	isSegmenting(datagramBytes: number): boolean {
		return this.#sender.isSegmenting(datagramBytes);
	}

	/** Sends every datagram as a message of its own from here on. */
	disableSegmentation(): void {
		this.#sender.disableSegmentation();
	}

	send(batch: OutgoingBatch, from: number): number {
		if (!(batch instanceof LinuxOutgoingBatch)) throw new TypeError('a batch of another driver');
		return this.#isClosed ? batch.count - from : this.#sender.send(batch, from);
	}

	relay(batch: IncomingBatch, first: number, count: number, destination: Endpoint): number {
		if (!(batch instanceof LinuxIncomingBatch)) throw new TypeError('a batch of another driver');
		return this.#isClosed ? count : this.#relay.relay(batch, first, count, destination);
	}

	/** Whether sockets that are opened from now on may have the same address and port, if they agree to it, too. */
	setShared(isShared: boolean): void {
		if (!this.#isClosed) this.#socket.setOption(Level.Socket, SocketOption.ReuseAddress, isShared ? 1 : 0);
	}

	receive(batch: IncomingBatch): boolean {
		if (!(batch instanceof LinuxIncomingBatch)) throw new TypeError('a batch of another driver');
		batch.expect(this.#split, this.#payloadBytes);
		batch.count = 0;
		if (this.#isClosed) return false;
		const isTrain = this.#loneDatagrams < LONE_DATAGRAMS && !this.#isForwarding;
		const descriptor = this.#socket.descriptor;
		const messages = isTrain ? batch.receiveTrain(descriptor) : batch.receiveSlots(descriptor);
		this.#stats.receiveCalls += 1;
		assert(messages <= RECEIVE_SLOTS, 'the kernel fills no more slots than there are');
		if (messages <= 0) {
			// What comes after a silence may be a train: one call finds out, so that none has to be gathered from a slot.
			this.#loneDatagrams = Math.min(this.#loneDatagrams, LONE_DATAGRAMS - 1);
			return this.#handleReceiveError(-messages, batch);
		}
		assert(batch.count >= messages, 'every message holds a datagram');
		this.#stats.datagramsIn += batch.count;
		for (let i = 0; i < batch.count; i += 1) this.#stats.bytesIn += batch.length[i];
		if (batch.count > messages) this.#loneDatagrams = 0;
		else this.#loneDatagrams += 1;
		return true;
	}

	onReadable(listener: () => void): void {
		this.#listener = listener;
		if (this.#watch !== undefined || this.#isClosed) return;
		const watch = this.#readiness.watch(this.#socket.descriptor, () => this.#listener?.());
		if (typeof watch === 'string') throw new TransportError(`Nothing can be received: ${watch}.`);
		this.#watch = watch;
	}

	rest(ms: number): void {
		if (this.receiveBufferBytes >= REST_BUFFER_BYTES) this.#watch?.rest(ms);
	}

	expectData(split: number, payloadBytes: number): void {
		const isUsable = isScatterable(split, payloadBytes);
		this.#split = isUsable ? split : 0;
		this.#payloadBytes = isUsable ? payloadBytes : 0;
	}

	expectMarks(areWanted: boolean): string | undefined {
		const [level, option] =
			this.family === 4 ? [Level.IP, IpOption.ReceiveTypeOfService] : [Level.IPv6, Ipv6Option.ReceiveTrafficClass];
		const error = this.#isClosed ? 0 : this.#socket.setOption(level, option, areWanted ? 1 : 0);
		if (error === 0) return undefined;
		return `Congestion marks (ECN) cannot be seen: the system answered ${errnoSentence(error)}; only losses slow a session down.`;
	}

	join(group: string, networkInterface: NetworkInterface, source?: string): void {
		const error = this.#socket.membership('join', group, networkInterface.index, source);
		if (error === 0 || error === Errno.EADDRINUSE) return;
		throw membershipError(error, group, networkInterface, source);
	}

	leave(group: string, networkInterface: NetworkInterface, source?: string): void {
		this.#socket.membership('leave', group, networkInterface.index, source);
	}

	stats(): SocketStats {
		if (!this.#isClosed) this.#stats.kernelDrops = this.#socket.drops() ?? 0;
		return { ...this.#stats };
	}

	close(): void {
		if (this.#isClosed) return;
		this.stats();
		this.#isClosed = true;
		this.#watch?.close();
		this.#socket.close();
	}

	/** True when it is worth calling again: an error of an earlier send is reported once by the next receive. */
	#handleReceiveError(error: number, batch: LinuxIncomingBatch): boolean {
		batch.count = 0;
		if (error === Errno.EAGAIN || error === 0) return false;
		if (error === Errno.EINTR) return true;
		this.#stats.receiveErrors += 1;
		this.#stats.lastError = `receiving failed: ${errnoSentence(error)}`;
		return error === Errno.ECONNREFUSED;
	}
}

import type { RemoteInfo, Socket } from 'node:dgram';
import { errnoSentence, type UdpSocket } from '@uftp/native';
import type { Endpoint, IncomingBatch, OutgoingBatch } from '@uftp/protocol';
import type { Family } from '@uftp/wire';
import { assert } from '@uftp/wire';
import type { DatagramSocket, SocketOptions, SocketStats } from '../datagram-socket.ts';
import { canonicalAddress } from '../errors/bind-error.ts';
import { membershipError } from '../errors/membership-error.ts';
import { isScatterable } from '../expected-data.ts';
import type { NetworkInterface } from '../interfaces.ts';
import { checkBurst, PortableOutgoingBatch } from '../outgoing-batch.ts';
import { emptyStats } from '../socket-stats.ts';
import { PortableIncomingBatch } from './incoming-batch.ts';
import {
	type BoundPortableSocket,
	bindPortableSocket,
	closeQuietly,
	errorNumber,
	interfaceArgument,
} from './socket-setup.ts';

/** Datagrams handed to the runtime and not yet sent; more are refused until some are. */
const MAX_SENDING = 256;
/** Bytes received and not yet fetched; more are dropped and counted, as the kernel does. */
const MAX_QUEUED_BYTES = 16 * 1024 * 1024;

const NO_ECN_OUT =
	'The portable socket cannot let routers mark its packets (ECN): they drop some instead when there are too many.';
const NO_ECN_IN = 'The portable socket cannot see congestion marks (ECN): only losses slow a session down.';

interface Queued {
	readonly datagram: Uint8Array;
	readonly from: Endpoint;
}

/** Opens the socket that works everywhere. Rejects with `TransportError`. */
export async function openPortableSocket(options: SocketOptions): Promise<PortableSocket> {
	return new PortableSocket(await bindPortableSocket(options), options);
}

/** The `portable` socket: `node:dgram`, a datagram at a time, with the interface of the other one. */
export class PortableSocket implements DatagramSocket {
	readonly driver = 'portable';
	readonly family: Family;
	readonly local: Endpoint;
	readonly receiveBufferBytes: number;
	readonly sendBufferBytes: number;
	readonly marksProblem: string | undefined;
	readonly #socket: Socket;
	readonly #kernelSocket: UdpSocket | undefined;
	readonly #stats = emptyStats();
	readonly #networkInterface: NetworkInterface | undefined;
	#queue: Queued[] = [];
	#queueHead = 0;
	#queuedBytes = 0;
	#sending = 0;
	#split = 0;
	#listener: (() => void) | undefined;
	#isNotified = false;
	#isClosed = false;

	constructor(bound: BoundPortableSocket, options: SocketOptions) {
		this.#socket = bound.socket;
		this.#kernelSocket = bound.kernelSocket;
		this.#networkInterface = options.networkInterface;
		this.family = options.family;
		const { address, port } = bound.socket.address();
		this.local = { host: canonicalAddress(address) ?? address, port };
		this.receiveBufferBytes = bound.receiveBufferBytes;
		this.sendBufferBytes = bound.sendBufferBytes;
		this.marksProblem = options.ecn === true && bound.kernelSocket === undefined ? NO_ECN_OUT : undefined;
		this.#socket.on('message', (datagram, info) => this.#enqueue(datagram, info));
		this.#socket.on('error', (error: NodeJS.ErrnoException) => {
			this.#stats.receiveErrors += 1;
			this.#stats.lastError = `receiving failed: ${error.message}`;
		});
	}

	createOutgoing(): PortableOutgoingBatch {
		return new PortableOutgoingBatch();
	}

	createIncoming(): PortableIncomingBatch {
		return new PortableIncomingBatch();
	}

	send(batch: OutgoingBatch, from: number): number {
		const { count, stride, lastLength } = batch;
		if (this.#isClosed) return count - from;
		checkBurst(batch, from);
		if (!this.#canReach(batch.destination, count - from)) return count - from;
		let at = from;
		for (; at < count && this.#sending < MAX_SENDING; at += 1) {
			this.#sendOne(batch.bytes, at * stride, at === count - 1 ? lastLength : stride, batch.destination);
		}
		return at - from;
	}

	relay(batch: IncomingBatch, first: number, count: number, destination: Endpoint): number {
		if (!(batch instanceof PortableIncomingBatch)) throw new TypeError('a batch of another driver');
		if (this.#isClosed || !this.#canReach(destination, count)) return count;
		assert(first >= 0 && first + count <= batch.count, 'what is relayed has been received');
		let at = first;
		for (; at < first + count && this.#sending < MAX_SENDING; at += 1) {
			this.#sendOne(batch.bytes, batch.headerAt[at], batch.length[at], destination);
		}
		return at - first;
	}

	/** False, and counted, where the destination is no address of the family. */
	#canReach({ host }: Endpoint, datagrams: number): boolean {
		if (canonicalAddress(host.split('%')[0])?.includes(':') === (this.family === 6)) return true;
		this.#refuse(datagrams, `"${host}" is not an IPv${this.family} address: nothing can be sent to it`);
		return false;
	}

	#sendOne(bytes: Uint8Array, at: number, length: number, { host, port }: Endpoint): void {
		assert(at >= 0 && at + length <= bytes.length, 'a datagram stands in the memory of its batch');
		// The runtime sends in a later turn, and the memory is used anew before: hence the copy.
		const datagram = Buffer.from(bytes.subarray(at, at + length));
		this.#sending += 1;
		this.#stats.sendCalls += 1;
		this.#socket.send(datagram, 0, length, port, this.#scoped(host), (error) => this.#handleSent(error, length));
	}

	receive(batch: IncomingBatch): boolean {
		if (!(batch instanceof PortableIncomingBatch)) throw new TypeError('a batch of another driver');
		batch.reset(this.#split);
		while (this.#queueHead < this.#queue.length) {
			const { datagram, from } = this.#queue[this.#queueHead];
			if (!batch.add(datagram, from)) break;
			this.#queueHead += 1;
			this.#queuedBytes -= datagram.length;
			assert(this.#queuedBytes >= 0, 'no more bytes leave the queue than have come');
			this.#stats.datagramsIn += 1;
			this.#stats.bytesIn += datagram.length;
		}
		if (this.#queueHead === this.#queue.length) {
			assert(this.#queuedBytes === 0, 'an empty queue holds no bytes');
			this.#queue = [];
			this.#queueHead = 0;
		}
		if (batch.count > 0) this.#stats.receiveCalls += 1;
		return batch.count > 0;
	}

	onReadable(listener: () => void): void {
		this.#listener = listener;
		if (this.#queue.length > 0) this.#notify();
	}

	/** Each datagram is an event of the runtime here: there is nothing to gather. */
	rest(): void {}

	expectData(split: number, payloadBytes: number): void {
		this.#split = isScatterable(split, payloadBytes) ? split : 0;
	}

	/** The runtime does not hand over what the kernel says about a datagram. */
	expectMarks(areWanted: boolean): string | undefined {
		return areWanted ? NO_ECN_IN : undefined;
	}

	join(group: string, networkInterface: NetworkInterface, source?: string): void {
		const argument = interfaceArgument(networkInterface, this.family);
		try {
			if (source === undefined) this.#socket.addMembership(group, argument);
			else this.#socket.addSourceSpecificMembership(source, group, argument);
		} catch (error) {
			if ((error as NodeJS.ErrnoException).code === 'EADDRINUSE') return;
			throw membershipError(errorNumber(error), group, networkInterface, source);
		}
	}

	leave(group: string, networkInterface: NetworkInterface, source?: string): void {
		try {
			const argument = interfaceArgument(networkInterface, this.family);
			if (source === undefined) this.#socket.dropMembership(group, argument);
			else this.#socket.dropSourceSpecificMembership(source, group, argument);
		} catch {
			// Not joined: nothing to leave.
		}
	}

	stats(): SocketStats {
		if (!this.#isClosed) this.#stats.kernelDrops = this.#kernelSocket?.drops() ?? 0;
		return { ...this.#stats };
	}

	close(): void {
		if (this.#isClosed) return;
		this.stats();
		this.#isClosed = true;
		this.#listener = undefined;
		this.#queue = [];
		this.#queueHead = 0;
		this.#queuedBytes = 0;
		closeQuietly(this.#socket);
	}

	#enqueue(datagram: Uint8Array, info: RemoteInfo): void {
		if (this.#queuedBytes + datagram.length > MAX_QUEUED_BYTES) {
			this.#stats.queueDrops += 1;
			return;
		}
		this.#queue.push({ datagram, from: { host: info.address, port: info.port } });
		this.#queuedBytes += datagram.length;
		this.#notify();
	}

	/** Calls the listener once for all that has come by the end of this turn, and again while something is left. */
	#notify(): void {
		if (this.#isNotified || this.#listener === undefined) return;
		this.#isNotified = true;
		setImmediate(() => {
			this.#isNotified = false;
			if (this.#isClosed) return;
			try {
				this.#listener?.();
			} finally {
				if (this.#queueHead < this.#queue.length) this.#notify();
			}
		});
	}

	#handleSent(error: Error | null, length: number): void {
		this.#sending -= 1;
		assert(this.#sending >= 0 && this.#sending < MAX_SENDING, 'a datagram is sent once');
		if (error === null) {
			this.#stats.datagramsOut += 1;
			this.#stats.bytesOut += length;
		} else {
			const number = errorNumber(error);
			this.#refuse(1, `sending failed: ${number === 0 ? error.message : errnoSentence(number)}`);
		}
	}

	#refuse(datagrams: number, sentence: string): void {
		this.#stats.sendErrors += datagrams;
		this.#stats.lastError = sentence;
	}

	/** Link-local addresses need an interface: ours, unless they name one. */
	#scoped(host: string): string {
		const isLinkLocal = this.family === 6 && /^(fe[89ab]|ff[0-9a-f][12])/i.test(host);
		if (!isLinkLocal || host.includes('%') || this.#networkInterface === undefined) return host;
		return `${host}%${this.#networkInterface.name}`;
	}
}

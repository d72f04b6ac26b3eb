import { Errno, errnoName, openReadiness } from '@uftp/native';
import type { Endpoint, IncomingBatch, OutgoingBatch } from '@uftp/protocol';
import type { Family } from '@uftp/wire';
import type { DatagramSocket, SocketDriver, SocketOptions, SocketStats } from './datagram-socket.ts';
import { TransportError } from './errors/transport-error.ts';
import type { NetworkInterface } from './interfaces.ts';
import { LinuxSocket, openLinuxSocket } from './linux/socket.ts';
import { openSocket } from './open-socket.ts';
import { sumStats } from './socket-stats.ts';

/** Most sockets of one listener: 20 groups each on an ordinary kernel, so 640 groups. */
const MAX_SOCKETS = 32;

export interface ListenerOptions extends Omit<SocketOptions, 'reuseAddress'> {
	/** The receiver's port: must be named, and is shared with other receivers that share it. */
	readonly bind: { readonly address?: string; readonly port: number };
	/**
	 * Nobody else gets the port, not even who would share it: for programs that are answered at it (default false). Where
	 * the runtime opens the sockets, its groups are then as many as the system allows for one.
	 */
	readonly isExclusive?: boolean;
}

interface Membership {
	readonly socket: DatagramSocket;
	uses: number;
}

/**
 * Opens the receiver's port. Rejects with `TransportError`, in particular when another program holds the port without
 * sharing it (a C `uftpd` does).
 */
export async function openListener(options: ListenerOptions): Promise<MulticastListener> {
	if (options.isExclusive === true) {
		return new MulticastListener(await openSocket(options), undefined, options, false);
	}
	const isShared = await isPortInUse(options);
	const shared = { ...options, reuseAddress: true };
	const first = await openSocket(shared);
	const spare = first.driver === 'portable' ? await openSocket({ ...shared, driver: 'portable' }) : undefined;
	return new MulticastListener(first, spare, shared, isShared);
}

/** Whether somebody has the port already. Errors other than that are left to the real opening, which says more. */
async function isPortInUse(options: ListenerOptions): Promise<boolean> {
	try {
		const probe = await openSocket({ family: options.family, bind: options.bind, driver: options.driver ?? 'auto' });
		probe.close();
		return false;
	} catch (error) {
		return error instanceof TransportError && error.code === errnoName(Errno.EADDRINUSE);
	}
}

/**
 * The receiver's port as one socket, behind which there are as many as its groups need: the kernel allows 20 groups per
 * socket. Each group is on exactly one of them, so nothing arrives twice. Joins are counted: a group that was joined
 * twice is left after two leaves.
 */
export class MulticastListener implements DatagramSocket {
	readonly driver: SocketDriver;
	readonly family: Family;
	readonly local: Endpoint;
	readonly receiveBufferBytes: number;
	readonly sendBufferBytes: number;
	readonly marksProblem: string | undefined;
	/**
	 * Another socket had the port already when this one was opened. Multicast reaches both; what is sent to the host's
	 * own address reaches only one of them, most likely the last one opened.
	 */
	readonly isShared: boolean;
	readonly #options: SocketOptions;
	readonly #isExclusive: boolean;
	readonly #sockets: DatagramSocket[];
	readonly #memberships = new Map<string, Membership>();
	/** An open socket without groups, for the driver that cannot open one at once: a join does not wait. */
	#spare: DatagramSocket | undefined;
	#listener: (() => void) | undefined;
	#split = 0;
	#payloadBytes = 0;
	#wantsMarks = false;
	#next = 0;
	#isClosed = false;

	constructor(first: DatagramSocket, spare: DatagramSocket | undefined, options: ListenerOptions, isShared: boolean) {
		this.#sockets = [first];
		this.#spare = spare;
		this.#options = { ...options, driver: first.driver };
		this.#isExclusive = options.isExclusive === true;
		this.driver = first.driver;
		this.family = first.family;
		this.local = first.local;
		this.receiveBufferBytes = first.receiveBufferBytes;
		this.sendBufferBytes = first.sendBufferBytes;
		this.marksProblem = first.marksProblem;
		this.isShared = isShared;
	}

	/** How many sockets its groups need. */
	get socketCount(): number {
		return this.#sockets.length;
	}

	createOutgoing(): OutgoingBatch {
		return this.#sockets[0].createOutgoing();
	}

	createIncoming(): IncomingBatch {
		return this.#sockets[0].createIncoming();
	}

	send(batch: OutgoingBatch, from: number): number {
		return this.#sockets[0].send(batch, from);
	}

	relay(batch: IncomingBatch, first: number, count: number, destination: Endpoint): number {
		return this.#sockets[0].relay(batch, first, count, destination);
	}

	/** Takes the sockets in turns, so that none starves the others. */
	receive(batch: IncomingBatch): boolean {
		const sockets = this.#sockets;
		for (let tries = 0; tries < sockets.length; tries += 1) {
			this.#next = this.#next + 1 < sockets.length ? this.#next + 1 : 0;
			if (sockets[this.#next].receive(batch)) return true;
		}
		return this.#spare?.receive(batch) ?? false;
	}

	onReadable(listener: () => void): void {
		this.#listener = listener;
		for (const socket of this.#open()) socket.onReadable(listener);
	}

	rest(ms: number): void {
		for (const socket of this.#open()) socket.rest(ms);
	}

	expectData(split: number, payloadBytes: number): void {
		this.#split = split;
		this.#payloadBytes = payloadBytes;
		for (const socket of this.#open()) socket.expectData(split, payloadBytes);
	}

	expectMarks(areWanted: boolean): string | undefined {
		this.#wantsMarks = areWanted;
		let problem: string | undefined;
		for (const socket of this.#open()) problem = socket.expectMarks(areWanted) ?? problem;
		return problem;
	}

	join(group: string, networkInterface: NetworkInterface, source?: string): void {
		const key = membershipKey(group, networkInterface, source);
		const known = this.#memberships.get(key);
		if (known !== undefined) {
			known.uses += 1;
			return;
		}
		const socket = this.#joinSomewhere(group, networkInterface, source);
		this.#memberships.set(key, { socket, uses: 1 });
	}

	leave(group: string, networkInterface: NetworkInterface, source?: string): void {
		const key = membershipKey(group, networkInterface, source);
		const known = this.#memberships.get(key);
		if (known === undefined) return;
		known.uses -= 1;
		if (known.uses > 0) return;
		this.#memberships.delete(key);
		known.socket.leave(group, networkInterface, source);
	}

	stats(): SocketStats {
		return sumStats(this.#open().map((socket) => socket.stats()));
	}

	close(): void {
		this.#isClosed = true;
		for (const socket of this.#open()) socket.close();
	}

	/** The spare is read as well: what is sent to the host's own address may arrive there. */
	#open(): DatagramSocket[] {
		return this.#spare === undefined ? this.#sockets : [...this.#sockets, this.#spare];
	}

	#joinSomewhere(group: string, networkInterface: NetworkInterface, source: string | undefined): DatagramSocket {
		let full: TransportError | undefined;
		for (const socket of this.#sockets) {
			const error = tryJoin(socket, group, networkInterface, source);
			if (error === undefined) return socket;
			full = error;
		}
		const next = this.#sockets.length < MAX_SOCKETS ? this.#openNext() : undefined;
		if (next === undefined) {
			throw new TransportError(
				`${full?.message ?? ''} All ${this.#sockets.length} sockets of the listener are full.`,
				full?.code,
			);
		}
		this.#sockets.push(next);
		const error = tryJoin(next, group, networkInterface, source);
		if (error !== undefined) throw error;
		return next;
	}

	/** One more socket on the port; undefined if there is none in reserve and it takes time to open one. */
	#openNext(): DatagramSocket | undefined {
		if (this.driver === 'linux-batch') {
			return this.#openNextLinux();
		}
		const spare = this.#spare;
		this.#spare = undefined;
		if (spare !== undefined) void this.#openSpare();
		return spare;
	}

	/** An exclusive port is shared with the own sockets, and only for the moment in which they are opened. */
	#openNextLinux(): DatagramSocket | undefined {
		const { readiness } = openReadiness();
		if (readiness === undefined) return undefined;
		const own = this.#isExclusive ? this.#sockets.filter((socket) => socket instanceof LinuxSocket) : [];
		for (const socket of own) socket.setShared(true);
		try {
			const next = openLinuxSocket(readiness, { ...this.#options, reuseAddress: true });
			if (this.#isExclusive) next.setShared(false);
			return this.#adopt(next);
		} finally {
			for (const socket of own) socket.setShared(false);
		}
	}

	async #openSpare(): Promise<void> {
		try {
			const spare = await openSocket(this.#options);
			if (this.#isClosed) spare.close();
			else this.#spare = this.#adopt(spare);
		} catch {
			// Without a spare the next join past the limit says so.
		}
	}

	#adopt(socket: DatagramSocket): DatagramSocket {
		socket.expectData(this.#split, this.#payloadBytes);
		if (this.#wantsMarks) socket.expectMarks(true);
		if (this.#listener !== undefined) socket.onReadable(this.#listener);
		return socket;
	}
}

/** Joins; undefined on success, the error when the socket has no room. Throws the error when it is another. */
function tryJoin(
	socket: DatagramSocket,
	group: string,
	networkInterface: NetworkInterface,
	source: string | undefined,
): TransportError | undefined {
	try {
		socket.join(group, networkInterface, source);
		return undefined;
	} catch (error) {
		const isFull =
			error instanceof TransportError &&
			(error.code === errnoName(Errno.ENOBUFS) || error.code === errnoName(Errno.ENOMEM));
		if (!isFull) throw error;
		return error;
	}
}

function membershipKey(group: string, networkInterface: NetworkInterface, source: string | undefined): string {
	return `${group} ${networkInterface.index} ${source ?? ''}`;
}

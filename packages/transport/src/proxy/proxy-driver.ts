/**
 * Runs one proxy on its port: one socket for each address family, which receives and sends. What is forwarded as it
 * stands goes from the memory it was received into straight back to the kernel, a run of datagrams with one call for
 * each destination; everything else goes through the proxy's session contract.
 */
import {
	type Endpoint,
	type IncomingBatch,
	type OutgoingBatch,
	type Proxy as ProxyCore,
	type ProxyEvent,
	Route,
} from '@uftp/protocol';
import { monotonicMs } from '../clock.ts';
import type { DatagramSocket, Family } from '../datagram-socket.ts';
import type { NetworkInterface } from '../interfaces.ts';
import type { NodeFault } from '../receiving-node.ts';
import { PreciseTimer } from '../timer.ts';
import { GatherPace } from './gather-pace.ts';
import { GroupMemberships } from './group-memberships.ts';

/** Batches handled before other work of the process gets its turn. */
const BATCHES_PER_TURN = 32;
/** How long a full send buffer is given to drain; meanwhile nothing is read, and the receive buffer holds what comes. */
const FULL_BUFFER_MS = 0.5;
/** A buffer that takes nothing for so long will not within the time that the receive buffer holds: what waits is lost. */
const STUCK_MS = 50;
/** No `Route` and no way: the next datagram has not been looked at. */
const UNKNOWN = -100;
const NOBODY: readonly Endpoint[] = [];

export interface ProxyDriverOptions {
	readonly proxy: ProxyCore;
	/** With the proxy's port, one for each address family; all of one driver. They stay the caller's. */
	readonly sockets: readonly DatagramSocket[];
	/** Where private groups of a family are joined. */
	readonly interfaces: (family: Family) => readonly NetworkInterface[];
	/** Every event, after the driver has acted on it. */
	readonly onEvent: (event: ProxyEvent) => void;
	/** Every fault, once: its stack belongs in the log. What is thrown in `flush` goes to its caller. */
	readonly onFault: (fault: NodeFault) => void;
}

export class ProxyDriver {
	readonly #proxy: ProxyCore;
	readonly #sockets: readonly DatagramSocket[];
	readonly #onEvent: (event: ProxyEvent) => void;
	readonly #onFault: (fault: NodeFault) => void;
	readonly #memberships: GroupMemberships;
	readonly #timer = new PreciseTimer();
	readonly #pace = new GatherPace();
	readonly #incoming: IncomingBatch;
	readonly #outgoing: OutgoingBatch;
	/** Next datagram of the incoming batch, and its way if it is known already. */
	#next = 0;
	#nextWay = UNKNOWN;
	/** The run that is being sent: its first datagram and length (0: there is none), and where it is on its way. */
	#runFirst = 0;
	#runCount = 0;
	#runTaken = 0;
	#destinations = NOBODY;
	#destination = 0;
	/** A burst of the proxy's own that the socket has taken in part. */
	#isPending = false;
	#taken = 0;
	#fullSince = Number.POSITIVE_INFINITY;
	#turnOfSocket = 0;
	#isScheduled = false;
	#isClosed = false;
	/** Datagrams that were lost because the send buffer took nothing for too long. */
	lostDatagrams = 0;
	/** Datagrams for addresses of a family that no socket here has. */
	unreachableDatagrams = 0;

	constructor(options: ProxyDriverOptions) {
		this.#proxy = options.proxy;
		this.#sockets = options.sockets;
		this.#onEvent = options.onEvent;
		this.#onFault = options.onFault;
		this.#memberships = new GroupMemberships(options.sockets, options.interfaces);
		this.#incoming = options.sockets[0].createIncoming();
		this.#outgoing = options.sockets[0].createOutgoing();
	}

	/** Begins; the first heartbeats leave at once. */
	start(): void {
		this.#timer.onFire(() => this.#turn());
		for (const socket of this.#sockets) socket.onReadable(() => this.#turn());
		this.#turn();
	}

	/** Acts on what a command to the proxy caused. Call it after every command. */
	flush(): void {
		this.#wait(this.#settle());
	}

	/** Leaves the private groups and stops reading. Call `proxy.abort` and `flush` before, so that everybody hears of it. */
	close(): void {
		if (this.#isClosed) return;
		this.#isClosed = true;
		this.#timer.close();
		this.#memberships.leaveAll();
		for (const socket of this.#sockets) socket.onReadable(() => {});
	}

	#turn(): void {
		if (this.#isClosed) return;
		try {
			this.#work();
		} catch (error) {
			// Nothing may escape to the process: others use it, too.
			try {
				this.close();
			} finally {
				this.#onFault({ error, groupId: undefined, endsNode: true });
			}
		}
	}

	#work(): void {
		let batches = 0;
		let datagrams = 0;
		let isFree = this.#settle() && this.#forward();
		while (isFree && batches < BATCHES_PER_TURN && this.#receive()) {
			batches++;
			datagrams += this.#incoming.count;
			isFree = this.#forward();
		}
		const now = monotonicMs();
		if (this.#proxy.pollTimeout() <= now) {
			this.#proxy.handleTimeout(now);
			isFree = this.#settle() && isFree;
		}
		const restMs = isFree ? this.#pace.after(now, datagrams) : 1;
		if (batches === BATCHES_PER_TURN) this.#schedule();
		else if (restMs > 0) for (const socket of this.#sockets) socket.rest(restMs);
		this.#wait(isFree);
	}

	/** Takes the sockets in turns. */
	#receive(): boolean {
		const sockets = this.#sockets;
		for (let tries = 0; tries < sockets.length; tries++) {
			this.#turnOfSocket = this.#turnOfSocket + 1 < sockets.length ? this.#turnOfSocket + 1 : 0;
			if (!sockets[this.#turnOfSocket].receive(this.#incoming)) continue;
			this.#next = 0;
			return true;
		}
		return false;
	}

	/** Sees to the rest of the incoming batch. False if a send buffer is full: then it goes on from there later. */
	#forward(): boolean {
		const batch = this.#incoming;
		const now = monotonicMs();
		for (;;) {
			if (this.#runCount > 0 && !this.#relayRun(now)) return false;
			if (this.#next >= batch.count) {
				this.#next = 0;
				batch.count = 0;
				return this.#settle();
			}
			const way = this.#nextWay === UNKNOWN ? this.#wayOf(now, this.#next) : this.#nextWay;
			this.#nextWay = UNKNOWN;
			if (way >= 0) {
				this.#startRun(now, way);
				continue;
			}
			const i = this.#next++;
			if (way !== Route.Handle) continue;
			this.#proxy.handleDatagram(now, batch.from(i), batch.bytes, batch.headerAt[i], batch.length[i]);
			if (!this.#settle()) return false;
		}
	}

	#wayOf(now: number, i: number): number {
		const batch = this.#incoming;
		const { bytes, headerAt, length } = batch;
		return this.#proxy.route(now, batch.sourceKey(i), batch.sourcePort(i), bytes, headerAt[i], length[i]);
	}

	/** The next datagram and those behind it that go the same way. */
	#startRun(now: number, way: number): void {
		const first = this.#next;
		let end = first + 1;
		for (; end < this.#incoming.count; end++) {
			const next = this.#wayOf(now, end);
			if (next === way) continue;
			this.#nextWay = next;
			break;
		}
		this.#next = end;
		this.#runFirst = first;
		this.#runCount = end - first;
		this.#runTaken = 0;
		this.#destinations = this.#proxy.destinations(way);
		this.#destination = 0;
	}

	/** Sends the run to the destinations that have not got it yet. False if a send buffer is full. */
	#relayRun(now: number): boolean {
		const destinations = this.#destinations;
		for (; this.#destination < destinations.length; this.#destination++) {
			const to = destinations[this.#destination];
			const left = this.#runCount - this.#runTaken;
			const socket = this.#socketFor(to);
			if (socket === undefined) this.unreachableDatagrams += left;
			const taken = socket?.relay(this.#incoming, this.#runFirst + this.#runTaken, left, to) ?? left;
			if (taken < left && this.#isWorthWaiting(now, taken)) {
				this.#runTaken += taken;
				return false;
			}
			if (taken < left) this.lostDatagrams += left - taken;
			else this.#fullSince = Number.POSITIVE_INFINITY;
			this.#runTaken = 0;
		}
		this.#runCount = 0;
		return true;
	}

	/** Whether a full buffer is given more time. */
	#isWorthWaiting(now: number, taken: number): boolean {
		if (taken > 0 || this.#fullSince === Number.POSITIVE_INFINITY) this.#fullSince = now;
		return now - this.#fullSince < STUCK_MS;
	}

	/** Acts on events and sends what the proxy has to say. False if a send buffer is full. */
	#settle(): boolean {
		const proxy = this.#proxy;
		for (;;) {
			if (this.#isPending && !this.#sendPending()) return false;
			for (let event = proxy.pollEvent(); event !== undefined; event = proxy.pollEvent()) {
				this.#act(event);
				this.#onEvent(event);
			}
			if (!proxy.pollTransmit(monotonicMs(), this.#outgoing)) return true;
			this.#isPending = true;
			this.#taken = 0;
		}
	}

	#sendPending(): boolean {
		const batch = this.#outgoing;
		const left = batch.count - this.#taken;
		const socket = this.#socketFor(batch.destination);
		if (socket === undefined) this.unreachableDatagrams += left;
		const taken = socket?.send(batch, this.#taken) ?? left;
		this.#taken += taken;
		if (taken < left && this.#isWorthWaiting(monotonicMs(), taken)) return false;
		if (taken < left) this.lostDatagrams += left - taken;
		else this.#fullSince = Number.POSITIVE_INFINITY;
		this.#isPending = false;
		return true;
	}

	#socketFor({ host }: Endpoint): DatagramSocket | undefined {
		const sockets = this.#sockets;
		const family = host.includes(':') ? 6 : 4;
		for (let i = 0; i < sockets.length; i++) if (sockets[i].family === family) return sockets[i];
		return undefined;
	}

	#act(event: ProxyEvent): void {
		if (event.kind === 'sessionEnded') this.#memberships.leave(event.groupId);
		if (event.kind !== 'sessionStarted' || event.privateGroup === undefined) return;
		const problem = this.#memberships.join(event.groupId, event.privateGroup, event.source);
		if (problem !== undefined) this.#proxy.abort(monotonicMs(), problem, event.groupId);
	}

	#schedule(): void {
		if (this.#isScheduled) return;
		this.#isScheduled = true;
		setImmediate(() => {
			this.#isScheduled = false;
			this.#turn();
		});
	}

	#wait(isFree: boolean): void {
		if (this.#isClosed) return;
		const deadline = this.#proxy.pollTimeout();
		this.#timer.arm(isFree ? deadline : Math.min(deadline, monotonicMs() + FULL_BUFFER_MS));
	}
}

/**
 * Runs one proxy on its port: one socket for each address family, which receives and sends. What is forwarded as it
 * stands goes from the memory it was received into straight back to the kernel, a run of datagrams with one call for
 * each destination; everything else goes through the proxy's session contract.
 *
 * Nothing that is thrown in any turn escapes to the process: what a hook or the network stack throws while something is
 * done for a session ends that session, everything else ends the proxy.
 */
import {
	assert,
	BatchArrival,
	type Endpoint,
	type IncomingBatch,
	type OutgoingBatch,
	type Proxy as ProxyCore,
	type ProxyEvent,
	type ProxyRequest,
} from '@uftp/protocol';
import { addressFamily, type Family } from '@uftp/wire';
import { monotonicMs } from '../clock.ts';
import type { DatagramSocket } from '../datagram-socket.ts';
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
const NOWHERE: readonly Endpoint[] = [];
/** What a proxy that has failed may still send. */
const LAST_MESSAGES_MAX = 4096;

export interface ProxyDriverOptions {
	readonly proxy: ProxyCore;
	/** With the proxy's port, one for each address family; all of one driver. They stay the caller's. */
	readonly sockets: readonly DatagramSocket[];
	/** Where private groups of a family are joined. */
	readonly interfaces: (family: Family) => readonly NetworkInterface[];
	/** Every event. */
	readonly onEvent: (event: ProxyEvent) => void;
	/** Every fault, once: its stack belongs in the log. */
	readonly onFault: (fault: NodeFault) => void;
}

export class ProxyDriver {
	readonly #proxy: ProxyCore;
	readonly #sockets: readonly DatagramSocket[];
	readonly #options: ProxyDriverOptions;
	readonly #memberships: GroupMemberships;
	readonly #timer = new PreciseTimer();
	readonly #pace = new GatherPace();
	readonly #incoming: IncomingBatch;
	readonly #arrival: BatchArrival;
	readonly #outgoing: OutgoingBatch;
	/** Next datagram of the incoming batch that the proxy has not been given. */
	#next = 0;
	/** The way of the datagram before that one, if it has one and is in no run yet. */
	#nextWay: number | undefined;
	/** The proxy has dealt with a datagram: what that led to follows the run before it. */
	#hasHandled = false;
	/** The run that is being sent: its first datagram and length (0: there is none), and where it is on its way. */
	#runFirst = 0;
	#runCount = 0;
	#runTaken = 0;
	#destinations = NOWHERE;
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
		assert(options.sockets.length > 0, 'a proxy has a socket');
		this.#proxy = options.proxy;
		this.#sockets = options.sockets;
		this.#options = options;
		this.#memberships = new GroupMemberships(options.sockets, options.interfaces);
		this.#incoming = options.sockets[0].createIncoming();
		this.#arrival = new BatchArrival(this.#incoming);
		this.#outgoing = options.sockets[0].createOutgoing();
	}

	/** Begins; the first heartbeats leave at once. */
	start(): void {
		const turn = (): void => this.#contain(() => this.#turn());
		this.#timer.onFire(turn);
		for (const socket of this.#sockets) socket.onReadable(turn);
		turn();
	}

	/** Acts on what a command to the proxy caused. Call it after every command. */
	flush(): void {
		this.#contain(() => this.#wait(this.#settle()));
	}

	/** Leaves the private groups and stops reading. Call `proxy.abort` and `flush` before, so that everybody hears of it. */
	close(): void {
		if (this.#isClosed) return;
		this.#isClosed = true;
		this.#timer.close();
		for (const socket of this.#sockets) this.#attempt(() => socket.onReadable(() => {}));
		this.#attempt(() => this.#memberships.leaveAll());
	}

	/** What is thrown in here is no session's: it ends the proxy. */
	#contain(act: () => void): void {
		if (this.#isClosed) return;
		try {
			act();
		} catch (error) {
			this.#failed(error);
		}
	}

	#failed(error: unknown): void {
		if (this.#isClosed) return;
		this.#attempt(() => this.#proxy.abort(monotonicMs(), 'This program has failed'));
		this.#attempt(() => this.#sendLastMessages());
		this.close();
		this.#report({ error, groupId: undefined, endsNode: true });
	}

	/** Without waiting, and without acting on anything else. */
	#sendLastMessages(): void {
		const batch = this.#outgoing;
		for (let sent = 0; sent < LAST_MESSAGES_MAX; sent++) {
			if (!this.#proxy.pollTransmit(monotonicMs(), batch)) return;
			this.#socketFor(batch.destination)?.send(batch, 0);
		}
	}

	#report(fault: NodeFault): void {
		this.#attempt(() => this.#options.onFault(fault));
	}

	/** Does what is to be done in any case: what is thrown meanwhile cannot be told to anybody. */
	#attempt(act: () => void): void {
		try {
			act();
		} catch {
			// The first fault is the one that counts.
		}
	}

	#turn(): void {
		if (this.#isClosed) return;
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
			assert(this.#runCount === 0 && this.#nextWay === undefined, 'a batch begins when the one before is done');
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
			if (this.#hasHandled) {
				if (!this.#settle()) return false;
				this.#hasHandled = false;
			}
			assert(this.#next <= batch.count, 'a batch is worked through once');
			if (this.#nextWay !== undefined) this.#startRun(now, this.#nextWay);
			else if (this.#next < batch.count) this.#nextWay = this.#take(now);
			else {
				this.#next = 0;
				batch.count = 0;
				return this.#settle();
			}
		}
	}

	/** Gives the next datagram to the proxy; its way if it is to be forwarded. */
	#take(now: number): number | undefined {
		const way = this.#proxy.handle(now, this.#arrival.at(this.#next++));
		if (way === undefined) this.#hasHandled = true;
		return way;
	}

	/** The datagram that was taken last, and those behind it that go the same way. */
	#startRun(now: number, way: number): void {
		const { count } = this.#incoming;
		const first = this.#next - 1;
		assert(first >= 0 && this.#runCount === 0, 'a run begins behind the one before');
		// What comes behind the run may change them.
		this.#destinations = this.#proxy.destinations(way);
		this.#nextWay = undefined;
		let end = this.#next;
		for (; end < count; end++) {
			const next = this.#take(now);
			if (next === way) continue;
			this.#nextWay = next;
			break;
		}
		this.#runFirst = first;
		this.#runCount = end - first;
		this.#runTaken = 0;
		this.#destination = 0;
		assert(end > first && end <= count, 'a run lies within its batch');
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
			assert(taken >= 0 && taken <= left, 'a socket takes no more than it is given');
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

	/** Acts on requests and sends what the proxy has to say. False if a send buffer is full. */
	#settle(): boolean {
		const proxy = this.#proxy;
		for (;;) {
			if (this.#isPending && !this.#sendPending()) return false;
			for (let request = proxy.pollRequest(); request !== undefined; request = proxy.pollRequest()) this.#act(request);
			for (let event = proxy.pollEvent(); event !== undefined; event = proxy.pollEvent()) this.#tell(event);
			if (this.#isClosed) return false;
			if (!proxy.pollTransmit(monotonicMs(), this.#outgoing)) return true;
			assert(this.#outgoing.count > 0, 'a burst that has been composed has datagrams');
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
		assert(taken >= 0 && taken <= left, 'a socket takes no more than it is given');
		this.#taken += taken;
		if (taken < left && this.#isWorthWaiting(monotonicMs(), taken)) return false;
		if (taken < left) this.lostDatagrams += left - taken;
		else this.#fullSince = Number.POSITIVE_INFINITY;
		this.#isPending = false;
		return true;
	}

	#socketFor({ host }: Endpoint): DatagramSocket | undefined {
		const sockets = this.#sockets;
		const family = addressFamily(host);
		for (let i = 0; i < sockets.length; i++) if (sockets[i].family === family) return sockets[i];
		return undefined;
	}

	#act(request: ProxyRequest): void {
		if (request.kind === 'fault') {
			this.#report({ error: request.error, groupId: request.groupId, endsNode: false });
			return;
		}
		const { groupId } = request;
		try {
			if (request.kind === 'leaveGroup') this.#memberships.leave(groupId);
			else {
				const problem = this.#memberships.join(groupId, request.group, request.source);
				if (problem !== undefined) this.#proxy.abort(monotonicMs(), problem, groupId);
			}
		} catch (error) {
			this.#proxy.fail(monotonicMs(), groupId, error);
		}
	}

	/** A hook that throws at an event of a session ends that session; at any other one, the proxy. */
	#tell(event: ProxyEvent): void {
		try {
			this.#options.onEvent(event);
		} catch (error) {
			if (!('groupId' in event)) throw error;
			this.#proxy.fail(monotonicMs(), event.groupId, error);
		}
	}

	#schedule(): void {
		if (this.#isScheduled) return;
		this.#isScheduled = true;
		setImmediate(() => {
			this.#isScheduled = false;
			this.#contain(() => this.#turn());
		});
	}

	#wait(isFree: boolean): void {
		if (this.#isClosed) return;
		const deadline = this.#proxy.pollTimeout();
		this.#timer.arm(isFree ? deadline : Math.min(deadline, monotonicMs() + FULL_BUFFER_MS));
	}
}

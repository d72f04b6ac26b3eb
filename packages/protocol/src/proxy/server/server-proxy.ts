/**
 * The server proxy: carries sessions from the network of their sender to its downstream sites, and the answers back,
 * byte for byte (docs/protocol.md, section 12.2). It has no part in the keys of sessions.
 */
import {
	decodeHbReq,
	decodeHbResp,
	decodeHeader,
	emptyHeader,
	Header,
	hostKey,
	isMalformed,
	isMessageType,
	MessageType,
	MIN_DATAGRAM_BYTES,
	VERSION,
} from '@uftp/wire';
import type { Arrival } from '../../arrival.ts';
import { assert } from '../../assert.ts';
import type { DropReason } from '../../drop-reason.ts';
import type { Endpoint, OutgoingBatch } from '../../ports.ts';
import { Reports } from '../../reports.ts';
import { Containment } from '../../shared/containment.ts';
import { DatagramQueue } from '../datagram-queue.ts';
import { decodeBody, type HandledDatagram } from '../handled-datagram.ts';
import { HeartbeatAnswers } from '../heartbeat/heartbeat-answers.ts';
import { OwnHeartbeats } from '../heartbeat/own-heartbeats.ts';
import { KnownSenders } from '../known-senders.ts';
import type { ServerProxyConfig } from '../proxy-config.ts';
import { ProxyCounters } from '../proxy-counters.ts';
import type { ProxyEvent } from '../proxy-events.ts';
import type { Proxy as ProxyNode, ProxyRequest } from '../proxy-port.ts';
import { ProxyRequests } from '../proxy-requests.ts';
import { AnnounceHandler } from './announce-handler.ts';
import { DownstreamSites } from './downstream-sites.ts';
import type { RelayedSession } from './relayed-session.ts';
import { ANNOUNCES_WAITING_MAX, HEARTBEATS_WAITING_MAX } from './server-limits.ts';
import { SessionTable } from './session-table.ts';

/** The way of all sessions towards the receivers; those to the senders follow. */
const DOWN = 0;
const FIRST_WAY_UP = 1;

const { func: funcField, groupId: groupIdField } = Header.fields;

export class ServerProxy implements ProxyNode {
	readonly #config: ServerProxyConfig;
	readonly #ownKeys: ReadonlySet<number>;
	readonly #counters = new ProxyCounters();
	readonly #reports = new Reports<ProxyEvent>(this.#counters);
	readonly #requests = new ProxyRequests();
	readonly #knownSenders = new KnownSenders();
	readonly #containment: Containment<RelayedSession>;
	readonly #sites: DownstreamSites;
	readonly #sessions: SessionTable;
	readonly #announces: AnnounceHandler;
	readonly #heartbeatQueue = new DatagramQueue(HEARTBEATS_WAITING_MAX);
	readonly #announceQueue = new DatagramQueue(ANNOUNCES_WAITING_MAX);
	readonly #answers: HeartbeatAnswers;
	readonly #ownHeartbeats: OwnHeartbeats;
	readonly #header = emptyHeader();

	/**
	 * ProxyConfigError if a site is known by its key only and there is no `security` to check it with, or if the first key does
	 * not fit into the proxy's own heartbeats.
	 */
	constructor(config: ServerProxyConfig, now: number) {
		assert(config.sessionsMax > 0 && config.pinholeMs > 0, 'a proxy has places, and sites have time');
		this.#config = config;
		this.#ownKeys = new Set(config.ownAddresses.map(hostKey));
		this.#containment = new Containment({
			counters: this.#counters,
			requests: this.#requests,
			find: (groupId) => this.#sessions.get(groupId),
			end: (_now, session) => this.#sessions.end(session, 'internal', 'This program has failed'),
		});
		const node = {
			config,
			counters: this.#counters,
			reports: this.#reports,
			requests: this.#requests,
			containment: this.#containment,
			knownSenders: this.#knownSenders,
		};
		this.#sites = new DownstreamSites(config, this.#reports.emit);
		this.#sessions = new SessionTable(node);
		this.#announces = new AnnounceHandler(node, this.#sites, this.#sessions, this.#announceQueue);
		this.#answers = new HeartbeatAnswers(now, config, this.#sites, this.#heartbeatQueue);
		this.#ownHeartbeats = new OwnHeartbeats(now, config, this.#heartbeatQueue, this.#reports.emit);
	}

	// ---- input

	handle(now: number, arrival: Arrival): number | undefined {
		this.#containment.begin(now);
		try {
			return this.#take(now, arrival);
		} catch (error) {
			this.#containment.fault(now, error);
			return undefined;
		}
	}

	/** The way of what is forwarded as it stands; everything else is dealt with. Hot. */
	#take(now: number, arrival: Arrival): number | undefined {
		const { bytes, headerAt: at, length, sourceKey, sourcePort } = arrival;
		assert(at >= 0 && at + length <= bytes.length, 'a datagram lies within its batch');
		if (length < MIN_DATAGRAM_BYTES) return this.#drop('too-short');
		if (bytes[at] !== VERSION) return this.#drop('wrong-version');
		const func = funcField.get(bytes, at);
		if (func === MessageType.ANNOUNCE || func === MessageType.HB_REQ || func === MessageType.HB_RESP) {
			if (this.#isOwn(sourceKey, sourcePort)) return this.#drop('own-echo');
			this.#handleMessage(now, arrival);
			return undefined;
		}
		const session = this.#sessions.get(groupIdField.get(bytes, at));
		if (session === undefined) return this.#drop(this.#strayReason(func, sourceKey, sourcePort));
		this.#containment.acting = session;
		if (session.isSender(sourceKey, sourcePort)) return this.#forwardDown(now, session, bytes, at);
		if (this.#sites.has(sourceKey, sourcePort)) return this.#forwardUp(session);
		if (this.#isOwn(sourceKey, sourcePort)) return this.#drop('own-echo');
		if (session.isSenderAtOtherAddress(sourceKey, sourcePort, bytes, at)) {
			return this.#forwardDown(now, session, bytes, at);
		}
		return this.#drop('unknown-node');
	}

	#forwardDown(now: number, session: RelayedSession, bytes: Uint8Array, at: number): number {
		assert(groupIdField.get(bytes, at) === session.groupId, 'a datagram goes the way of its session');
		session.hear(now, bytes, at);
		this.#counters.datagramsDown++;
		return DOWN;
	}

	#forwardUp(session: RelayedSession): number {
		if (session.datagramsUp === 0) this.#knownSenders.add(session.senderId, hostKey(session.sender.host));
		session.datagramsUp++;
		this.#counters.datagramsUp++;
		const slot = this.#sessions.slotOf(session);
		assert(slot >= 0, 'a session that is under way has a place');
		return FIRST_WAY_UP + slot;
	}

	#isOwn(sourceKey: number, sourcePort: number): boolean {
		return sourcePort === this.#config.ownPort && this.#ownKeys.has(sourceKey);
	}

	#strayReason(func: number, sourceKey: number, sourcePort: number): DropReason {
		if (this.#isOwn(sourceKey, sourcePort)) return 'own-echo';
		if (func === MessageType.KEY_REQ || func === MessageType.PROXY_KEY) return 'wrong-role';
		return isMessageType(func) ? 'unknown-group' : 'unknown-function';
	}

	#drop(reason: DropReason): undefined {
		this.#counters.drop(reason);
	}

	destinations(way: number): readonly Endpoint[] {
		assert(Number.isInteger(way) && way >= DOWN, 'a way has a number');
		return way === DOWN ? this.#sites.live : this.#sessions.upstream(way - FIRST_WAY_UP);
	}

	/** ANNOUNCE and heartbeats. */
	#handleMessage(now: number, arrival: Arrival): void {
		const { bytes, headerAt: at, length, sourceKey } = arrival;
		const from = arrival.source();
		const header = decodeHeader(bytes, at, length, this.#header);
		if (isMalformed(header)) {
			this.#reports.drop(now, header.malformed, from);
			return;
		}
		this.#counters.datagramsHandled++;
		const datagram = { now, from, sourceKey, header, bytes, at, length };
		if (header.func === MessageType.ANNOUNCE) this.#announces.handle(datagram);
		else if (header.func === MessageType.HB_REQ) this.#handleHeartbeat(datagram);
		else this.#handleHeartbeatAnswer(datagram);
	}

	#handleHeartbeat(datagram: HandledDatagram): void {
		const { now, from, header } = datagram;
		this.#counters.heartbeatsIn++;
		const message = decodeBody(decodeHbReq, datagram);
		const reason = isMalformed(message)
			? message.malformed
			: this.#answers.handleRequest(now, from, header.sourceId, message);
		if (reason !== undefined) this.#reports.drop(now, reason, from);
	}

	#handleHeartbeatAnswer(datagram: HandledDatagram): void {
		const { now, from } = datagram;
		this.#counters.heartbeatAnswers++;
		const message = decodeBody(decodeHbResp, datagram);
		if (isMalformed(message)) this.#reports.drop(now, message.malformed, from);
		else if (!this.#ownHeartbeats.handleResponse(now, from, message))
			this.#reports.drop(now, 'heartbeat-unasked', from);
	}

	handleTimeout(now: number): void {
		const containment = this.#containment;
		containment.begin(now);
		containment.call(now, undefined, () => this.#ownHeartbeats.handleTimeout(now));
		containment.call(now, undefined, () => this.#answers.handleTimeout(now));
		containment.call(now, undefined, () => this.#sites.handleTimeout(now));
		for (const session of this.#sessions.all()) {
			containment.call(now, session, () => {
				if (session.deadline > now) return;
				const { outcome, reason } = session.outcome;
				this.#sessions.end(session, outcome, reason);
			});
		}
	}

	// ---- commands

	/** Says nothing to anybody, as in C: sender and receivers notice by themselves, and another proxy may take over. */
	abort(now: number, reason: string, groupId?: number): void {
		this.#containment.begin(now);
		for (const session of this.#sessions.all()) {
			if (groupId !== undefined && session.groupId !== groupId) continue;
			this.#containment.call(now, session, () => this.#sessions.end(session, 'interrupted', reason));
		}
	}

	fail(now: number, groupId: number, error: unknown): void {
		this.#containment.fail(now, groupId, error);
	}

	// ---- output

	pollRequest(): ProxyRequest | undefined {
		return this.#requests.poll();
	}

	pollTransmit(_now: number, batch: OutgoingBatch): boolean {
		return this.#heartbeatQueue.poll(batch) || this.#announceQueue.poll(batch);
	}

	pollTimeout(): number {
		let earliest = Math.min(this.#ownHeartbeats.deadline, this.#answers.deadline, this.#sites.deadline);
		for (const session of this.#sessions.all()) earliest = Math.min(earliest, session.deadline);
		return earliest;
	}

	pollEvent(): ProxyEvent | undefined {
		return this.#reports.poll();
	}

	// ---- getters

	get sessionCount(): number {
		return this.#sessions.size;
	}

	get sessions(): ProxyNode['sessions'] {
		return Array.from(this.#sessions.all(), ({ groupId, senderId, totals }) => ({ groupId, senderId, totals }));
	}

	get counters(): Readonly<Record<string, number>> {
		return this.#counters.snapshot();
	}
}

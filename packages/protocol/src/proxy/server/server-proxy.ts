/**
 * The server proxy: carries sessions from the network of their sender to its downstream sites, and the answers back,
 * byte for byte (docs/protocol.md, section 12.2). It has no part in the keys of sessions.
 */
import {
	type CommonHeader,
	decodeAnnounce,
	decodeHbReq,
	decodeHbResp,
	decodeHeader,
	emptyHeader,
	HEADER_BYTES,
	Header,
	hostKey,
	isMalformed,
	isMessageType,
	MessageType,
	MIN_DATAGRAM_BYTES,
	VERSION,
} from '@uftp/wire';
import type { Endpoint, OutgoingBatch } from '../../ports.ts';
import { Reports } from '../../reports.ts';
import { DatagramQueue } from '../datagram-queue.ts';
import { HeartbeatAnswers } from '../heartbeat/heartbeat-answers.ts';
import { OwnHeartbeats } from '../heartbeat/own-heartbeats.ts';
import type { ServerProxyConfig } from '../proxy-config.ts';
import { ProxyCounters } from '../proxy-counters.ts';
import type { ProxyEvent } from '../proxy-events.ts';
import { type Proxy as ProxyNode, Route } from '../proxy-port.ts';
import { AnnounceCheck } from './announce-check.ts';
import { DownstreamSites } from './downstream-sites.ts';
import { RelayedSession } from './relayed-session.ts';
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
	readonly #sites: DownstreamSites;
	readonly #sessions: SessionTable;
	readonly #check: AnnounceCheck;
	readonly #heartbeatQueue = new DatagramQueue(HEARTBEATS_WAITING_MAX);
	readonly #announceQueue = new DatagramQueue(ANNOUNCES_WAITING_MAX);
	readonly #answers: HeartbeatAnswers;
	readonly #ownHeartbeats: OwnHeartbeats;
	readonly #header = emptyHeader();

	/**
	 * RangeError if a site is known by its key only and there is no `security` to check it with, or if the first key does
	 * not fit into the proxy's own heartbeats.
	 */
	constructor(config: ServerProxyConfig, now: number) {
		this.#config = config;
		this.#ownKeys = new Set(config.ownAddresses.map(hostKey));
		this.#sites = new DownstreamSites(config, this.#reports.emit);
		this.#sessions = new SessionTable(config.sessionsMax);
		this.#check = new AnnounceCheck(config);
		this.#answers = new HeartbeatAnswers(now, config, this.#sites, this.#heartbeatQueue);
		this.#ownHeartbeats = new OwnHeartbeats(now, config, this.#heartbeatQueue, this.#reports.emit);
	}

	// ---- what is forwarded as it stands

	route(now: number, sourceKey: number, sourcePort: number, bytes: Uint8Array, at: number, length: number): number {
		if (length < MIN_DATAGRAM_BYTES) return this.#drop('too-short');
		if (bytes[at] !== VERSION) return this.#drop('wrong-version');
		const func = funcField.get(bytes, at);
		if (func === MessageType.ANNOUNCE || func === MessageType.HB_REQ || func === MessageType.HB_RESP) {
			return this.#isOwn(sourceKey, sourcePort) ? this.#drop('own') : Route.Handle;
		}
		const session = this.#sessions.get(groupIdField.get(bytes, at));
		if (session === undefined) return this.#drop(this.#strayReason(func, sourceKey, sourcePort));
		if (session.isSender(sourceKey, sourcePort)) return this.#forwardDown(now, session, bytes, at);
		if (this.#sites.has(sourceKey, sourcePort)) {
			session.datagramsUp++;
			this.#counters.datagramsUp++;
			return FIRST_WAY_UP + this.#sessions.slotOf(session);
		}
		if (this.#isOwn(sourceKey, sourcePort)) return this.#drop('own');
		if (session.isSenderAtOtherAddress(sourceKey, sourcePort, bytes, at)) {
			return this.#forwardDown(now, session, bytes, at);
		}
		return this.#drop('stranger');
	}

	#forwardDown(now: number, session: RelayedSession, bytes: Uint8Array, at: number): number {
		session.hear(now, bytes, at);
		this.#counters.datagramsDown++;
		return DOWN;
	}

	#isOwn(sourceKey: number, sourcePort: number): boolean {
		return sourcePort === this.#config.ownPort && this.#ownKeys.has(sourceKey);
	}

	#strayReason(func: number, sourceKey: number, sourcePort: number): string {
		if (this.#isOwn(sourceKey, sourcePort)) return 'own';
		if (func === MessageType.KEY_REQ || func === MessageType.PROXY_KEY) return 'not-for-server-proxies';
		return isMessageType(func) ? 'unknown-group' : 'unknown-function';
	}

	#drop(reason: string): number {
		this.#counters.drop(reason);
		return Route.Drop;
	}

	destinations(way: number): readonly Endpoint[] {
		return way === DOWN ? this.#sites.live : this.#sessions.upstream(way - FIRST_WAY_UP);
	}

	// ---- input

	handleDatagram(now: number, from: Endpoint, bytes: Uint8Array, at: number, length: number): void {
		const header = decodeHeader(bytes, at, length, this.#header);
		if (isMalformed(header)) {
			this.#reports.drop(now, header.malformed, from);
			return;
		}
		this.#counters.datagramsHandled++;
		const key = hostKey(from.host);
		if (this.#isOwn(key, from.port)) this.#counters.drop('own');
		else if (header.func === MessageType.ANNOUNCE) this.#handleAnnounce(now, from, key, bytes, at, length);
		else if (header.func === MessageType.HB_REQ) this.#handleHeartbeat(now, from, bytes, at, length);
		else if (header.func === MessageType.HB_RESP) this.#handleHeartbeatAnswer(now, from, bytes, at, length);
		// Everything else is routed, or not for a server proxy.
		else this.#counters.drop('off-its-way');
	}

	#handleAnnounce(now: number, from: Endpoint, key: number, bytes: Uint8Array, at: number, length: number): void {
		const header = this.#header;
		const { groupId, sourceId: senderId } = header;
		// What a site is sent does not come back from it, or two proxies would send it to and fro.
		if (this.#sites.has(key, from.port)) {
			this.#reports.drop(now, 'announce-from-downstream', from);
			return;
		}
		const known = this.#sessions.get(groupId);
		const isRepeat = known !== undefined && this.#isRepeat(known, key, from, bytes, at);
		if (known !== undefined && !isRepeat) {
			const reason = reasonToKeep(now, known, header, from);
			if (reason !== undefined) {
				this.#reports.drop(now, reason, from);
				return;
			}
		}
		if (!isRepeat) {
			const announce = decodeAnnounce(bytes, at + HEADER_BYTES, length - HEADER_BYTES);
			if (isMalformed(announce)) {
				this.#reports.drop(now, announce.malformed, from);
				return;
			}
			const refusal = this.#check.refusal(announce, senderId, from) ?? this.#makeRoom(now, known);
			if (refusal !== undefined) {
				this.#reports.ignore(now, groupId, senderId, refusal);
				return;
			}
			this.#start(new RelayedSession(now, from, header, announce), known);
		}
		this.#forwardAnnounce(now, groupId, bytes, at, length);
	}

	/** An ANNOUNCE of a session that is under way, from its own sender. */
	#isRepeat(known: RelayedSession, key: number, from: Endpoint, bytes: Uint8Array, at: number): boolean {
		const { groupInstance, sourceId } = this.#header;
		if (groupInstance !== known.groupInstance || sourceId !== known.senderId) return false;
		return known.isSender(key, from.port) || known.isSenderAtOtherAddress(key, from.port, bytes, at);
	}

	/** A sentence if every place is taken by a session that is under way, or may soon be. */
	#makeRoom(now: number, known: RelayedSession | undefined): string | undefined {
		if (known !== undefined || !this.#sessions.isFull) return undefined;
		const session = this.#sessions.whoGivesWay(now);
		if (session === undefined) return 'Too many sessions at the same time';
		const { outcome, reason } = session.outcome;
		this.#end(session, outcome, `${reason}, and its place is needed`);
		return undefined;
	}

	#start(session: RelayedSession, replaced: RelayedSession | undefined): void {
		if (replaced !== undefined) {
			const { outcome } = replaced.outcome;
			this.#end(replaced, outcome === 'silent' ? 'aborted' : outcome, 'Its sender has started anew under its group id');
		}
		this.#sessions.add(session);
		const { groupId, groupInstance, senderId, sender, privateGroup, isEncrypted } = session;
		this.#reports.forgetIgnored(groupId);
		const source = this.#config.security?.sourceSpecific === true ? sender.host : undefined;
		this.#reports.emit({
			...{ kind: 'sessionStarted', groupId, groupInstance, senderId, sender },
			...{ privateGroup, source, isEncrypted },
		});
	}

	#forwardAnnounce(now: number, groupId: number, bytes: Uint8Array, at: number, length: number): void {
		this.#sessions.get(groupId)?.hear(now, bytes, at);
		this.#counters.datagramsDown++;
		const copy = bytes.slice(at, at + length);
		for (const endpoint of this.#sites.live) {
			if (!this.#announceQueue.push(endpoint, copy)) this.#counters.drop('queue-full');
		}
	}

	#handleHeartbeat(now: number, from: Endpoint, bytes: Uint8Array, at: number, length: number): void {
		this.#counters.heartbeatsIn++;
		const message = decodeHbReq(bytes, at + HEADER_BYTES, length - HEADER_BYTES);
		if (isMalformed(message)) {
			this.#reports.drop(now, message.malformed, from);
			return;
		}
		const refusal = this.#answers.handleRequest(now, from, this.#header.sourceId, message);
		if (refusal !== undefined) this.#reports.drop(now, refusal, from);
	}

	#handleHeartbeatAnswer(now: number, from: Endpoint, bytes: Uint8Array, at: number, length: number): void {
		this.#counters.heartbeatAnswers++;
		const message = decodeHbResp(bytes, at + HEADER_BYTES, length - HEADER_BYTES);
		if (isMalformed(message)) this.#reports.drop(now, message.malformed, from);
		else if (!this.#ownHeartbeats.handleResponse(now, from, message)) {
			this.#reports.drop(now, 'unasked-heartbeat-answer', from);
		}
	}

	handleTimeout(now: number): void {
		this.#ownHeartbeats.handleTimeout(now);
		this.#answers.handleTimeout(now);
		this.#sites.handleTimeout(now);
		for (const session of this.#sessions.all()) {
			if (session.deadline > now) continue;
			const { outcome, reason } = session.outcome;
			this.#end(session, outcome, reason);
		}
	}

	// ---- commands

	/** Says nothing to anybody, as in C: sender and receivers notice by themselves, and another proxy may take over. */
	abort(_now: number, reason: string, groupId?: number): void {
		for (const session of [...this.#sessions.all()]) {
			if (groupId === undefined || session.groupId === groupId) this.#end(session, 'interrupted', reason);
		}
	}

	#end(session: RelayedSession, outcome: SessionOutcome, reason: string): void {
		this.#sessions.remove(session);
		const { groupId, senderId, privateGroup, totals } = session;
		this.#reports.emit({ kind: 'sessionEnded', groupId, senderId, outcome, reason, privateGroup, totals });
	}

	// ---- output

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

type SessionOutcome = Extract<ProxyEvent, { kind: 'sessionEnded' }>['outcome'];

/** Why an ANNOUNCE that is no repeat does not end the session that has its group id; undefined if it does. */
function reasonToKeep(
	now: number,
	known: RelayedSession,
	header: Readonly<CommonHeader>,
	from: Endpoint,
): string | undefined {
	if (known.isSilent(now)) return undefined;
	if (header.sourceId !== known.senderId) return 'wrong-source';
	if (from.host !== known.sender.host) return 'wrong-address';
	// A restart of the same sender comes with the next instance, and speaks for itself.
	if (header.groupInstance > known.groupInstance) return undefined;
	return header.groupInstance < known.groupInstance ? 'old-instance' : 'wrong-address';
}

/**
 * A client or response proxy: gathers the answers of receivers for their senders, and, as a client proxy, carries what
 * a sender says to the receivers' network (docs/protocol.md, section 12.4).
 */
import {
	type CommonHeader,
	decodeHbReq,
	decodeHbResp,
	decodeHeader,
	emptyHeader,
	HEADER_BYTES,
	Header,
	hostKey,
	isMalformed,
	isMessageType,
	MESSAGE_TRAITS,
	MessageType,
	MIN_DATAGRAM_BYTES,
	VERSION,
} from '@uftp/wire';
import type { Endpoint, OutgoingBatch } from '../../ports.ts';
import { Reports } from '../../reports.ts';
import { Allowance } from '../../shared/allowance.ts';
import { isSameEndpoint } from '../../shared/endpoints.ts';
import { NEVER } from '../../timers.ts';
import { DatagramQueue } from '../datagram-queue.ts';
import { composeHbResp, HeartbeatResult } from '../heartbeat/heartbeat-datagrams.ts';
import { OwnHeartbeats } from '../heartbeat/own-heartbeats.ts';
import type { GatheringProxyConfig } from '../proxy-config.ts';
import { ProxyCounters } from '../proxy-counters.ts';
import type { ProxyEvent, ProxyTotals } from '../proxy-events.ts';
import { type Proxy as ProxyNode, Route } from '../proxy-port.ts';
import { RelaySecurer } from '../security/relay-securer.ts';
import { isFirstPacket } from './ended-relays.ts';
import { DATAGRAMS_WAITING_MAX, HEARTBEAT_ANSWERS_PER_SECOND, REFUSALS_PER_SECOND } from './gathering-limits.ts';
import { Invited } from './invited.ts';
import { KeyRequests } from './key-requests.ts';
import type { RelayNode } from './relay-context.ts';
import type { RelaySession } from './relay-session.ts';
import { RelayTable } from './relay-table.ts';

const fields = Header.fields;

export class GatheringProxy implements ProxyNode {
	readonly #config: GatheringProxyConfig;
	/** Of its addresses: link-local ones come with the interface in what is received, and without it from the system. */
	readonly #ownKeys: ReadonlySet<number>;
	readonly #counters = new ProxyCounters();
	readonly #reports = new Reports<ProxyEvent>(this.#counters);
	readonly #queue = new DatagramQueue(DATAGRAMS_WAITING_MAX);
	readonly #heartbeats: OwnHeartbeats;
	readonly #heartbeatAnswers = new Allowance(HEARTBEAT_ANSWERS_PER_SECOND, 1000);
	readonly #keyRequests: KeyRequests | undefined;
	readonly #table: RelayTable;
	readonly #invited: Invited;
	/** The session that packets are coming for: the map is asked only when it changes. */
	#hot: RelaySession | undefined;
	readonly #header = emptyHeader();

	/** RangeError if a response proxy has keys that cannot be shown, or a first key that does not fit a heartbeat. */
	constructor(config: GatheringProxyConfig, now: number) {
		this.#config = config;
		this.#ownKeys = new Set(config.ownAddresses.map(hostKey));
		const emit = this.#reports.emit;
		const securer = new RelaySecurer(config);
		const node: RelayNode = {
			config,
			counters: this.#counters,
			reports: this.#reports,
			queue: this.#queue,
			refusals: new Allowance(REFUSALS_PER_SECOND, 1000),
		};
		this.#heartbeats = new OwnHeartbeats(now, config, this.#queue, emit);
		const { proxyKeys } = securer;
		this.#keyRequests = proxyKeys && new KeyRequests(config, proxyKeys, this.#queue, emit);
		this.#table = new RelayTable(node);
		this.#invited = new Invited(node, this.#table, securer);
	}

	// ---- the path of what is forwarded

	route(now: number, sourceKey: number, sourcePort: number, bytes: Uint8Array, at: number, length: number): number {
		// What is malformed is reported by `handleDatagram`.
		if (length < MIN_DATAGRAM_BYTES || fields.version.get(bytes, at) !== VERSION) return Route.Handle;
		const groupId = fields.groupId.get(bytes, at);
		let session = this.#hot;
		if (session === undefined || session.context.terms.groupId !== groupId || session.context.end !== undefined) {
			session = this.#table.get(groupId);
			if (session === undefined) return Route.Handle;
			this.#hot = session;
		}
		const { context } = session;
		if (!session.isSender(sourceKey, sourcePort) || !isOfSession(session, bytes, at)) return Route.Handle;
		const func = fields.func.get(bytes, at);
		const way = wayOf(session, func, length);
		if (way === Route.Handle) return way;
		context.adopt(now, fields.grtt.get(bytes, at), fields.groupSize.get(bytes, at));
		if (way === Route.Drop) return way;
		context.totals.datagramsDown++;
		this.#counters.datagramsDown++;
		return way;
	}

	destinations(way: number): readonly Endpoint[] {
		return this.#table.destinations(way);
	}

	// ---- input

	handleDatagram(now: number, from: Endpoint, bytes: Uint8Array, at: number, length: number): void {
		const header = decodeHeader(bytes, at, length, this.#header);
		if (isMalformed(header)) {
			this.#reports.drop(now, header.malformed, from);
			return;
		}
		if (from.port === this.#config.ownPort && this.#ownKeys.has(hostKey(from.host))) {
			this.#counters.drop('echo');
			return;
		}
		if (header.groupId === 0) {
			this.#handleOutsideSessions(now, from, header, bytes, at + HEADER_BYTES, length - HEADER_BYTES);
			return;
		}
		if (header.func === MessageType.ANNOUNCE && !this.#isRepeat(now, header, from)) {
			this.#invited.handleAnnounce(now, from, header, bytes, at, length);
		}
		const session = this.#table.get(header.groupId);
		if (session !== undefined) this.#handleForSession(now, session, from, header, bytes, at, length);
		else if (header.func !== MessageType.ANNOUNCE) this.#counters.drop('unknown-group');
	}

	/** An ANNOUNCE of a session as it is known. */
	#isRepeat(now: number, header: Readonly<CommonHeader>, from: Endpoint): boolean {
		const context = this.#table.get(header.groupId)?.context;
		if (context === undefined || context.terms.senderId !== header.sourceId) return false;
		if (isFirstPacket(now, header, context.heardAt)) return false;
		return context.terms.groupInstance === header.groupInstance && isSameEndpoint(context.terms.sender, from);
	}

	#handleForSession(
		now: number,
		session: RelaySession,
		from: Endpoint,
		header: Readonly<CommonHeader>,
		bytes: Uint8Array,
		at: number,
		length: number,
	): void {
		const { terms } = session.context;
		const key = hostKey(from.host);
		const isSenders = header.sourceId === terms.senderId;
		const isAnnouncer =
			session.isSender(key, from.port) || (isSenders && session.isSenderAtOtherAddress(key, from.port));
		let malformed: ReturnType<RelaySession['handleAnswer']>;
		if (isAnnouncer && isSenders) {
			if (header.groupInstance !== terms.groupInstance) {
				this.#reports.drop(now, 'wrong-instance', from);
				return;
			}
			malformed = session.handleFromSender(now, header, bytes, at, length);
		} else if (isAnnouncer || isSenders || !isOfReceivers(header.func)) {
			// In the sender's name from elsewhere: a copy that took another way, what other proxies say, or forged.
			this.#counters.drop(isSenders ? 'wrong-address' : 'wrong-source');
			return;
		} else if (header.groupInstance !== terms.groupInstance) {
			this.#counters.drop('wrong-instance');
			return;
		} else malformed = session.handleAnswer(now, from, header, bytes, at, length);
		if (malformed === undefined) this.#counters.datagramsHandled++;
		else this.#reports.drop(now, malformed.malformed, from);
		this.#table.settle(now, session);
	}

	#handleOutsideSessions(
		now: number,
		from: Endpoint,
		{ func }: Readonly<CommonHeader>,
		bytes: Uint8Array,
		at: number,
		length: number,
	): void {
		if (func === MessageType.HB_REQ) {
			const message = decodeHbReq(bytes, at, length);
			if (isMalformed(message)) this.#reports.drop(now, message.malformed, from);
			else this.#answerHeartbeat(now, from);
		} else if (func === MessageType.HB_RESP) {
			const message = decodeHbResp(bytes, at, length);
			if (isMalformed(message)) this.#reports.drop(now, message.malformed, from);
			else if (!this.#heartbeats.handleResponse(now, from, message)) this.#counters.drop('heartbeat-unasked');
		} else if (func === MessageType.KEY_REQ) {
			if (this.#keyRequests?.handle(now, from) !== true) this.#counters.drop('key-request-not-answered-at-once');
		} else this.#counters.drop('no-group');
	}

	/** A gathering proxy serves nobody for their heartbeats, and says so to everybody alike. */
	#answerHeartbeat(now: number, from: Endpoint): void {
		this.#counters.heartbeatsIn++;
		if (!this.#heartbeatAnswers.take(now)) return;
		this.#counters.heartbeatAnswers++;
		this.#queue.push(from, composeHbResp(this.#config.proxyId, HeartbeatResult.Ok, 0));
	}

	handleTimeout(now: number): void {
		this.#heartbeats.handleTimeout(now);
		this.#keyRequests?.handleTimeout(now);
		for (const session of this.#table.all()) {
			if (session.deadline > now) continue;
			session.handleTimeout(now);
			this.#table.settle(now, session);
		}
	}

	// ---- commands

	abort(now: number, reason: string, groupId?: number): void {
		for (const session of this.#table.all()) {
			if (groupId !== undefined && session.context.terms.groupId !== groupId) continue;
			session.abort(now, reason);
			this.#table.settle(now, session);
		}
	}

	// ---- output

	pollTransmit(_now: number, batch: OutgoingBatch): boolean {
		return this.#queue.poll(batch);
	}

	pollTimeout(): number {
		return Math.min(this.#heartbeats.deadline, this.#keyRequests?.deadline ?? NEVER, this.#table.deadline);
	}

	pollEvent(): ProxyEvent | undefined {
		return this.#reports.poll();
	}

	// ---- getters

	get sessionCount(): number {
		return this.#table.size;
	}

	get sessions(): readonly { readonly groupId: number; readonly senderId: number; readonly totals: ProxyTotals }[] {
		return [...this.#table.all()].map(({ context: { terms, totals } }) => {
			return { groupId: terms.groupId, senderId: terms.senderId, totals: { ...totals } };
		});
	}

	get counters(): Readonly<Record<string, number>> {
		return this.#counters.snapshot();
	}
}

function isOfSession({ context: { terms } }: RelaySession, bytes: Uint8Array, at: number): boolean {
	return (
		fields.sourceId.get(bytes, at) === terms.senderId && fields.groupInstance.get(bytes, at) === terms.groupInstance
	);
}

/** Where a message of the sender goes; hot. What has a meaning for the proxy itself is handled, and forwarded there. */
function wayOf({ context }: RelaySession, func: number, length: number): number {
	const { way, isClient, security } = context;
	switch (func) {
		case MessageType.FILESEG:
		case MessageType.DONE:
		case MessageType.CONG_CTRL:
			return isClient ? way : Route.Drop;
		case MessageType.ANNOUNCE:
			if (security !== undefined) return Route.Handle;
			return isClient ? way + 1 : Route.Drop;
		case MessageType.ENCRYPTED:
			if (security === undefined || length < context.controlBytesMax) return Route.Handle;
			if (!isClient) return Route.Drop;
			return security.signsAnew ? Route.Handle : way;
		default:
			return Route.Handle;
	}
}

function isOfReceivers(func: number): boolean {
	return isMessageType(func) && func !== MessageType.ANNOUNCE && MESSAGE_TRAITS[func].origins.includes('receiver');
}

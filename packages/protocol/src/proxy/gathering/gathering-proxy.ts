/**
 * A client or response proxy: gathers the answers of receivers for their senders, and, as a client proxy, carries what
 * a sender says to the receivers' network (docs/protocol.md, section 12.4).
 */
import {
	decodeHbReq,
	decodeHbResp,
	decodeHeader,
	emptyHeader,
	HEADER_BYTES,
	Header,
	hostKey,
	isMalformed,
	isMessageType,
	MAX_DATAGRAM_BYTES,
	MESSAGE_TRAITS,
	MessageType,
	MIN_DATAGRAM_BYTES,
	VERSION,
} from '@uftp/wire';
import type { Arrival } from '../../arrival.ts';
import { assert } from '../../assert.ts';
import type { DropReason } from '../../drop-reason.ts';
import type { Endpoint, OutgoingBatch } from '../../ports.ts';
import { Reports } from '../../reports.ts';
import { Allowance } from '../../shared/allowance.ts';
import { Containment } from '../../shared/containment.ts';
import { isSameEndpoint } from '../../shared/endpoints.ts';
import { NEVER } from '../../timers.ts';
import { DatagramQueue } from '../datagram-queue.ts';
import { decodeBody, type HandledDatagram } from '../handled-datagram.ts';
import { composeHbResp, HeartbeatResult } from '../heartbeat/heartbeat-datagrams.ts';
import { OwnHeartbeats } from '../heartbeat/own-heartbeats.ts';
import { KnownSenders } from '../known-senders.ts';
import type { GatheringProxyConfig } from '../proxy-config.ts';
import { ProxyCounters } from '../proxy-counters.ts';
import type { ProxyEvent, ProxyTotals } from '../proxy-events.ts';
import type { Proxy as ProxyNode, ProxyRequest } from '../proxy-port.ts';
import { ProxyRequests } from '../proxy-requests.ts';
import { RelaySecurer } from '../security/relay-securer.ts';
import { AnnounceHandler } from './announce-handler.ts';
import { isFirstPacket } from './ended-relays.ts';
import { DATAGRAMS_WAITING_MAX, HEARTBEAT_ANSWERS_PER_SECOND, REFUSALS_PER_SECOND } from './gathering-limits.ts';
import { KeyRequests } from './key-requests.ts';
import type { RelayNode } from './relay-context.ts';
import type { RelaySession } from './relay-session.ts';
import { RelayTable } from './relay-table.ts';

const fields = Header.fields;

/** What `wayOf` says besides the number of a way: the proxy itself looks into it, or it is for others. */
const HANDLE = -1;
const FOR_OTHERS = -2;

export class GatheringProxy implements ProxyNode {
	readonly #config: GatheringProxyConfig;
	/** Of its addresses: link-local ones come with the interface in what is received, and without it from the system. */
	readonly #ownKeys: ReadonlySet<number>;
	readonly #counters = new ProxyCounters();
	readonly #reports = new Reports<ProxyEvent>(this.#counters);
	readonly #requests = new ProxyRequests();
	readonly #containment: Containment<RelaySession>;
	readonly #queue = new DatagramQueue(DATAGRAMS_WAITING_MAX);
	readonly #heartbeats: OwnHeartbeats;
	readonly #heartbeatAnswers = new Allowance(HEARTBEAT_ANSWERS_PER_SECOND, 1000);
	readonly #keyRequests: KeyRequests | undefined;
	readonly #table: RelayTable;
	readonly #announces: AnnounceHandler;
	/** The session that packets are coming for: the map is asked only when it changes. */
	#hot: RelaySession | undefined;
	readonly #header = emptyHeader();

	/** ProxyConfigError if a response proxy has keys that cannot be shown, or a first key that does not fit a heartbeat. */
	constructor(config: GatheringProxyConfig, now: number) {
		assert(config.sessionsMax > 0 && config.receiversMax > 0, 'a proxy has places');
		assert(config.holdPercent >= 0, 'answers are held for some time or none');
		this.#config = config;
		this.#ownKeys = new Set(config.ownAddresses.map(hostKey));
		const emit = this.#reports.emit;
		const securer = new RelaySecurer(config);
		this.#containment = new Containment({
			counters: this.#counters,
			requests: this.#requests,
			find: (groupId) => this.#table.get(groupId),
			end: (at, session) => this.#table.expel(at, session),
		});
		const node: RelayNode = {
			config,
			counters: this.#counters,
			reports: this.#reports,
			requests: this.#requests,
			containment: this.#containment,
			knownSenders: new KnownSenders(),
			queue: this.#queue,
			scratch: new Uint8Array(MAX_DATAGRAM_BYTES + HEADER_BYTES),
			allowed: config.receivers && new Map(config.receivers.map((entry) => [entry.receiverId, entry])),
			refusals: new Allowance(REFUSALS_PER_SECOND, 1000),
		};
		this.#heartbeats = new OwnHeartbeats(now, config, this.#queue, emit);
		const { proxyKeys } = securer;
		this.#keyRequests = proxyKeys && new KeyRequests(config, proxyKeys, this.#queue, emit);
		this.#table = new RelayTable(node);
		this.#announces = new AnnounceHandler(node, this.#table, securer);
	}

	// ---- input

	handle(now: number, arrival: Arrival): number | undefined {
		this.#containment.begin(now);
		try {
			const way = this.#wayOf(now, arrival);
			if (way >= 0) return way;
			if (way === HANDLE) this.#handleMessage(now, arrival);
		} catch (error) {
			this.#containment.fault(now, error);
		}
		return undefined;
	}

	/** Where the datagram goes as it stands; or `HANDLE` or `FOR_OTHERS`. Hot. */
	#wayOf(now: number, { bytes, headerAt: at, length, sourceKey, sourcePort }: Arrival): number {
		assert(at >= 0 && at + length <= bytes.length, 'a datagram lies within its batch');
		// What is malformed is reported by `#handleMessage`.
		if (length < MIN_DATAGRAM_BYTES || fields.version.get(bytes, at) !== VERSION) return HANDLE;
		const groupId = fields.groupId.get(bytes, at);
		let session = this.#hot;
		if (session === undefined || session.context.terms.groupId !== groupId || session.context.end !== undefined) {
			session = this.#table.get(groupId);
			if (session === undefined) return HANDLE;
			this.#hot = session;
		}
		this.#containment.acting = session;
		const { context } = session;
		if (!session.isSender(sourceKey, sourcePort) || !isOfSession(session, bytes, at)) return HANDLE;
		const way = wayOf(session, fields.func.get(bytes, at), length);
		if (way === HANDLE) return way;
		context.adopt(now, fields.grtt.get(bytes, at), fields.groupSize.get(bytes, at));
		if (way === FOR_OTHERS) return way;
		assert(context.isClient, 'only client proxies forward what the sender sends');
		assert(way >= context.way, 'what goes down goes by a way of its session');
		context.totals.datagramsDown++;
		this.#counters.datagramsDown++;
		return way;
	}

	destinations(way: number): readonly Endpoint[] {
		return this.#table.destinations(way);
	}

	#handleMessage(now: number, arrival: Arrival): void {
		const { bytes, headerAt: at, length, sourceKey } = arrival;
		const from = arrival.source();
		const header = decodeHeader(bytes, at, length, this.#header);
		if (isMalformed(header)) {
			this.#reports.drop(now, header.malformed, from);
			return;
		}
		if (from.port === this.#config.ownPort && this.#ownKeys.has(sourceKey)) {
			this.#counters.drop('own-echo');
			return;
		}
		const datagram = { now, from, sourceKey, header, bytes, at, length };
		if (header.groupId === 0) {
			this.#handleOutsideSessions(datagram);
			return;
		}
		if (header.func === MessageType.ANNOUNCE && !this.#isRepeat(datagram)) {
			// Whoever sent it: what goes wrong with it is no fault of the session under its group id.
			this.#containment.acting = undefined;
			this.#announces.handle(datagram);
		}
		const session = this.#table.get(header.groupId);
		if (session !== undefined) {
			this.#containment.acting = session;
			this.#handleForSession(session, datagram);
			this.#table.settle(now, session);
		} else if (header.func !== MessageType.ANNOUNCE) this.#counters.drop('unknown-group');
	}

	/** An ANNOUNCE of a session as it is known. */
	#isRepeat({ now, header, from }: HandledDatagram): boolean {
		const context = this.#table.get(header.groupId)?.context;
		if (context === undefined || context.terms.senderId !== header.sourceId) return false;
		if (isFirstPacket(now, header, context.heardAt)) return false;
		return context.terms.groupInstance === header.groupInstance && isSameEndpoint(context.terms.sender, from);
	}

	#handleForSession(session: RelaySession, datagram: HandledDatagram): void {
		const { now, from, sourceKey, header } = datagram;
		const { terms } = session.context;
		const isSenders = header.sourceId === terms.senderId;
		const isAnnouncer =
			session.isSender(sourceKey, from.port) || (isSenders && session.isSenderAtOtherAddress(sourceKey, from.port));
		const isFromSender = isAnnouncer && isSenders;
		assert(session.groupId === header.groupId, 'a datagram is given to the session of its group');
		assert(session.context.end === undefined, 'a session that is over is not in the table');
		if (!isFromSender && (isAnnouncer || isSenders || !isOfReceivers(header.func))) {
			// In the sender's name from elsewhere: a copy that took another way, what other proxies say, or forged.
			this.#counters.drop(isSenders ? 'wrong-address' : 'wrong-source');
			return;
		}
		if (header.groupInstance !== terms.groupInstance) {
			if (isFromSender) this.#reports.drop(now, 'wrong-instance', from);
			else this.#counters.drop('wrong-instance');
			return;
		}
		const malformed = isFromSender ? session.handleFromSender(datagram) : session.handleAnswer(datagram);
		if (malformed === undefined) this.#counters.datagramsHandled++;
		else this.#reports.drop(now, malformed.malformed, from);
	}

	#handleOutsideSessions(datagram: HandledDatagram): void {
		const { now, from } = datagram;
		const reason = this.#refusalOutside(datagram);
		if (reason === undefined) return;
		if (reason === 'too-many-key-requests' || reason === 'too-many-heartbeats') this.#counters.drop(reason);
		else this.#reports.drop(now, reason, from);
	}

	/** Deals with a message that belongs to no session, or says why not. */
	#refusalOutside(datagram: HandledDatagram): DropReason | undefined {
		const { now, from, header } = datagram;
		switch (header.func) {
			case MessageType.HB_REQ: {
				const message = decodeBody(decodeHbReq, datagram);
				return isMalformed(message) ? message.malformed : this.#answerHeartbeat(now, from);
			}
			case MessageType.HB_RESP: {
				const message = decodeBody(decodeHbResp, datagram);
				if (isMalformed(message)) return message.malformed;
				return this.#heartbeats.handleResponse(now, from, message) ? undefined : 'heartbeat-unasked';
			}
			case MessageType.KEY_REQ:
				if (this.#keyRequests === undefined) return 'wrong-role';
				return this.#keyRequests.handle(now, from) ? undefined : 'too-many-key-requests';
			default:
				return 'no-group';
		}
	}

	/** A gathering proxy forwards to no site for its heartbeats. Every site gets the same answer, shorter than its request. */
	#answerHeartbeat(now: number, from: Endpoint): DropReason | undefined {
		this.#counters.heartbeatsIn++;
		if (!this.#heartbeatAnswers.take(now)) return 'too-many-heartbeats';
		this.#counters.heartbeatAnswers++;
		this.#queue.push(from, composeHbResp(this.#config.proxyId, HeartbeatResult.Ok, 0));
		return undefined;
	}

	handleTimeout(now: number): void {
		const containment = this.#containment;
		containment.begin(now);
		containment.call(now, undefined, () => this.#heartbeats.handleTimeout(now));
		containment.call(now, undefined, () => this.#keyRequests?.handleTimeout(now));
		for (const session of this.#table.all()) {
			containment.call(now, session, () => {
				if (session.deadline > now) return;
				session.handleTimeout(now);
				this.#table.settle(now, session);
			});
		}
	}

	// ---- commands

	abort(now: number, reason: string, groupId?: number): void {
		this.#containment.begin(now);
		for (const session of this.#table.all()) {
			if (groupId !== undefined && session.groupId !== groupId) continue;
			this.#containment.call(now, session, () => {
				session.abort(now, reason);
				assert(session.context.end !== undefined, 'a session that is aborted is over');
				this.#table.settle(now, session);
			});
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
			// In an encrypted session they are sealed: what comes so is refused where messages are admitted.
			if (security !== undefined) return HANDLE;
			return isClient ? way : FOR_OTHERS;
		case MessageType.ANNOUNCE:
			if (security !== undefined) return HANDLE;
			return isClient ? way + 1 : FOR_OTHERS;
		case MessageType.ENCRYPTED:
			if (security === undefined || length < context.controlBytesMax) return HANDLE;
			if (!isClient) return FOR_OTHERS;
			return security.signsAnew ? HANDLE : way;
		default:
			return HANDLE;
	}
}

function isOfReceivers(func: number): boolean {
	return isMessageType(func) && func !== MessageType.ANNOUNCE && MESSAGE_TRAITS[func].origins.includes('receiver');
}

/**
 * The receiving node: all sessions of one receiver id behind one object (see `session.ts` of the package for how it is
 * driven, `receiver-port.ts` for the path of the data).
 */
import {
	type Announce,
	type CommonHeader,
	decodeAnnounce,
	decodeHeader,
	emptyHeader,
	FILESEG_HEADER_BYTES,
	HEADER_BYTES,
	Header,
	isMalformed,
	MESSAGE_TRAITS,
	MessageType,
	VERSION,
} from '@uftp/wire';
import { Allowance } from '../allowance.ts';
import type { ReceiverEvent } from '../events.ts';
import {
	DROPPED_EVENT_MS,
	EVENTS_MAX,
	IGNORED_EVENTS_MAX,
	IGNORED_GROUPS_MAX,
	REFUSALS_PER_SECOND,
	UNCONFIRMED_MS_MIN,
} from '../limits.ts';
import type { CompleteStatus, Endpoint, FileDecision, OutgoingBatch } from '../ports.ts';
import type { ReceiverConfig } from '../receiver-config.ts';
import type { Receiver } from '../receiver-port.ts';
import { NEVER } from '../timers.ts';
import { judge, privateGroupOf } from './announcement.ts';
import { AnswerQueue, type SessionLink } from './answers.ts';
import { BitmapBudget } from './block-ledger.ts';
import { Counters } from './counters.ts';
import { EndedSessions, isOtherRun } from './ended-sessions.ts';
import { HoldOff } from './hold-off.ts';
import { ReceiverSession } from './session.ts';
import { type FileOwner, type NodeServices, SessionContext } from './session-context.ts';

const { version, func, groupId: groupIdField } = Header.fields;

export class ReceiverNode implements Receiver {
	readonly #config: ReceiverConfig;
	readonly #counters = new Counters();
	readonly #answers: AnswerQueue;
	readonly #ended: EndedSessions;
	readonly #node: NodeServices;
	readonly #placement = { handle: -1, offset: 0 };
	/** By group id. */
	readonly #sessions = new Map<number, ReceiverSession>();
	/** The session that data is coming for: the map is asked only when it changes. */
	#hot: ReceiverSession | undefined;
	#events: ReceiverEvent[] = [];
	#nextEvent = 0;
	readonly #header = emptyHeader();
	/** Groups whose refusal has been reported, oldest first. */
	readonly #ignoredGroups = new Set<number>();
	readonly #ignoredReports = new Allowance(IGNORED_EVENTS_MAX, DROPPED_EVENT_MS);
	readonly #refusals = new Allowance(REFUSALS_PER_SECOND, 1000);
	/** When a dropped datagram was last reported, by reason. */
	readonly #droppedAt = new Map<string, number>();

	constructor(config: ReceiverConfig) {
		this.#config = config;
		this.#answers = new AnswerQueue(config.receiverId, this.#counters);
		this.#ended = new EndedSessions(config.receiverId, this.#answers);
		let lastHandle = 0;
		this.#node = {
			config,
			answers: this.#answers,
			counters: this.#counters,
			budget: new BitmapBudget(config.bitmapBytesMax),
			holdOff: new HoldOff(config.instance[0] ^ config.instance[1] ^ config.receiverId),
			placement: this.#placement,
			handles: new Map<number, FileOwner>(),
			newHandle: () => ++lastHandle,
			emit: (event) => this.#emit(event),
		};
	}

	// ---- input

	handleDatagram(now: number, from: Endpoint, bytes: Uint8Array, at: number, length: number): void {
		this.#counters.datagrams++;
		const header = decodeHeader(bytes, at, length, this.#header);
		if (isMalformed(header)) {
			this.#drop(now, header.malformed, from);
			return;
		}
		const bodyAt = at + HEADER_BYTES;
		const bodyLength = length - HEADER_BYTES;
		if (header.func === MessageType.ANNOUNCE) this.#handleAnnounce(now, from, header, bytes, bodyAt, bodyLength);
		// The driver gives data to handleBlock.
		else if (header.func === MessageType.FILESEG) this.#counters.drop('data-off-the-data-path');
		else this.#handleMessage(now, from, header, bytes, bodyAt, bodyLength);
	}

	#handleMessage(
		now: number,
		from: Endpoint,
		header: Readonly<CommonHeader>,
		bytes: Uint8Array,
		at: number,
		length: number,
	): void {
		const session = this.#sessions.get(header.groupId);
		if (session === undefined) {
			const late = this.#ended.handleMessage(now, header, bytes, at, length);
			if ('malformed' in late) this.#drop(now, late.malformed, from);
			else if (!late.isKnown) this.#counters.drop(strayReason(header));
			return;
		}
		const { link } = session.context;
		if (header.sourceId !== link.senderId || header.groupInstance !== link.groupInstance) {
			this.#drop(now, header.sourceId === link.senderId ? 'wrong-instance' : 'wrong-source', from);
			return;
		}
		if (!session.context.isFromSender(from.host)) {
			this.#drop(now, 'wrong-address', from);
			return;
		}
		const malformed = session.handleMessage(now, header, bytes, at, length);
		if (malformed !== undefined) this.#drop(now, malformed.malformed, from);
		this.#settle(now, session);
	}

	#handleAnnounce(
		now: number,
		from: Endpoint,
		header: Readonly<CommonHeader>,
		bytes: Uint8Array,
		at: number,
		length: number,
	): void {
		const known = this.#sessions.get(header.groupId);
		if (known !== undefined && known.context.link.senderId !== header.sourceId) {
			this.#drop(now, 'wrong-source', from);
			return;
		}
		if (known !== undefined && header.groupInstance <= known.context.link.groupInstance) {
			if (header.groupInstance !== known.context.link.groupInstance) {
				this.#counters.drop('old-instance');
				return;
			}
			const { context } = known;
			const isRepeat = !isOtherRun(context.link, from, header, now - context.lastHeardAt);
			if (isRepeat) known.hear(now, header);
			// A sender that still speaks is not replaced by whoever announces in its name.
			if (isRepeat || !context.isSilent(now)) return;
		} else if (known !== undefined && !known.context.isSilent(now) && !known.context.isFromSender(from.host)) {
			this.#drop(now, 'wrong-address', from);
			return;
		} else if (this.#ended.isOver(now, from, header)) return;
		const announce = decodeAnnounce(bytes, at, length);
		if (isMalformed(announce)) {
			this.#drop(now, announce.malformed, from);
			return;
		}
		const hasRoom = () => known !== undefined || this.#makeRoom(now);
		const verdict = judge(announce, this.#config.receiverId, hasRoom);
		const { groupId, groupInstance, sourceId: senderId } = header;
		const link: SessionLink = { groupId, groupInstance, senderId, replyTo: from, sequence: 0 };
		if (verdict.kind === 'refuse' && this.#refusals.take(now)) {
			this.#answers.push(link, { kind: 'abort', reason: verdict.reason });
		}
		if (verdict.kind !== 'join') {
			this.#reportIgnored(now, groupId, senderId, verdict.reason);
			return;
		}
		if (known !== undefined) {
			known.context.finish('aborted', 'The sender has started the session again', false);
			this.#settle(now, known);
		}
		this.#join(now, link, header, announce);
	}

	/** False when every place is taken by a session that is under way, or may soon be: announcements cost nothing. */
	#makeRoom(now: number): boolean {
		if (this.#sessions.size < this.#config.sessionsMax) return true;
		for (const session of this.#sessions.values()) {
			const { phase, terms } = session.context;
			if (phase !== 'registering' || now - terms.announced.heardAt < UNCONFIRMED_MS_MIN) continue;
			session.context.finish('unconfirmed', 'Registration unconfirmed, and its place is needed', true);
			this.#settle(now, session);
			return true;
		}
		return false;
	}

	#join(now: number, link: SessionLink, header: Readonly<CommonHeader>, announce: Announce): void {
		const terms = {
			robust: announce.robust,
			blockBytes: announce.blockBytes,
			sync: announce.sync,
			preview: announce.preview,
			privateGroup: privateGroupOf(announce),
			isOpenGroup: announce.ids.length === 0,
			announced: { timestamp: announce.timestamp, heardAt: now },
		};
		const context = new SessionContext(this.#node, link, terms, now, header.grtt, header.sequence);
		const session = new ReceiverSession(context);
		this.#ended.forget(link.groupId);
		this.#ignoredGroups.delete(link.groupId);
		this.#sessions.set(link.groupId, session);
		session.start(now);
	}

	handleBlock(now: number, bytes: Uint8Array, headerAt: number, payloadLength: number): boolean {
		this.#counters.blocks++;
		const headerBytes = bytes[headerAt + HEADER_BYTES + 1] * 4;
		if (
			headerAt + FILESEG_HEADER_BYTES > bytes.length ||
			version.get(bytes, headerAt) !== VERSION ||
			func.get(bytes, headerAt) !== MessageType.FILESEG ||
			bytes[headerAt + HEADER_BYTES] !== MessageType.FILESEG ||
			(headerBytes !== 8 && headerBytes !== 16)
		) {
			this.#counters.blocksInvalid++;
			return false;
		}
		const groupId = groupIdField.get(bytes, headerAt);
		let session = this.#hot;
		if (session === undefined || session.context.link.groupId !== groupId) {
			session = this.#sessions.get(groupId);
			if (session === undefined) {
				this.#counters.blocksUnknown++;
				return false;
			}
			this.#hot = session;
		}
		return session.takeBlock(now, bytes, headerAt, payloadLength);
	}

	handleTimeout(now: number): void {
		for (const session of this.#sessions.values()) {
			if (session.deadline > now) continue;
			session.handleTimeout(now);
			this.#settle(now, session);
		}
	}

	// ---- commands

	fileDecided(now: number, handle: number, decision: FileDecision): void {
		const owner = this.#node.handles.get(handle);
		if (owner === undefined) return;
		owner.fileDecided(now, handle, decision);
		if (decision.kind === 'accept') this.#hot = this.#sessions.get(owner.groupId);
		this.#settleOwner(now, owner);
	}

	fileStored(now: number, handle: number, status?: CompleteStatus): void {
		const owner = this.#node.handles.get(handle);
		if (owner === undefined) return;
		owner.fileStored(now, handle, status);
		this.#settleOwner(now, owner);
	}

	fileFailed(now: number, handle: number, reason: string): void {
		const owner = this.#node.handles.get(handle);
		if (owner === undefined) return;
		owner.fileFailed(now, handle, reason);
		this.#settleOwner(now, owner);
	}

	abort(now: number, reason: string, groupId?: number): void {
		for (const session of [...this.#sessions.values()]) {
			if (groupId !== undefined && session.context.link.groupId !== groupId) continue;
			session.context.finish('interrupted', reason, true);
			this.#settle(now, session);
		}
	}

	#settleOwner(now: number, owner: FileOwner): void {
		const session = this.#sessions.get(owner.groupId);
		if (session !== undefined) this.#settle(now, session);
	}

	/** After everything that can end a session. */
	#settle(now: number, session: ReceiverSession): void {
		const { end, link } = session.context;
		if (end === undefined || !session.settle()) return;
		this.#sessions.delete(link.groupId);
		if (this.#hot === session) this.#hot = undefined;
		this.#ended.add(now, link, end.outcome, session.files.finished);
	}

	// ---- output

	pollTransmit(now: number, batch: OutgoingBatch): boolean {
		return this.#answers.poll(now, batch);
	}

	pollTimeout(): number {
		let earliest = NEVER;
		for (const session of this.#sessions.values()) earliest = Math.min(earliest, session.deadline);
		return earliest;
	}

	pollEvent(): ReceiverEvent | undefined {
		if (this.#nextEvent === this.#events.length) return undefined;
		const event = this.#events[this.#nextEvent++];
		if (this.#nextEvent === this.#events.length) {
			this.#events = [];
			this.#nextEvent = 0;
		}
		return event;
	}

	#emit(event: ReceiverEvent): void {
		if (this.#events.length - this.#nextEvent < EVENTS_MAX) this.#events.push(event);
		else this.#counters.drop('event-queue-full');
	}

	/** Counts a datagram that cannot be used; the event is not repeated for a while, so that a flood stays quiet. */
	#drop(now: number, reason: string, from: Endpoint): void {
		this.#counters.drop(reason);
		if (now - (this.#droppedAt.get(reason) ?? -NEVER) < DROPPED_EVENT_MS) return;
		this.#droppedAt.set(reason, now);
		this.#emit({ kind: 'dropped', reason, from });
	}

	#reportIgnored(now: number, groupId: number, senderId: number, reason: string): void {
		this.#counters.drop('announce-ignored');
		if (this.#ignoredGroups.has(groupId) || !this.#ignoredReports.take(now)) return;
		this.#ignoredGroups.add(groupId);
		if (this.#ignoredGroups.size > IGNORED_GROUPS_MAX) {
			for (const oldest of this.#ignoredGroups) {
				this.#ignoredGroups.delete(oldest);
				break;
			}
		}
		this.#emit({ kind: 'announceIgnored', groupId, senderId, reason });
	}

	// ---- getters

	get placedHandle(): number {
		return this.#placement.handle;
	}

	get placedOffset(): number {
		return this.#placement.offset;
	}

	get expectedSplit(): number {
		return this.#hot === undefined ? 0 : FILESEG_HEADER_BYTES;
	}

	get expectedPayloadBytes(): number {
		return this.#hot === undefined ? 0 : this.#hot.context.terms.blockBytes;
	}

	get sessionCount(): number {
		return this.#sessions.size;
	}

	get counters(): Readonly<Record<string, number>> {
		return this.#counters.snapshot();
	}
}

/** Why a message of no known session is not used: other receivers' answers are not meant for this one at all. */
function strayReason(header: Readonly<CommonHeader>): string {
	return MESSAGE_TRAITS[header.func].origins.includes('sender') ? 'unknown-group' : 'not-for-receivers';
}

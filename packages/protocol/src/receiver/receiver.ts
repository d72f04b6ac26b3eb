/**
 * The receiving node: all sessions of one receiver id behind one object (see `session.ts` of the package for how it is
 * driven, `receiver-port.ts` for the path of the data).
 */
import { openedAt, unwrapOpened } from '@uftp/crypto';
import {
	type Announce,
	type CommonHeader,
	decodeAnnounce,
	decodeHeader,
	emptyHeader,
	HEADER_BYTES,
	Header,
	isMalformed,
	MessageType,
} from '@uftp/wire';
import { Allowance } from '../allowance.ts';
import type { ReceiverEvent } from '../events.ts';
import { REFUSALS_PER_SECOND, UNCONFIRMED_MS_MIN } from '../limits.ts';
import type { CompleteStatus, Endpoint, FileDecision, OutgoingBatch } from '../ports.ts';
import type { ReceiverConfig } from '../receiver-config.ts';
import type { Receiver } from '../receiver-port.ts';
import { NEVER } from '../timers.ts';
import { judge, termsOf } from './announcement.ts';
import { AnswerQueue, type SessionLink } from './answers.ts';
import { blockHeaderBytes, isBlockHeader } from './block-header.ts';
import { BitmapBudget } from './block-ledger.ts';
import { Counters } from './counters.ts';
import { EndedSessions, isOtherRun } from './ended-sessions.ts';
import { HoldOff } from './hold-off.ts';
import { Reports, strayReason } from './reports.ts';
import { isOrdinary, isSealable, looksSealed, openSealed, uncoverBlock } from './security/sealed-datagrams.ts';
import { SessionSecurer } from './security/session-securer.ts';
import { ReceiverSession } from './session.ts';
import { type FileOwner, type NodeServices, SessionContext } from './session-context.ts';

const { groupId: groupIdField } = Header.fields;

export class ReceiverNode implements Receiver {
	readonly #config: ReceiverConfig;
	readonly #counters = new Counters();
	readonly #reports = new Reports(this.#counters);
	readonly #answers: AnswerQueue;
	readonly #ended: EndedSessions;
	readonly #node: NodeServices;
	readonly #placement = { handle: -1, offset: 0 };
	readonly #arrival = { isMarked: false };
	placedAt = 0;
	placedBytes = 0;
	/** By group id. */
	readonly #sessions = new Map<number, ReceiverSession>();
	/** The session that data is coming for: the map is asked only when it changes. */
	#hot: ReceiverSession | undefined;
	readonly #header = emptyHeader();
	readonly #refusals = new Allowance(REFUSALS_PER_SECOND, 1000);
	readonly #securer: SessionSecurer;

	constructor(config: ReceiverConfig) {
		this.#config = config;
		this.#securer = new SessionSecurer(config);
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
			arrival: this.#arrival,
			handles: new Map<number, FileOwner>(),
			newHandle: () => ++lastHandle,
			emit: (event) => this.#reports.emit(event),
		};
	}

	// ---- input

	handleDatagram(now: number, from: Endpoint, bytes: Uint8Array, at: number, length: number): void {
		this.#counters.datagrams++;
		const header = decodeHeader(bytes, at, length, this.#header);
		if (isMalformed(header)) {
			this.#reports.drop(now, header.malformed, from);
			return;
		}
		const { func } = header;
		if (func === MessageType.ANNOUNCE) this.#handleAnnounce(now, from, header, bytes, at, length);
		// The driver gives data to handleBlock, and what is sealed to handleSealed.
		else if (func === MessageType.FILESEG || func === MessageType.ENCRYPTED) {
			this.#counters.drop('data-off-the-data-path');
		} else this.#handleMessage(now, from, header, bytes, at + HEADER_BYTES, length - HEADER_BYTES);
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
			if ('malformed' in late) this.#reports.drop(now, late.malformed, from);
			else if (!late.isKnown) this.#counters.drop(strayReason(header));
			return;
		}
		const { link } = session.context;
		if (header.sourceId !== link.senderId || header.groupInstance !== link.groupInstance) {
			this.#reports.drop(now, header.sourceId === link.senderId ? 'wrong-instance' : 'wrong-source', from);
			return;
		}
		if (!session.context.isFromSender(from.host)) {
			this.#reports.drop(now, 'wrong-address', from);
			return;
		}
		const malformed = session.handleMessage(now, header, bytes, at, length);
		if (malformed !== undefined) this.#reports.drop(now, malformed.malformed, from);
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
			this.#reports.drop(now, 'wrong-source', from);
			return;
		}
		if (known !== undefined && header.groupInstance <= known.context.link.groupInstance) {
			if (header.groupInstance !== known.context.link.groupInstance) {
				this.#counters.drop('old-instance');
				return;
			}
			const { context } = known;
			const isRepeat = !isOtherRun(context.link, from, header, now - context.lastHeardAt);
			if (isRepeat) known.hearInClear(now, header);
			// A sender that still speaks is not replaced by whoever announces in its name.
			if (isRepeat || !context.isSilent(now)) return;
		} else if (known !== undefined && !known.context.isSilent(now) && !known.context.isFromSender(from.host)) {
			this.#reports.drop(now, 'wrong-address', from);
			return;
		} else if (this.#ended.isOver(now, from, header)) return;
		const announce = decodeAnnounce(bytes, at + HEADER_BYTES, length - HEADER_BYTES);
		if (isMalformed(announce)) {
			this.#reports.drop(now, announce.malformed, from);
			return;
		}
		const hasRoom = () => known !== undefined || this.#makeRoom(now);
		const replaced = known?.context.link.security;
		const acceptance = () => this.#securer.accept(now, from, header, announce, bytes, at, length, replaced);
		const verdict = judge(announce, this.#config.receiverId, acceptance, hasRoom);
		const { groupId, groupInstance, sourceId: senderId } = header;
		const security = verdict.kind === 'join' ? this.#securer.security : undefined;
		const link: SessionLink = { groupId, groupInstance, senderId, replyTo: from, sequence: 0, security };
		if (verdict.kind === 'refuse' && this.#refusals.take(now)) {
			this.#answers.push(link, { kind: 'abort', reason: verdict.reason });
		}
		if (verdict.kind !== 'join') {
			this.#reports.ignore(now, groupId, senderId, verdict.reason);
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
		const source = this.#config.security?.sourceSpecific === true ? link.replyTo.host : undefined;
		const terms = termsOf(now, announce, source);
		const context = new SessionContext(this.#node, link, terms, now, header.grtt, header.sequence);
		const session = new ReceiverSession(context);
		this.#ended.forget(link.groupId);
		this.#reports.forgetIgnored(link.groupId);
		this.#sessions.set(link.groupId, session);
		session.start(now);
	}

	handleBlock(now: number, bytes: Uint8Array, headerAt: number, payloadLength: number): boolean {
		this.#counters.blocks++;
		if (!isBlockHeader(bytes, headerAt)) {
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
		const datagramBytes = blockHeaderBytes(bytes, headerAt) + payloadLength;
		return session.takeBlock(now, bytes, headerAt, payloadLength, datagramBytes, false);
	}

	handleSealed(now: number, bytes: Uint8Array, at: number, length: number): boolean {
		this.#counters.datagrams++;
		if (!looksSealed(bytes, at, length)) {
			this.#counters.drop('too-short');
			return false;
		}
		const groupId = groupIdField.get(bytes, at);
		const isHot = this.#hot !== undefined && this.#hot.context.link.groupId === groupId;
		const session = isHot ? this.#hot : this.#sessions.get(groupId);
		const link = session?.context.link ?? this.#ended.linkOf(now, groupId);
		if (link === undefined) {
			this.#counters.drop('unknown-group');
			return false;
		}
		const plainBytes = openSealed(link, bytes, at, length);
		if (typeof plainBytes === 'string') {
			// Late and doubled datagrams are nothing to speak of.
			if (isOrdinary(plainBytes)) this.#counters.drop(plainBytes);
			else this.#reports.drop(now, plainBytes, link.replyTo);
			return false;
		}
		if (bytes[openedAt(bytes, at)] !== MessageType.FILESEG) {
			this.#handleOpened(now, link, session, bytes, at, unwrapOpened(bytes, at, plainBytes));
			return false;
		}
		return session !== undefined && this.#handleSealedBlock(now, session, bytes, at, length, plainBytes);
	}

	#handleSealedBlock(
		now: number,
		session: ReceiverSession,
		bytes: Uint8Array,
		at: number,
		length: number,
		plainBytes: number,
	): boolean {
		this.#counters.blocks++;
		const headerAt = uncoverBlock(bytes, at, plainBytes);
		if (headerAt < 0) {
			this.#counters.blocksInvalid++;
			return false;
		}
		this.#hot = session;
		const headerBytes = blockHeaderBytes(bytes, headerAt);
		this.placedAt = headerAt + headerBytes;
		this.placedBytes = plainBytes - headerBytes + HEADER_BYTES;
		return session.takeBlock(now, bytes, headerAt, this.placedBytes, length, true);
	}

	/** A control message that has been opened and stands there in the clear. */
	#handleOpened(
		now: number,
		{ replyTo }: SessionLink,
		session: ReceiverSession | undefined,
		bytes: Uint8Array,
		at: number,
		length: number,
	): void {
		const header = decodeHeader(bytes, at, length, this.#header);
		if (isMalformed(header) || !isSealable(header.func)) {
			this.#reports.drop(now, isMalformed(header) ? header.malformed : 'never-sealed', replyTo);
			return;
		}
		const bodyAt = at + HEADER_BYTES;
		const bodyLength = length - HEADER_BYTES;
		if (session === undefined) {
			const late = this.#ended.handleMessage(now, header, bytes, bodyAt, bodyLength, true);
			if ('malformed' in late) this.#reports.drop(now, late.malformed, replyTo);
			return;
		}
		const malformed = session.handleMessage(now, header, bytes, bodyAt, bodyLength, true);
		if (malformed !== undefined) this.#reports.drop(now, malformed.malformed, replyTo);
		this.#settle(now, session);
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
		return this.#reports.poll();
	}

	// ---- getters

	get placedHandle(): number {
		return this.#placement.handle;
	}

	get placedOffset(): number {
		return this.#placement.offset;
	}

	get expectedSplit(): number {
		return this.#hot?.context.clearHeaderBytes ?? 0;
	}

	get expectedPayloadBytes(): number {
		return this.expectedSplit === 0 ? 0 : this.#hot!.context.terms.blockBytes;
	}

	get expectsMarks(): boolean {
		for (const { context } of this.#sessions.values()) if (context.congestion !== undefined) return true;
		return false;
	}

	noteMark(isMarked: boolean): void {
		this.#arrival.isMarked = isMarked;
	}

	get sessionCount(): number {
		return this.#sessions.size;
	}

	get counters(): Readonly<Record<string, number>> {
		return this.#counters.snapshot();
	}
}

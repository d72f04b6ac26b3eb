/**
 * The receiving node: all sessions of one receiver id behind one object (see `session.ts` of the package for how it is
 * driven, `receiver-port.ts` for the path of the data).
 */
import { openedAt, unwrapOpened } from '@uftp/crypto';
import {
	type CommonHeader,
	decodeHeader,
	emptyHeader,
	HEADER_BYTES,
	Header,
	isMalformed,
	MESSAGE_TRAITS,
	MessageType,
} from '@uftp/wire';
import { isSameEndpoint } from '../endpoints.ts';
import type { ReceiverEvent } from '../events.ts';
import type { CompleteStatus, Endpoint, FileDecision, OutgoingBatch } from '../ports.ts';
import type { ReceiverConfig, ResponseProxyConfig } from '../receiver-config.ts';
import type { Receiver } from '../receiver-port.ts';
import { Reports } from '../reports.ts';
import { AnswerQueue, type SessionLink } from './answers.ts';
import { blockHeaderBytes, isBlockHeader } from './block-header.ts';
import { BitmapBudget } from './block-ledger.ts';
import { Counters } from './counters.ts';
import { EndedSessions } from './ended-sessions.ts';
import { HoldOff } from './hold-off.ts';
import { Invitations } from './invitations.ts';
import { originOf } from './proxied/origin.ts';
import { ResponseProxy } from './proxied/response-proxy.ts';
import { isOrdinary, isSealable, looksSealed, openSealed, uncoverBlock } from './security/sealed-datagrams.ts';
import type { ReceiverSession } from './session.ts';
import type { FileOwner, NodeServices } from './session-context.ts';
import { SessionTable } from './session-table.ts';

const { groupId: groupIdField } = Header.fields;

export class ReceiverNode implements Receiver {
	readonly #counters = new Counters();
	readonly #reports = new Reports<ReceiverEvent>(this.#counters);
	readonly #answers: AnswerQueue;
	readonly #ended: EndedSessions;
	readonly #node: NodeServices;
	readonly #placement = { handle: -1, offset: 0 };
	readonly #arrival = { isMarked: false };
	placedAt = 0;
	placedBytes = 0;
	readonly #sessions: SessionTable;
	readonly #header = emptyHeader();
	readonly #responseProxy: ResponseProxy;
	readonly #invitations: Invitations;

	constructor(config: ReceiverConfig) {
		this.#answers = new AnswerQueue(config.receiverId, this.#counters);
		this.#ended = new EndedSessions(config.receiverId, this.#answers);
		this.#sessions = new SessionTable(this.#ended);
		this.#responseProxy = new ResponseProxy(config, (event) => this.#reports.emit(event));
		let lastHandle = 0;
		this.#node = {
			config,
			answers: this.#answers,
			counters: this.#counters,
			budget: new BitmapBudget(config.bitmapBytesMax),
			holdOff: new HoldOff(config.instance[0] ^ config.instance[1] ^ config.receiverId),
			responseProxy: this.#responseProxy,
			placement: this.#placement,
			arrival: this.#arrival,
			handles: new Map<number, FileOwner>(),
			newHandle: () => ++lastHandle,
			emit: (event) => this.#reports.emit(event),
		};
		this.#invitations = new Invitations(this.#node, this.#sessions, this.#ended, this.#reports);
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
		if (func === MessageType.ANNOUNCE) this.#invitations.handleAnnounce(now, from, header, bytes, at, length);
		else if (func === MessageType.PROXY_KEY) {
			this.#handleProxyKey(now, from, bytes, at + HEADER_BYTES, length - HEADER_BYTES);
		}
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
		const origin = originOf(session.context, header, from);
		if (typeof origin !== 'string') {
			if (origin.isOrdinary) this.#counters.drop(origin.reason);
			else this.#reports.drop(now, origin.reason, from);
			return;
		}
		const malformed = session.handleMessage(now, header, bytes, at, length, false, origin);
		if (malformed !== undefined) this.#reports.drop(now, malformed.malformed, from);
		this.#sessions.settle(now, session);
	}

	#handleProxyKey(now: number, from: Endpoint, bytes: Uint8Array, at: number, length: number): void {
		const verdict = this.#responseProxy.handleProxyKey(now, from, bytes, at, length);
		if (typeof verdict !== 'string') this.#reports.drop(now, verdict.malformed, from);
		else if (verdict === 'taken') this.#invitations.reconsider(now);
		else this.#counters.drop(`proxy-key-${verdict}`);
	}

	handleBlock(now: number, bytes: Uint8Array, headerAt: number, payloadLength: number): boolean {
		this.#counters.blocks++;
		if (!isBlockHeader(bytes, headerAt)) {
			this.#counters.blocksInvalid++;
			return false;
		}
		const groupId = groupIdField.get(bytes, headerAt);
		const session = this.#sessions.forData(groupId);
		if (session === undefined) {
			this.#counters.blocksUnknown++;
			return false;
		}
		this.#sessions.hot = session;
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
		const session = this.#sessions.forData(groupId);
		const link = session?.context.link ?? this.#ended.linkOf(now, groupId);
		if (link === undefined) {
			this.#counters.drop('unknown-group');
			return false;
		}
		const plainBytes = openSealed(link, bytes, at, length);
		if (typeof plainBytes === 'string') {
			// Late and doubled datagrams are nothing to speak of.
			if (isOrdinary(plainBytes)) this.#counters.drop(plainBytes);
			else this.#reports.drop(now, plainBytes, link.sender);
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
		this.#sessions.hot = session;
		const headerBytes = blockHeaderBytes(bytes, headerAt);
		this.placedAt = headerAt + headerBytes;
		this.placedBytes = plainBytes - headerBytes + HEADER_BYTES;
		return session.takeBlock(now, bytes, headerAt, this.placedBytes, length, true);
	}

	/** A control message that has been opened and stands there in the clear. */
	#handleOpened(
		now: number,
		{ sender, senderId }: SessionLink,
		session: ReceiverSession | undefined,
		bytes: Uint8Array,
		at: number,
		length: number,
	): void {
		const header = decodeHeader(bytes, at, length, this.#header);
		if (isMalformed(header) || !isSealable(header.func)) {
			this.#reports.drop(now, isMalformed(header) ? header.malformed : 'never-sealed', sender);
			return;
		}
		const bodyAt = at + HEADER_BYTES;
		const bodyLength = length - HEADER_BYTES;
		if (session === undefined) {
			const late = this.#ended.handleMessage(now, header, bytes, bodyAt, bodyLength, true);
			if ('malformed' in late) this.#reports.drop(now, late.malformed, sender);
			return;
		}
		const origin = header.sourceId === senderId ? 'sender' : 'proxy';
		const malformed = session.handleMessage(now, header, bytes, bodyAt, bodyLength, true, origin);
		if (malformed !== undefined) this.#reports.drop(now, malformed.malformed, sender);
		this.#sessions.settle(now, session);
	}

	handleTimeout(now: number): void {
		this.#responseProxy.handleTimeout(now);
		for (const session of this.#sessions.all()) {
			if (session.deadline > now) continue;
			session.handleTimeout(now);
			this.#sessions.settle(now, session);
		}
	}

	// ---- commands

	fileDecided(now: number, handle: number, decision: FileDecision): void {
		const owner = this.#node.handles.get(handle);
		if (owner === undefined) return;
		owner.fileDecided(now, handle, decision);
		if (decision.kind === 'accept') this.#sessions.hot = this.#sessions.get(owner.groupId);
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
		for (const session of [...this.#sessions.all()]) {
			if (groupId !== undefined && session.context.link.groupId !== groupId) continue;
			session.context.finish('interrupted', reason, true);
			this.#sessions.settle(now, session);
		}
	}

	setResponseProxy(now: number, proxy: ResponseProxyConfig | undefined): void {
		this.#responseProxy.set(now, proxy);
		this.#invitations.reconsider(now);
	}

	responseProxyLost(now: number, endpoint: Endpoint): void {
		const { endpoint: current } = this.#responseProxy;
		const isCurrent = current !== undefined && isSameEndpoint(current, endpoint);
		this.#responseProxy.forgetKeys(now, endpoint);
		const to = isCurrent ? undefined : current;
		for (const session of [...this.#sessions.all()]) {
			const { proxy } = session.context.link;
			if (proxy === undefined || !isSameEndpoint(proxy, endpoint)) continue;
			session.leaveProxy(now, endpoint, to);
			this.#sessions.settle(now, session);
		}
		this.#ended.moveFrom(endpoint, to);
	}

	#settleOwner(now: number, owner: FileOwner): void {
		this.#sessions.settle(now, this.#sessions.get(owner.groupId));
	}

	// ---- output

	pollTransmit(now: number, batch: OutgoingBatch): boolean {
		return this.#responseProxy.poll(batch) || this.#answers.poll(now, batch);
	}

	pollTimeout(): number {
		let earliest = this.#responseProxy.deadline;
		for (const session of this.#sessions.all()) earliest = Math.min(earliest, session.deadline);
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
		return this.#sessions.hot?.context.clearHeaderBytes ?? 0;
	}

	get expectedPayloadBytes(): number {
		return this.expectedSplit === 0 ? 0 : this.#sessions.hot!.context.terms.blockBytes;
	}

	get expectsMarks(): boolean {
		for (const { context } of this.#sessions.all()) if (context.congestion !== undefined) return true;
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

/** Why a message of no known session is not used: other receivers' answers are not meant for this one at all. */
function strayReason({ func }: Readonly<CommonHeader>): string {
	return MESSAGE_TRAITS[func].origins.includes('sender') ? 'unknown-group' : 'not-for-receivers';
}

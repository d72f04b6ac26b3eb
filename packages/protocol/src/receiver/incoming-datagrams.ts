/**
 * What the network brings to a receiving node, on its way to the session that it belongs to: blocks, what comes sealed,
 * control messages.
 */
import { openedAt, unwrapOpened } from '@uftp/crypto';
import {
	type CommonHeader,
	decodeHeader,
	emptyHeader,
	HEADER_BYTES,
	Header,
	isMalformed,
	MALFORMED_REASONS,
	MessageType,
	VERSION,
} from '@uftp/wire';
import type { Arrival } from '../arrival.ts';
import { assert, fail } from '../assert.ts';
import type { ReceiverEvent } from '../events.ts';
import type { Reports } from '../reports.ts';
import type { Placement } from '../session.ts';
import type { Containment } from '../shared/containment.ts';
import type { AnnounceHandler } from './announce/announce-handler.ts';
import type { SessionLink } from './answers.ts';
import type { Counters } from './counters.ts';
import type { EndedSessions } from './ended-sessions.ts';
import { blockHeaderBytes, IncomingBlock } from './incoming-block.ts';
import { originOf } from './proxied/origin.ts';
import { isOrdinary, looksSealed, openSealed, uncoverBlock } from './security/sealed-datagrams.ts';
import type { ReceiverSession } from './session.ts';
import type { NodeServices } from './session-context.ts';
import type { SessionTable } from './session-table.ts';

const { version, func: funcField, groupId: groupIdField } = Header.fields;

export class IncomingDatagrams {
	readonly #counters: Counters;
	readonly #node: NodeServices;
	readonly #sessions: SessionTable;
	readonly #containment: Containment<ReceiverSession>;
	readonly #ended: EndedSessions;
	readonly #reports: Reports<ReceiverEvent>;
	readonly #announces: AnnounceHandler;
	readonly #header = emptyHeader();
	readonly #block = new IncomingBlock();

	constructor(
		node: NodeServices,
		sessions: SessionTable,
		ended: EndedSessions,
		reports: Reports<ReceiverEvent>,
		announces: AnnounceHandler,
	) {
		this.#counters = node.counters;
		this.#node = node;
		this.#sessions = sessions;
		this.#containment = sessions.containment;
		this.#ended = ended;
		this.#reports = reports;
		this.#announces = announces;
	}

	/** See `Session.handle`. */
	take(now: number, arrival: Arrival): Placement | undefined {
		const { bytes, headerAt, length } = arrival;
		if (length >= HEADER_BYTES && version.get(bytes, headerAt) === VERSION) {
			const func = funcField.get(bytes, headerAt);
			if (func === MessageType.FILESEG) return this.#takeBlock(now, arrival);
			if (func === MessageType.ENCRYPTED) return this.#takeSealed(now, arrival);
		}
		this.#takeControl(now, arrival);
		return undefined;
	}

	// ---- data

	#takeBlock(now: number, arrival: Arrival): Placement | undefined {
		this.#counters.blocks++;
		const { bytes, headerAt, payloadAt, split, length } = arrival;
		const isFlat = payloadAt === headerAt + split;
		const headerBytes = blockHeaderBytes(bytes, headerAt, isFlat ? length : split);
		if (headerBytes === 0 || (!isFlat && headerBytes !== split)) {
			this.#counters.blocksInvalid++;
			return undefined;
		}
		const session = this.#sessions.forData(groupIdField.get(bytes, headerAt));
		if (session === undefined) {
			this.#counters.blocksUnknown++;
			return undefined;
		}
		const block = this.#block;
		block.bytes = bytes;
		block.headerAt = headerAt;
		block.at = isFlat ? headerAt + headerBytes : payloadAt;
		block.length = length - headerBytes;
		block.datagramBytes = length;
		block.isSealed = false;
		block.isMarked = arrival.isMarked;
		block.sourceKey = arrival.sourceKey;
		return this.#place(now, session, block);
	}

	#place(now: number, session: ReceiverSession, block: IncomingBlock): Placement | undefined {
		const { bytes, headerAt, at, length } = block;
		if (!(at > headerAt && length >= 0)) fail('a payload stands behind its header');
		if (!(at + length <= bytes.length)) fail('a payload ends within the memory that it is in');
		this.#sessions.hot = session;
		this.#containment.acting = session;
		return session.takeBlock(now, block) ? block : undefined;
	}

	#takeSealed(now: number, arrival: Arrival): Placement | undefined {
		this.#counters.datagrams++;
		if (arrival.isShared) fail('what comes sealed is opened in place: nobody else may need it');
		const { bytes, headerAt: at, length } = arrival;
		if (!looksSealed(bytes, at, length)) {
			this.#counters.drop('too-short');
			return undefined;
		}
		const groupId = groupIdField.get(bytes, at);
		const session = this.#sessions.forData(groupId);
		const link = session?.context.link ?? this.#ended.linkOf(now, groupId);
		if (link === undefined) {
			this.#counters.drop('unknown-group');
			return undefined;
		}
		this.#containment.acting = session;
		const plainBytes = openSealed(link, bytes, at, length);
		if (typeof plainBytes === 'string') {
			// Late and doubled datagrams are nothing to speak of.
			if (isOrdinary(plainBytes)) this.#counters.drop(plainBytes);
			else this.#reports.drop(now, plainBytes, link.sender);
			return undefined;
		}
		if (bytes[openedAt(bytes, at)] === MessageType.FILESEG) {
			return session && this.#takeOpenedBlock(now, session, arrival, plainBytes);
		}
		this.#takeOpened(now, link, session, arrival, unwrapOpened(bytes, at, plainBytes));
		return undefined;
	}

	#takeOpenedBlock(now: number, session: ReceiverSession, arrival: Arrival, plainBytes: number): Placement | undefined {
		this.#counters.blocks++;
		const { bytes } = arrival;
		const headerAt = uncoverBlock(bytes, arrival.headerAt, plainBytes);
		const headerBytes = headerAt < 0 ? 0 : blockHeaderBytes(bytes, headerAt, HEADER_BYTES + plainBytes);
		if (headerBytes === 0) {
			this.#counters.blocksInvalid++;
			return undefined;
		}
		const block = this.#block;
		block.bytes = bytes;
		block.headerAt = headerAt;
		block.at = headerAt + headerBytes;
		block.length = HEADER_BYTES + plainBytes - headerBytes;
		block.datagramBytes = arrival.length;
		block.isSealed = true;
		block.isMarked = arrival.isMarked;
		block.sourceKey = arrival.sourceKey;
		return this.#place(now, session, block);
	}

	// ---- control messages

	/** A control message that has been opened and stands there in the clear, `length` bytes with its common header. */
	#takeOpened(
		now: number,
		{ sender, senderId }: SessionLink,
		session: ReceiverSession | undefined,
		{ bytes, headerAt: at, isMarked }: Arrival,
		length: number,
	): void {
		const header = decodeHeader(bytes, at, length, this.#header);
		if (isMalformed(header)) {
			this.#reports.drop(now, header.malformed, sender);
			return;
		}
		const body = { bytes, at: at + HEADER_BYTES, length: length - HEADER_BYTES };
		const message = { header, ...body, isSealed: true, isMarked };
		if (session === undefined) {
			const refusal = this.#ended.handleMessage(now, message);
			if (refusal !== undefined) this.#reports.drop(now, refusal, sender);
			return;
		}
		const origin = header.sourceId === senderId ? 'sender' : 'proxy';
		const malformed = session.handleMessage(now, message, origin);
		if (malformed !== undefined) this.#reports.drop(now, malformed.malformed, sender);
		this.#sessions.settle(now, session);
	}

	#takeControl(now: number, arrival: Arrival): void {
		this.#counters.datagrams++;
		const { bytes, headerAt: at, length } = arrival;
		const header = decodeHeader(bytes, at, length, this.#header);
		if (isMalformed(header)) this.#reports.drop(now, header.malformed, arrival.source());
		else if (header.func === MessageType.ANNOUNCE) this.#announces.handleAnnounce(now, arrival, header);
		else if (header.func === MessageType.PROXY_KEY) this.#takeProxyKey(now, arrival);
		else this.#takeForSession(now, arrival, header);
	}

	#takeForSession(now: number, arrival: Arrival, header: Readonly<CommonHeader>): void {
		const { bytes, headerAt, length, isMarked } = arrival;
		const body = { bytes, at: headerAt + HEADER_BYTES, length: length - HEADER_BYTES };
		const message = { header, ...body, isSealed: false, isMarked };
		const session = this.#sessions.get(header.groupId);
		if (session === undefined) {
			const refusal = this.#ended.handleMessage(now, message);
			if (refusal === undefined) return;
			// What other sessions' nodes send to their groups, and what is late, is nothing to speak of.
			if (refusal in MALFORMED_REASONS) this.#reports.drop(now, refusal, arrival.source());
			else this.#counters.drop(refusal);
			return;
		}
		this.#containment.acting = session;
		assert(session.context.link.groupId === header.groupId, 'a message is given to the session of its group');
		const origin = originOf(session.context, header, arrival);
		if (typeof origin !== 'string') {
			if (origin.isOrdinary) this.#counters.drop(origin.reason);
			else this.#reports.drop(now, origin.reason, arrival.source());
			return;
		}
		const malformed = session.handleMessage(now, message, origin);
		if (malformed !== undefined) this.#reports.drop(now, malformed.malformed, arrival.source());
		this.#sessions.settle(now, session);
	}

	#takeProxyKey(now: number, arrival: Arrival): void {
		const { bytes, headerAt, length } = arrival;
		const from = arrival.source();
		const verdict = this.#node.responseProxy.handleProxyKey(
			now,
			from,
			bytes,
			headerAt + HEADER_BYTES,
			length - HEADER_BYTES,
		);
		if (verdict === 'taken') this.#announces.reconsider(now);
		else if (verdict !== 'known' && verdict in MALFORMED_REASONS) this.#reports.drop(now, verdict, from);
		else if (verdict !== 'known') this.#counters.drop(verdict);
	}
}

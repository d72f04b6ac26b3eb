/** What the parts of one session at a gathering proxy share: who takes part, its clockwork, and the ways out. */
import {
	type CommonHeader,
	encodeAbort,
	HEADER_BYTES,
	idsPerMessage,
	MESSAGE_TRAITS,
	MessageType,
	writeHeader,
} from '@uftp/wire';
import { assert } from '../../assert.ts';
import type { Endpoint } from '../../ports.ts';
import type { Reports } from '../../reports.ts';
import type { Encode } from '../../shared/encode.ts';
import { advertisedGrttMs, isNewGrtt } from '../../shared/grtt.ts';
import type { HeldTimestamp } from '../../shared/held-timestamp.ts';
import { nextSequence } from '../../shared/sequence.ts';
import type { DatagramQueue } from '../datagram-queue.ts';
import type { KnownSenders } from '../known-senders.ts';
import type { AllowedReceiver, GatheringProxyConfig } from '../proxy-config.ts';
import type { ProxyCounters } from '../proxy-counters.ts';
import type { ProxyEvent, ProxyOutcome, ProxyTotals } from '../proxy-events.ts';
import type { ProxyRequests } from '../proxy-requests.ts';
import type { RelaySessionSecurity } from '../security/relay-session-security.ts';
import { CONTROL_BYTES_MAX, HOLD_MS_MAX, PENDING_ANSWERS_MAX, PENDING_BITMAP_BYTES_MAX } from './gathering-limits.ts';
import { PendingAnswers } from './pending-answers.ts';
import { type RelayedReceiver, RelayedReceivers } from './relayed-receivers.ts';

/** What all sessions of a proxy share. */
export interface RelayNode {
	readonly config: GatheringProxyConfig;
	readonly counters: ProxyCounters;
	readonly reports: Reports<ProxyEvent>;
	readonly requests: ProxyRequests;
	/** Of faults of earlier sessions with the same group id nothing is remembered when another begins. */
	readonly containment: { forget(groupId: number): void };
	readonly knownSenders: KnownSenders;
	readonly queue: DatagramQueue;
	/** Memory in which the proxy's own messages are composed. */
	readonly scratch: Uint8Array;
	/** The list of receivers, by id; undefined: every receiver is served. */
	readonly allowed: ReadonlyMap<number, AllowedReceiver> | undefined;
	/** ABORTs that the proxy makes for receivers, of all sessions. */
	readonly refusals: { take(now: number): boolean };
}

/** What the first ANNOUNCE of the session said. */
export interface RelayTerms {
	readonly groupId: number;
	readonly groupInstance: number;
	readonly senderId: number;
	/** Where it came from: the sender, or the proxy before this one. */
	readonly sender: Endpoint;
	readonly publicGroup: Endpoint;
	readonly privateGroup: Endpoint;
	readonly robust: number;
	readonly blockBytes: number;
	readonly announced: HeldTimestamp;
	readonly security: RelaySessionSecurity | undefined;
	/** Its place is not given away before receivers have joined it. */
	readonly isOfKnownSender: boolean;
}

export class RelayContext {
	readonly node: RelayNode;
	readonly terms: RelayTerms;
	readonly receivers = new RelayedReceivers();
	readonly pending: PendingAnswers;
	/** The way of what goes to the private group as it stands is this; to the public group, one more. */
	readonly way: number;
	grttMs: number;
	grttByte: number;
	groupSizeByte = 0;
	/** When the sender was heard last. */
	heardAt: number;
	readonly totals: { -readonly [K in keyof ProxyTotals]: number };
	end: { readonly outcome: ProxyOutcome; readonly reason: string } | undefined;
	/** Of the proxy's own messages to the sender. */
	#sequence = 0;

	constructor(node: RelayNode, terms: RelayTerms, way: number, now: number, grttByte: number) {
		assert(way >= 0, 'a session has a way');
		assert(terms.blockBytes > 0, 'the blocks of a session have a size');
		this.node = node;
		this.terms = terms;
		this.way = way;
		this.grttByte = grttByte;
		this.grttMs = advertisedGrttMs(grttByte);
		this.heardAt = now;
		this.pending = new PendingAnswers({
			idsMax: this.idsPerMessage,
			placesMax: PENDING_ANSWERS_MAX,
			bitmapBytesMax: PENDING_BITMAP_BYTES_MAX,
		});
		this.totals = { receivers: 0, datagramsDown: 0, messagesIn: 0, messagesOut: 0, heldMs: 0, heldMsMax: 0 };
	}

	get security(): RelaySessionSecurity | undefined {
		return this.terms.security;
	}

	get isClient(): boolean {
		return this.node.config.kind === 'client';
	}

	get idsPerMessage(): number {
		return idsPerMessage(this.terms.blockBytes);
	}

	/** Sealed datagrams of the sender that are shorter than this hold no full block: they are looked into. */
	get controlBytesMax(): number {
		return CONTROL_BYTES_MAX + (this.security?.sealer?.signatureBytes ?? 0);
	}

	/** How long answers wait for others. */
	get holdMs(): number {
		return Math.min(HOLD_MS_MAX, (this.grttMs * this.node.config.holdPercent) / 100);
	}

	/** A packet of the sender: what its header says of the clockwork. */
	adopt(now: number, grttByte: number, groupSizeByte: number): void {
		assert(now >= this.heardAt, 'time does not run backwards in a session');
		this.heardAt = now;
		if (groupSizeByte !== 0) this.groupSizeByte = groupSizeByte;
		if (grttByte === this.grttByte) return;
		this.grttByte = grttByte;
		const advertisedMs = advertisedGrttMs(grttByte);
		if (isNewGrtt(this.grttMs, advertisedMs)) this.grttMs = advertisedMs;
		assert(this.grttMs > 0, 'a round trip takes time');
	}

	/** The receiver is not in the session any more. */
	drop(receiverId: number): void {
		this.receivers.delete(receiverId);
		this.security?.forget(receiverId);
	}

	/** The sender has confirmed the receiver, and it has the group key where there is one. */
	emitConfirmed({ id: receiverId }: RelayedReceiver): void {
		this.node.reports.emit({ kind: 'receiverConfirmed', groupId: this.terms.groupId, receiverId });
	}

	finish(outcome: ProxyOutcome, reason: string): void {
		this.end ??= { outcome, reason };
	}

	/** Own message to the sender; sealed in an encrypted session, where that is done with such messages. */
	sendUp(now: number, func: MessageType, encode: Encode): void {
		const staysClear = MESSAGE_TRAITS[func].encryption === 'never';
		const { security } = this;
		const sealer = staysClear ? undefined : security?.sealer;
		if (!staysClear && security !== undefined && sealer === undefined && func !== MessageType.ABORT) return;
		const { scratch, config } = this.node;
		const bodyAt = sealer?.plainOffset ?? HEADER_BYTES;
		const bodyBytes = encode(scratch, bodyAt, now);
		const source = { sequence: this.#sequence, sourceId: config.proxyId, grtt: 0, groupSize: 0 };
		this.#sequence = nextSequence(this.#sequence);
		this.#writeHeader(func, source);
		const length = sealer?.seal(scratch, 0, bodyBytes) ?? bodyAt + bodyBytes;
		assert(length > 0 && length <= scratch.length, 'a message fits into a datagram');
		this.totals.messagesOut++;
		this.#push(this.terms.sender, scratch, 0, length);
	}

	/** Own message to receivers, in the sender's name: C programs listen to no other. Always in the clear. */
	sendDown(now: number, func: MessageType, encode: Encode, to: Endpoint = this.terms.privateGroup): void {
		const { scratch } = this.node;
		const bodyBytes = encode(scratch, HEADER_BYTES, now);
		const { senderId } = this.terms;
		this.#writeHeader(func, { sequence: 0, sourceId: senderId, grtt: this.grttByte, groupSize: this.groupSizeByte });
		assert(HEADER_BYTES + bodyBytes <= scratch.length, 'a message fits into a datagram');
		this.#push(to, scratch, 0, HEADER_BYTES + bodyBytes);
	}

	/** What the sender or a receiver sent, as it stands, in memory that may change. */
	forward(to: Endpoint, bytes: Uint8Array, at: number, length: number): void {
		assert(length > 0 && at + length <= bytes.length, 'a datagram lies within its memory');
		if (to === this.terms.sender) this.totals.messagesOut++;
		else this.totals.datagramsDown++;
		if (to === this.terms.sender) this.node.counters.datagramsUp++;
		else this.node.counters.datagramsDown++;
		this.#push(to, bytes, at, length);
	}

	/** Ends the session for one receiver, in the form that receivers of both kinds take. */
	abortReceiver(now: number, receiverId: number, message: string, to?: Endpoint): void {
		const abort = { currentFileOnly: false, host: receiverId, message };
		this.sendDown(now, MessageType.ABORT, (bytes, at) => encodeAbort(bytes, at, abort), to);
	}

	/** Tells the sender that a receiver has left (host: its id), or the proxy with all of them (host 0). */
	abortUp(now: number, host: number, message: string): void {
		const abort = { currentFileOnly: false, host, message };
		this.sendUp(now, MessageType.ABORT, (bytes, at) => encodeAbort(bytes, at, abort));
	}

	#writeHeader(func: MessageType, source: Omit<CommonHeader, 'func' | 'groupId' | 'groupInstance'>): void {
		const { groupId, groupInstance } = this.terms;
		writeHeader(this.node.scratch, 0, { func, groupId, groupInstance, ...source });
	}

	#push(to: Endpoint, bytes: Uint8Array, at: number, length: number): void {
		if (!this.node.queue.push(to, bytes.slice(at, at + length))) this.node.counters.drop('queue-full');
	}
}

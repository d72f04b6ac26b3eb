/** What the phases of one receiving session share: who it is with, its clockwork, and the node around it. */
import { addressFamily, FILESEG_HEADER_BYTES, FILESEG_TFMCC_HEADER_BYTES, MAX_ROBUST } from '@uftp/wire';
import { assert, fail } from '../assert.ts';
import type { ReceiverEvent, ReceiverProblem } from '../events.ts';
import { ANSWER_BYTES_PER_BYTE, LATE_PACKETS_MAX, SESSION_WARNINGS_MAX } from '../limits.ts';
import type { CompleteStatus, FileDecision } from '../ports.ts';
import type { Problem } from '../problem.ts';
import type { ReceiverConfig } from '../receiver-config.ts';
import { advertisedGrttMs, answerWindowMs, isNewGrtt, silenceMs } from '../shared/grtt.ts';
import type { HeldTimestamp } from '../shared/held-timestamp.ts';
import { SenderHosts } from '../shared/sender-hosts.ts';
import { sequenceAhead } from '../shared/sequence.ts';
import { NEVER, TimerTable } from '../timers.ts';
import type { KnownSenders } from './announce/known-senders.ts';
import type { Answer, AnswerQueue, SessionLink } from './answers.ts';
import { Congestion } from './congestion.ts';
import type { Counters } from './counters.ts';
import type { BitmapBudget } from './files/received-blocks.ts';
import type { HoldOff } from './hold-off.ts';
import type { ResponseProxy } from './proxied/response-proxy.ts';
import type { Requests } from './requests.ts';

/** Who is told what the shell decided about an open file: the session that the file belongs to. */
export interface FileOwner {
	readonly groupId: number;
	fileDecided(now: number, handle: number, decision: FileDecision): void;
	fileStored(now: number, handle: number, status: CompleteStatus | undefined): void;
	fileRejected(now: number, handle: number, reason: string): void;
}

/** What all sessions of a node share. */
export interface NodeServices {
	readonly config: ReceiverConfig;
	readonly answers: AnswerQueue;
	readonly counters: Counters;
	readonly budget: BitmapBudget;
	readonly holdOff: HoldOff;
	readonly responseProxy: ResponseProxy;
	readonly requests: Requests;
	readonly knownSenders: KnownSenders;
	/** Owners of the open files, by handle. */
	readonly handles: Map<number, FileOwner>;
	newHandle(): number;
	emit(event: ReceiverEvent): void;
}

/** What the ANNOUNCE said. */
export interface SessionTerms {
	readonly robust: number;
	readonly blockBytes: number;
	readonly sync: boolean;
	readonly preview: boolean;
	readonly privateGroup: string | undefined;
	/** The private group is joined for this address only. */
	readonly source: string | undefined;
	readonly isOpenGroup: boolean;
	readonly announced: HeldTimestamp;
	/** TFMCC: the sender goes by what its receivers report. */
	readonly isCongestionControlled: boolean;
}

/** The timers of a session; the files' own hold-offs are with the files. */
export const SessionTimer = {
	/** Repeats REGISTER (until confirmed) or COMPLETE (until DONE_CONF). */
	Resend: 0,
	/** Ends that repeating: the registration has failed, or the session has ended well enough. */
	AnswerWindow: 1,
	/** Sends CLIENT_KEY, some time behind its REGISTER. */
	ClientKey: 2,
	/** Repeats REGISTER behind the loss of a response proxy. */
	Restate: 3,
} as const;

export type SessionOutcome = Extract<ReceiverEvent, { kind: 'sessionEnded' }>['outcome'];

/** `registering` until confirmed, `active` between and during files, `completing` after DONE(0), then `ended`. */
export type SessionPhase = 'registering' | 'active' | 'completing' | 'ended';

/** Why a session is over; an `abort` says that the sender is told. */
export interface SessionEnd {
	readonly outcome: SessionOutcome;
	readonly reason: string;
	readonly tellsSender: boolean;
}

interface SessionStart {
	readonly link: SessionLink;
	readonly terms: SessionTerms;
	/** See `KnownSenders`. */
	readonly isKnown: boolean;
	readonly now: number;
	/** Of the ANNOUNCE, as is the length. */
	readonly grttByte: number;
	readonly sequence: number;
	readonly bytes: number;
}

export class SessionContext {
	readonly node: NodeServices;
	readonly link: SessionLink;
	readonly terms: SessionTerms;
	readonly timers = new TimerTable(4);
	/** Undefined in a session at a fixed rate. */
	readonly congestion: Congestion | undefined;
	phase: SessionPhase = 'registering';
	/** Set by whoever finds that the session is over; carried out at the end of the call. */
	end: SessionEnd | undefined;
	grttMs: number;
	groupSize: number;
	#grttByte: number;
	/** When the last packet of the sender came. */
	lastHeardAt: number;
	#highestSequence: number;
	/** Where its packets come from: those of nobody else are believed. */
	readonly senderHosts: SenderHosts;
	readonly #isKnown: boolean;
	/** When the time began in which an answer is repeated. */
	#windowFrom = 0;
	#announcesHeard = 0;
	/** Bytes that may still be sent to a sender that has not proved to be where its packets come from. */
	#creditBytes = 0;
	readonly #warnings = new Set<string>();

	constructor(node: NodeServices, { link, terms, isKnown, now, grttByte, sequence, bytes }: SessionStart) {
		this.node = node;
		this.link = link;
		this.#isKnown = isKnown;
		this.hearAnnounce(bytes);
		this.senderHosts = new SenderHosts(link.sender.host);
		this.terms = { ...terms, robust: Math.min(terms.robust, MAX_ROBUST) };
		this.#grttByte = grttByte;
		this.grttMs = advertisedGrttMs(grttByte);
		this.groupSize = 0;
		this.lastHeardAt = now;
		this.#highestSequence = sequence;
		if (terms.isCongestionControlled) {
			const { receiverId, instance } = node.config;
			const seed = instance[0] ^ Math.imul(instance[1], 0x9e3779b1) ^ link.groupId;
			const family = addressFamily(link.sender.host);
			const { grttMs, groupSize } = this;
			const { announced } = terms;
			this.congestion = new Congestion({ receiverId, seed, family, grttMs, announced, groupSize });
		}
	}

	/** The sender is known, or has answered in this session: it is where its packets say. */
	get isProved(): boolean {
		return this.#isKnown || this.phase !== 'registering';
	}

	/** An ANNOUNCE of so many bytes came: so much more may be sent to where it seems to come from. */
	hearAnnounce(bytes: number): void {
		assert(bytes > 0, 'an ANNOUNCE has bytes');
		this.#announcesHeard++;
		this.#creditBytes += bytes * ANSWER_BYTES_PER_BYTE;
	}

	/**
	 * Whether an answer of so many bytes is sent: a sender that has proved nothing, and may be somebody else's victim, gets
	 * a small multiple of what was heard. What goes to a response proxy goes to nobody who was named by a stranger.
	 */
	mayAnswer(bytes: number): boolean {
		if (this.isProved || this.link.proxy !== undefined) return true;
		assert(this.#creditBytes >= 0, 'no more is sent than there is credit for');
		if (this.#creditBytes < bytes) return false;
		this.#creditBytes -= bytes;
		return true;
	}

	/** Whether the sender is told why its session ends: that is long, and nothing for who was heard once. */
	get mayRefuse(): boolean {
		return this.isProved || this.#announcesHeard > 1;
	}

	/** Warns about one thing once in the session. */
	warnOnce(message: string, problem?: Problem<ReceiverProblem>): void {
		if (this.#warnings.has(message) || this.#warnings.size >= SESSION_WARNINGS_MAX) return;
		this.#warnings.add(message);
		this.node.emit({ kind: 'warning', message, ...(problem && { problem }) });
	}

	answer(answer: Answer): void {
		this.node.answers.push(this.link, answer);
	}

	finish(outcome: SessionOutcome, reason: string, tellsSender: boolean): void {
		assert(this.phase !== 'ended', 'a session ends once');
		this.end ??= { outcome, reason, tellsSender };
	}

	/**
	 * Notes a packet's sequence number; true when it is late (out of order). Nothing is dropped for it: at high rates
	 * 16 bits wrap several times a second, so a gap can look like the past.
	 */
	noteSequence(sequence: number): boolean {
		if (!(sequence >= 0 && sequence <= 0xffff)) fail('a sequence number has 16 bits');
		const ahead = sequenceAhead(sequence, this.#highestSequence);
		if (ahead <= 0 && ahead > -LATE_PACKETS_MAX) return true;
		this.#highestSequence = sequence;
		return false;
	}

	/** Takes over the advertised GRTT if it is a new one; returns by which factor running timers change. */
	adoptGrtt(now: number, grttByte: number): number {
		if (grttByte === this.#grttByte) return 1;
		this.#grttByte = grttByte;
		const advertisedMs = advertisedGrttMs(grttByte);
		if (!isNewGrtt(this.grttMs, advertisedMs)) return 1;
		const factor = advertisedMs / this.grttMs;
		assert(factor > 0 && factor < Number.POSITIVE_INFINITY, 'round trips take time');
		this.grttMs = advertisedMs;
		this.timers.rescale(SessionTimer.Resend, now, factor);
		// An answer may be on its way through proxies, which hold it as long as they did when they heard of this session:
		// the window becomes longer with the GRTT, but not shorter. It is reckoned from its start, as a GRTT that goes up
		// and down would extend it without end.
		if (factor > 1 && this.timers.isRunning(SessionTimer.AnswerWindow)) {
			const end = this.#windowFrom + this.answerWindowMs;
			this.timers.set(SessionTimer.AnswerWindow, Math.max(end, this.timers.deadline(SessionTimer.AnswerWindow)));
		}
		return factor;
	}

	/** From now on REGISTER or COMPLETE is repeated. */
	beginAnswerWindow(now: number): void {
		this.#windowFrom = now;
		this.timers.set(SessionTimer.AnswerWindow, now + this.answerWindowMs);
	}

	/** Bytes before the payload of a data packet; 0 where it comes sealed. */
	get clearHeaderBytes(): number {
		if (this.link.security !== undefined) return 0;
		return this.congestion === undefined ? FILESEG_HEADER_BYTES : FILESEG_TFMCC_HEADER_BYTES;
	}

	get resendMs(): number {
		return 4 * this.grttMs;
	}

	get answerWindowMs(): number {
		return answerWindowMs(this.terms.robust, this.grttMs);
	}

	/** Hold-off before missing blocks are reported. */
	holdOffMs(): number {
		assert(this.groupSize >= 0, 'a group has a size');
		return this.node.holdOff.delayMs(this.grttMs, this.groupSize);
	}

	/** Nothing came for as long as the protocol allows; a patient receiver may still wait. */
	isSilent(now: number): boolean {
		return now - this.lastHeardAt > silenceMs(this.terms.robust, this.grttMs);
	}

	/** When a silent sender is given up: never before the protocol's own time, nor before our grace. */
	get silenceDeadline(): number {
		if (this.phase !== 'active') return NEVER;
		assert(this.end === undefined, 'a session that has ended waits for nothing');
		const limitMs = Math.max(silenceMs(this.terms.robust, this.grttMs), this.node.config.graceMs);
		return this.lastHeardAt + limitMs;
	}
}

/**
 * The rate of a TFMCC sender (docs/protocol.md, section 10.1): follows the current limiting receiver (CLR), makes
 * whoever stands less the CLR, slows down when the CLR falls silent, and counts the feedback rounds.
 */
import { ROUND_GRTT } from './feedback-timer.ts';

/** Others hear of a rate that much lower than one that was reported: what differs less is not worth a report. */
const SUPPRESSION = 0.9;
/** After so many GRTT without the CLR the rate is halved with each CONG_CTRL. */
const SILENCE_GRTT = 4;
/** Nobody has answered for 2 * robust GRTT and for so long: nobody is there. */
const DEAF_MS_MIN = 5000;
/** A report that comes late makes up for at most so many GRTT of growth. */
const GROWTH_GRTT_MAX = 2;

export interface SendingRateOptions {
	/** Bytes of a full data packet, as the rate counts them. */
	readonly packetBytes: number;
	readonly robust: number;
	/** Bounds in bytes per second: 0 and Infinity for none. `initial` undefined: one packet per GRTT. */
	readonly minimum: number;
	readonly initial: number | undefined;
	readonly maximum: number;
}

/** What a receiver reports. */
export interface Report {
	/** The receiver knew its own round trip time; else it reckoned with the GRTT. */
	readonly hasRtt: boolean;
	/** It has not lost anything yet: its rate is twice what it gets. */
	readonly isSlowStart: boolean;
	readonly rateBytesPerSecond: number;
	/** As the sender knows it. */
	readonly rttMs: number;
}

export class SendingRate {
	readonly #options: SendingRateOptions;
	#rate: number;
	isSlowStart = true;
	/** The receiver that limits the rate. */
	clr: number | undefined;
	/** The feedback round: 16 bits. */
	round = 0;
	/** Receivers that stand more than this need not answer in this round. */
	feedbackBytesPerSecond = Number.POSITIVE_INFINITY;
	#roundEndsAt = Number.NaN;
	#clrHeardAt = 0;
	#anyHeardAt = 0;
	#grownAt = 0;

	constructor(options: SendingRateOptions, grttMs: number) {
		this.#options = options;
		this.#rate = 0;
		this.#set(options.initial ?? 0, grttMs);
	}

	get bytesPerSecond(): number {
		return this.#rate;
	}

	/** Before data has flowed the rate follows the GRTT, unless it was given. */
	restart(grttMs: number): void {
		if (this.#options.initial === undefined) this.#set(0, grttMs);
	}

	/** max(GRTT, time of a packet): what the headers carry. */
	advertisedGrttMs(grttMs: number): number {
		return Math.max(grttMs, (this.#options.packetBytes / this.#rate) * 1000);
	}

	/** Data begins to flow, or flows again: silence counts from now on. */
	resume(now: number): void {
		this.#clrHeardAt = now;
		this.#anyHeardAt = now;
		this.#grownAt = now;
	}

	/** Another receiver limits the rate from now on; undefined: whoever answers next. */
	choose(now: number, clr: number | undefined): void {
		this.clr = clr;
		this.#clrHeardAt = now;
	}

	/**
	 * A report of receiver `id`. `isStarved`: there was too little to send of late, so that what a receiver without losses
	 * got says nothing about what it could get.
	 */
	report(now: number, id: number, report: Report, grttMs: number, isStarved: boolean): void {
		this.#anyHeardAt = now;
		if (!report.isSlowStart) this.isSlowStart = false;
		let reported = report.rateBytesPerSecond;
		if (!report.hasRtt && !report.isSlowStart && report.rttMs > 0) {
			reported *= this.advertisedGrttMs(grttMs) / report.rttMs;
		}
		if (isStarved && report.isSlowStart) reported = Math.max(reported, this.#rate);
		if (id === this.clr) this.#follow(now, reported, grttMs);
		else this.#compare(now, id, reported, grttMs);
	}

	#follow(now: number, reported: number, grttMs: number): void {
		this.#clrHeardAt = now;
		const elapsedGrtt = Math.min(GROWTH_GRTT_MAX, (now - this.#grownAt) / grttMs);
		this.#grownAt = now;
		const most = this.#rate + elapsedGrtt * this.#packetPerGrtt(grttMs);
		this.#set(this.isSlowStart ? reported : Math.min(reported, most), grttMs);
	}

	#compare(now: number, id: number, reported: number, grttMs: number): void {
		this.feedbackBytesPerSecond = Math.min(this.feedbackBytesPerSecond, SUPPRESSION * reported);
		if (this.clr !== undefined && reported >= this.#rate) return;
		this.choose(now, id);
		this.#grownAt = now;
		this.#set(Math.min(this.#rate, reported), grttMs);
	}

	#packetPerGrtt(grttMs: number): number {
		return (this.#options.packetBytes / grttMs) * 1000;
	}

	#set(wanted: number, grttMs: number): void {
		this.#rate = this.bounded(wanted, grttMs);
	}

	/** A rate within the bounds: at least one packet per GRTT, the minimum, and at most the maximum. */
	bounded(bytesPerSecond: number, grttMs: number): number {
		const { minimum, maximum } = this.#options;
		return Math.min(maximum, Math.max(bytesPerSecond, minimum, this.#packetPerGrtt(grttMs)));
	}

	/** A CONG_CTRL is about to leave; true when a feedback round ends with it, and the GRTT is to be worked out anew. */
	tick(now: number, grttMs: number): boolean {
		const advertisedMs = this.advertisedGrttMs(grttMs);
		if (now - this.#clrHeardAt > SILENCE_GRTT * advertisedMs) this.#set(this.#rate / 2, grttMs);
		if (this.clr !== undefined && now - this.#clrHeardAt > this.#options.robust * advertisedMs) this.clr = undefined;
		const isFirst = Number.isNaN(this.#roundEndsAt);
		if (!isFirst && now < this.#roundEndsAt) return false;
		this.#roundEndsAt = now + ROUND_GRTT * advertisedMs;
		if (isFirst) return false;
		this.round = (this.round + 1) & 0xffff;
		this.feedbackBytesPerSecond = Number.POSITIVE_INFINITY;
		return true;
	}

	/** Nobody has answered for so long that nobody will. */
	isDeaf(now: number, grttMs: number): boolean {
		const limitMs = Math.max(DEAF_MS_MIN, 2 * this.#options.robust * this.advertisedGrttMs(grttMs));
		return now - this.#anyHeardAt > limitMs;
	}
}

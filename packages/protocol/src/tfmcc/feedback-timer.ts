/**
 * When a receiver that is not the CLR gives its feedback (docs/protocol.md, section 10.4): once per round, at a random
 * time that leaves the slowest of a large group a good chance to be first, and not at all when somebody slower has been
 * heard.
 */
import { sequenceAhead } from '../shared/sequence.ts';
import { Xorshift } from '../shared/xorshift.ts';
import { NEVER } from '../timers.ts';

const WARM_UP = 8;
/** Length of a feedback round. */
export const ROUND_GRTT = 6;

/** How long feedback waits: 6 GRTT * (1 + ln(u) / ln(n)), at least 0, for `u` in (0, 1] and `groupSize` n. */
export function feedbackDelayMs(u: number, grttMs: number, groupSize: number): number {
	if (groupSize <= 1) return 0;
	const share = 1 + Math.log(Math.max(Number.MIN_VALUE, u)) / Math.log(groupSize);
	return ROUND_GRTT * grttMs * Math.max(0, share);
}

/** What the receiver knows when it hears of a round. */
export interface OwnView {
	readonly isClr: boolean;
	readonly rateBytesPerSecond: number;
	readonly grttMs: number;
	/** Its own round trip time; 0 when it does not know it. */
	readonly rttMs: number;
	readonly groupSize: number;
}

export class FeedbackTimer {
	readonly #random: Xorshift;
	/** The round that was heard of last; -1: none. */
	round = -1;
	#deadline = NEVER;
	#rateAtRoundStart = 0;

	/** `seed`: any 32 bits; receivers with different seeds answer at different times. */
	constructor(seed: number) {
		this.#random = new Xorshift(seed);
		// It needs some rounds to leave small numbers.
		for (let i = 0; i < WARM_UP; i++) this.#random.next();
	}

	get deadline(): number {
		return this.#deadline;
	}

	/** The sender names round `round` and the rate below which it wants to hear of others. */
	hear(now: number, round: number, ccRateBytesPerSecond: number, own: OwnView): void {
		const isNew = this.round < 0 || sequenceAhead(round, this.round) > 0;
		if (!isNew && round !== this.round) return;
		if (isNew) {
			this.round = round;
			this.#rateAtRoundStart = own.rateBytesPerSecond;
			this.#deadline = own.isClr ? NEVER : now + feedbackDelayMs(this.#random.next(), own.grttMs, own.groupSize);
		}
		if (this.#deadline !== NEVER && this.#isSuppressed(ccRateBytesPerSecond, own)) this.#deadline = NEVER;
	}

	/** Somebody slower has been heard; but who is further away than the GRTT says has to tell that. */
	#isSuppressed(ccRateBytesPerSecond: number, own: OwnView): boolean {
		if (own.grttMs <= own.rttMs) return false;
		return ccRateBytesPerSecond < own.rateBytesPerSecond || ccRateBytesPerSecond < this.#rateAtRoundStart;
	}

	/** True, once, when it is time to answer. */
	takeDue(now: number): boolean {
		if (now < this.#deadline) return false;
		this.#deadline = NEVER;
		return true;
	}

	/** The CLR answers everything anyway. */
	stop(): void {
		this.#deadline = NEVER;
	}

	/** The GRTT has changed by `factor`: so does what is left of the wait. */
	rescale(now: number, factor: number): void {
		const left = this.#deadline - now;
		if (left > 0 && left !== NEVER) this.#deadline = now + left * factor;
	}
}

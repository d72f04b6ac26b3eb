/**
 * The round trips of the receivers that are present, as far as they are believed.
 *
 * A REGISTER alone proves nothing: anybody can send one, with a timestamp that makes the way look long, and so slow
 * every timer of the session down. So a receiver that has answered nothing but the announcement counts for at most
 * `UNPROVED_MS`, unless its round trip is no more than `OUTLIER` times the shortest: where all ways are long, or there is
 * one receiver only, each is believed at once. A slow receiver among fast ones is believed in full as soon as it has
 * answered a FILEINFO; until then the timers suffice for it, as no receiver is given up sooner than twice its own round
 * trip.
 */
import { assert } from '../../assert.ts';
import type { Member } from './members.ts';

const OUTLIER = 4;
/** With it, robust GRTT are a second, which no timer of a receiver falls below. */
const UNPROVED_MS = 50;

export class RoundTrips {
	/** The longest of those that have answered, of those that have not, and the shortest of all. */
	#longest = 0;
	#longestUnproved = 0;
	#shortest = Number.POSITIVE_INFINITY;
	/** The holder of one of them has left or changed. */
	#isStale = false;

	/** A receiver counts from now on. */
	add({ rttMs, hasAnswered }: Member): void {
		assert(rttMs >= 0, 'no round trip is negative');
		if (rttMs === 0) return;
		if (hasAnswered) this.#longest = Math.max(this.#longest, rttMs);
		else this.#longestUnproved = Math.max(this.#longestUnproved, rttMs);
		this.#shortest = Math.min(this.#shortest, rttMs);
	}

	/** A receiver does not count any more, or is about to change. */
	remove({ rttMs, hasAnswered }: Member): void {
		if (rttMs === 0) return;
		const longest = hasAnswered ? this.#longest : this.#longestUnproved;
		if (rttMs >= longest || rttMs <= this.#shortest) this.#isStale = true;
	}

	/** The longest round trip that is believed; 0 if none is known. `members`: all of them, looked at when need be. */
	longestMs(members: Iterable<Member>): number {
		if (this.#isStale) {
			this.#longest = 0;
			this.#longestUnproved = 0;
			this.#shortest = Number.POSITIVE_INFINITY;
			for (const member of members) if (member.isPresent) this.add(member);
			this.#isStale = false;
		}
		assert(
			this.#longest === 0 || this.#shortest <= this.#longest,
			'the shortest round trip is longer than the longest',
		);
		const believed = Math.min(this.#longestUnproved, Math.max(UNPROVED_MS, OUTLIER * this.#shortest));
		return Math.max(this.#longest, this.#longestUnproved === 0 ? 0 : believed);
	}

	/** Nobody who has proved it has a round trip as long as what is believed. */
	get isTentative(): boolean {
		return this.#longest === 0;
	}
}

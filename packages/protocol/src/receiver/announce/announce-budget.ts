/**
 * How many ANNOUNCEs of sessions that are not known yet a receiver looks at: they cost their sender nothing. Every host
 * has a share of its own, so that a flood from one does not use up what others need, and strangers together have less
 * than the senders that are known.
 */

import { assert } from '../../assert.ts';
import {
	ANNOUNCE_HOSTS_MAX,
	ANNOUNCES_PER_HOST_MAX,
	KNOWN_ANNOUNCES_MAX,
	UNPROVED_ANNOUNCES_MAX,
	UNPROVED_SESSIONS_MAX,
	UNPROVED_SESSIONS_PER_HOST_MAX,
} from '../../limits.ts';
import { Allowance } from '../../shared/allowance.ts';
import { forgetOldest } from './known-senders.ts';

const WINDOW_MS = 1000;

interface HostBudget {
	readonly announces: Allowance;
	readonly sessions: Allowance;
}

export class AnnounceBudget {
	/** The hosts that announced last. */
	readonly #hosts = new Map<number, HostBudget>();
	readonly #known = new Allowance(KNOWN_ANNOUNCES_MAX, WINDOW_MS);
	readonly #unproved = new Allowance(UNPROVED_ANNOUNCES_MAX, WINDOW_MS);
	readonly #sessions = new Allowance(UNPROVED_SESSIONS_MAX, WINDOW_MS);

	/** Whether one more ANNOUNCE from there is looked at. */
	mayLook(now: number, sourceKey: number, isKnown: boolean): boolean {
		if (!this.#hostOf(sourceKey).announces.take(now)) return false;
		return (isKnown ? this.#known : this.#unproved).take(now);
	}

	/** Whether one more session of a stranger may begin. */
	mayBegin(now: number, sourceKey: number): boolean {
		return this.#hostOf(sourceKey).sessions.take(now) && this.#sessions.take(now);
	}

	#hostOf(sourceKey: number): HostBudget {
		const known = this.#hosts.get(sourceKey);
		if (known !== undefined) return known;
		const host = {
			announces: new Allowance(ANNOUNCES_PER_HOST_MAX, WINDOW_MS),
			sessions: new Allowance(UNPROVED_SESSIONS_PER_HOST_MAX, WINDOW_MS),
		};
		this.#hosts.set(sourceKey, host);
		forgetOldest(this.#hosts, ANNOUNCE_HOSTS_MAX);
		assert(this.#hosts.size <= ANNOUNCE_HOSTS_MAX, 'a bounded number of hosts is counted');
		return host;
	}
}

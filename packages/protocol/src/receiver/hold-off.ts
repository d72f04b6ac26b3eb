/**
 * How long a receiver holds a report of missing blocks back, and how many it sends at once. C programs wait exactly one
 * GRTT; spread over the second half of it, and earlier in small groups, the reports of many receivers do not fall on
 * the sender in one instant, and few receivers do not make it wait for nothing.
 */
import { assert } from '../assert.ts';
import { STATUS_PER_ROUND_MAX, STATUS_PER_ROUND_MIN } from '../limits.ts';
import { Xorshift } from '../shared/xorshift.ts';

/** In groups of this size or more the whole GRTT is used; half of it in the smallest. */
const LARGE_GROUP = 100;
/** Reports that all receivers of a group together may send per GRTT, as far as each can know. */
const GROUP_STATUSES_PER_ROUND = 8192;

export class HoldOff {
	readonly #random: Xorshift;

	/** `seed`: any 32-bit number; receivers with different seeds answer at different times. */
	constructor(seed: number) {
		this.#random = new Xorshift(seed);
	}

	delayMs(grttMs: number, groupSize: number): number {
		assert(grttMs > 0 && groupSize >= 0, 'hold-offs follow from a round trip and a group');
		const spread = 0.5 + 0.5 * Math.min(1, groupSize / LARGE_GROUP);
		return grttMs * spread * (0.5 + 0.5 * this.#random.next());
	}

	statusesPerRound(groupSize: number): number {
		const share = Math.trunc(GROUP_STATUSES_PER_ROUND / Math.max(1, groupSize));
		return Math.min(STATUS_PER_ROUND_MAX, Math.max(STATUS_PER_ROUND_MIN, share));
	}
}

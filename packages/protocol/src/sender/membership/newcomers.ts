/**
 * Which of those that nobody expects may register now, in an open group. A flood of REGISTERs with ids and addresses that
 * are made up costs little then, and takes nobody's place: so many are let in at once each second; the others when they
 * repeat themselves from where they were, as every receiver does that is not confirmed. Those that are expected, or
 * listed with their key, need not pass here.
 */
import { hostKey } from '@uftp/wire';
import { assert } from '../../assert.ts';
import { NEWCOMERS_PER_SECOND, NEWCOMERS_REMEMBERED_MAX, ROSTER_MAX } from '../../limits.ts';
import type { Endpoint } from '../../ports.ts';
import { Allowance } from '../../shared/allowance.ts';

/** A repeat comes no sooner than the timers of a receiver allow; what comes at once is a copy that the network made. */
const REPEAT_MS_MIN = 5;
/** Those that are remembered are forgotten after this, and after once more at the latest. */
const GENERATION_MS = 3000;

interface Attempt {
	readonly host: number;
	readonly at: number;
}

export class Newcomers {
	/** Ids that need not pass here, and those of them that have not come yet: their places are kept. */
	readonly #expected: ReadonlySet<number>;
	readonly #missing: Set<number>;
	readonly #atOnce = new Allowance(NEWCOMERS_PER_SECOND, 1000);
	/** First attempts by id, of this generation and the one before. */
	#young = new Map<number, Attempt>();
	#old = new Map<number, Attempt>();
	#bornAt = Number.NEGATIVE_INFINITY;

	constructor(expected: readonly number[]) {
		this.#expected = new Set(expected);
		this.#missing = new Set(expected);
	}

	/** Whether the node with this id may be let in. */
	mayEnter(now: number, id: number, from: Endpoint): boolean {
		if (this.#expected.has(id)) return true;
		this.#age(now);
		assert(now >= this.#bornAt, 'time runs backwards');
		const host = hostKey(from.host);
		const first = this.#young.get(id) ?? this.#old.get(id);
		if (first !== undefined && first.host === host && now - first.at >= REPEAT_MS_MIN) return true;
		if (this.#atOnce.take(now)) return true;
		if (first?.host !== host) this.#young.set(id, { host, at: now });
		return false;
	}

	/** Whether the roster, which holds `size` nodes, has a place for the node with this id. */
	hasPlace(id: number, size: number): boolean {
		assert(size >= 0, 'a roster holds fewer nodes than none');
		return size + (this.#missing.has(id) ? 0 : this.#missing.size) < ROSTER_MAX;
	}

	/** A node is in the session. */
	came(id: number): void {
		this.#missing.delete(id);
	}

	#age(now: number): void {
		if (now - this.#bornAt < GENERATION_MS && this.#young.size < NEWCOMERS_REMEMBERED_MAX) return;
		this.#old = this.#young;
		this.#young = new Map();
		this.#bornAt = now;
		assert(this.#old.size <= NEWCOMERS_REMEMBERED_MAX, 'more newcomers are remembered than may be');
	}
}

/**
 * How long a proxy lets datagrams gather before it fetches them. A wake-up and a call for each destination cost as much
 * whether they carry one datagram or ten; a stream of data is therefore fetched some milliseconds at a time, anything
 * else at once.
 */

/** Fewer in one go are no stream: control messages are not held up. */
const DATAGRAMS_OF_A_STREAM = 2;
/** So many in one go share the cost of it well enough. */
const DATAGRAMS_WANTED = 16;
/** Small against a GRTT, whose least value is 10 ms by default, and against what the receive buffer holds. */
const REST_MS_MAX = 4;
/** A pause of the stream: what comes after it is fetched at once. */
const SILENCE_MS = 50;

import { assert } from '@uftp/protocol';
export class GatherPace {
	#restMs = 0;
	#lastMs = Number.NEGATIVE_INFINITY;

	/** After a turn that fetched so many datagrams: the milliseconds to rest, 0 for none. */
	after(nowMs: number, datagrams: number): number {
		if (datagrams === 0) return 0;
		const isStream = datagrams >= DATAGRAMS_OF_A_STREAM || (this.#restMs > 0 && nowMs - this.#lastMs < SILENCE_MS);
		assert(datagrams > 0 && nowMs >= this.#lastMs, 'turns follow each other');
		this.#lastMs = nowMs;
		if (!isStream) this.#restMs = 0;
		else if (datagrams < DATAGRAMS_WANTED) this.#restMs = Math.min(this.#restMs + 1, REST_MS_MAX);
		else if (datagrams >= 4 * DATAGRAMS_WANTED) this.#restMs = Math.max(this.#restMs - 1, 1);
		assert(this.#restMs >= 0 && this.#restMs <= REST_MS_MAX, 'a rest is short');
		return this.#restMs;
	}
}

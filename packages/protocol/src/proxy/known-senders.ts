/**
 * Senders that have been proved useful: somebody has answered a session of theirs. Theirs come first where sessions of
 * strangers take all places. Bounded; the one that was met longest ago is forgotten first.
 */
import { assert } from '../assert.ts';
import { KNOWN_SENDERS_MAX } from '../limits.ts';

export class KnownSenders {
	readonly #hostById = new Map<number, number>();

	/** `sourceKey`: the number of its host (`hostKey`). */
	add(senderId: number, sourceKey: number): void {
		assert(!Number.isNaN(sourceKey), 'a host has a number');
		this.#hostById.delete(senderId);
		this.#hostById.set(senderId, sourceKey);
		for (const oldest of this.#hostById.keys()) {
			if (this.#hostById.size <= KNOWN_SENDERS_MAX) return;
			this.#hostById.delete(oldest);
		}
	}

	/** Whether this id was last answered at this host. */
	has(senderId: number, sourceKey: number): boolean {
		return this.#hostById.get(senderId) === sourceKey;
	}
}

/** ANNOUNCEs of encrypted sessions that came before the response proxy had said its key: kept until it does. */
import { assert } from '../../assert.ts';
import { WAITING_ANNOUNCES_MAX } from '../../limits.ts';
import type { Endpoint } from '../../ports.ts';

export interface WaitingAnnounce {
	readonly from: Endpoint;
	readonly datagram: Uint8Array;
	readonly heardAt: number;
	/** After this time nobody registers any more. */
	readonly until: number;
	/** Of a sender that is known: those of strangers give way to it. */
	readonly isKnown: boolean;
}

export class WaitingAnnounces {
	/** By group id, oldest first. */
	#byGroup = new Map<number, WaitingAnnounce>();

	/** Keeps the newest ANNOUNCE of a session. When there are too many, the oldest of a stranger goes first. */
	add(groupId: number, announce: WaitingAnnounce): void {
		assert(announce.until >= announce.heardAt, 'an ANNOUNCE waits for a time');
		assert(this.#byGroup.size <= WAITING_ANNOUNCES_MAX, 'a bounded number of ANNOUNCEs waits');
		this.#byGroup.delete(groupId);
		this.#byGroup.set(groupId, announce);
		if (this.#byGroup.size <= WAITING_ANNOUNCES_MAX) return;
		for (const [oldest, { isKnown }] of this.#byGroup) {
			if (isKnown) continue;
			this.#byGroup.delete(oldest);
			return;
		}
		for (const oldest of this.#byGroup.keys()) {
			this.#byGroup.delete(oldest);
			return;
		}
	}

	/** All whose sessions are still young; none is kept. */
	take(now: number): readonly WaitingAnnounce[] {
		const waiting = [...this.#byGroup.values()].filter(({ until }) => now <= until);
		this.#byGroup = new Map();
		return waiting;
	}
}

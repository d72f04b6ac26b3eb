/** ANNOUNCEs of encrypted sessions that came before the response proxy had said its key: kept until it does. */

import { WAITING_ANNOUNCES_MAX } from '../../limits.ts';
import type { Endpoint } from '../../ports.ts';
import { silenceMs } from '../../shared/grtt.ts';

export interface WaitingAnnounce {
	readonly from: Endpoint;
	readonly datagram: Uint8Array;
	readonly heardAt: number;
	/** After this time nobody registers any more. */
	readonly until: number;
}

export class WaitingAnnounces {
	/** By group id, oldest first. */
	#byGroup = new Map<number, WaitingAnnounce>();

	/** Keeps the newest ANNOUNCE of a session. */
	add(
		now: number,
		groupId: number,
		from: Endpoint,
		clockwork: { readonly robust: number; readonly grttMs: number },
		datagram: Uint8Array,
	): void {
		this.#byGroup.delete(groupId);
		this.#byGroup.set(groupId, {
			from,
			datagram,
			heardAt: now,
			until: now + silenceMs(clockwork.robust, clockwork.grttMs),
		});
		if (this.#byGroup.size <= WAITING_ANNOUNCES_MAX) return;
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

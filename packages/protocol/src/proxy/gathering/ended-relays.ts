/** Sessions of a gathering proxy that are over: a late repeat of their ANNOUNCE starts nothing. */

import type { CommonHeader } from '@uftp/wire';
import { assert } from '../../assert.ts';
import type { Endpoint } from '../../ports.ts';
import { isSameEndpoint } from '../../shared/endpoints.ts';
import { ENDED_SESSION_MS, ENDED_SESSIONS_MAX } from './gathering-limits.ts';
import type { RelayTerms } from './relay-context.ts';

interface Ended {
	readonly terms: RelayTerms;
	/** When its sender was heard last. */
	heardAt: number;
	readonly endedAt: number;
}

/** A first packet that comes so long after the last one was not sent before it. */
const FIRST_PACKET_MS = 1000;

/**
 * Whether an ANNOUNCE is the first packet of another run of its sender. C senders draw the group id from the time and
 * their process id, so that programs started one after the other often repeat it; and behind a server proxy they all
 * come from one address.
 */
export function isFirstPacket(now: number, header: Readonly<CommonHeader>, heardAt: number): boolean {
	return header.sequence === 0 && now - heardAt > FIRST_PACKET_MS;
}

export class EndedRelays {
	/** By group id, oldest first. */
	readonly #sessions = new Map<number, Ended>();

	add(now: number, terms: RelayTerms, heardAt: number): void {
		assert(now >= heardAt, 'a session ends after its sender was heard');
		this.#sessions.delete(terms.groupId);
		this.#sessions.set(terms.groupId, { terms, heardAt, endedAt: now });
		for (const [groupId, { endedAt }] of this.#sessions) {
			if (this.#sessions.size <= ENDED_SESSIONS_MAX && now - endedAt < ENDED_SESSION_MS) break;
			this.#sessions.delete(groupId);
		}
	}

	/** Whether an ANNOUNCE belongs to a session that is over. */
	isOver(now: number, from: Endpoint, header: Readonly<CommonHeader>): boolean {
		const ended = this.#sessions.get(header.groupId);
		if (ended === undefined || now - ended.endedAt >= ENDED_SESSION_MS) return false;
		const { terms, heardAt } = ended;
		if (terms.senderId !== header.sourceId || header.groupInstance > terms.groupInstance) return false;
		if (!isSameEndpoint(terms.sender, from)) return false;
		if (isFirstPacket(now, header, heardAt)) return false;
		assert(now >= ended.endedAt, 'time does not run backwards');
		ended.heardAt = now;
		return true;
	}
}

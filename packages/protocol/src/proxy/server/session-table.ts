/** The sessions of a server proxy, by group id and by the number of the way to their sender. */
import type { Endpoint } from '../../ports.ts';
import type { RelayedSession } from './relayed-session.ts';
import { ENDED_GIVES_WAY_MS, SILENT_GIVES_WAY_MS } from './server-limits.ts';

const NOBODY: readonly Endpoint[] = [];

export class SessionTable {
	readonly #sessionsMax: number;
	readonly #byGroup = new Map<number, RelayedSession>();
	/** The session that is asked for most: the map is asked only when it changes. */
	#hot: RelayedSession | undefined;
	readonly #slots: (RelayedSession | undefined)[] = [];
	readonly #slotOf = new Map<RelayedSession, number>();
	/** The longest unused first, so that a way is not another's soon after. */
	readonly #freeSlots: number[] = [];

	constructor(sessionsMax: number) {
		this.#sessionsMax = sessionsMax;
	}

	get size(): number {
		return this.#byGroup.size;
	}

	all(): IterableIterator<RelayedSession> {
		return this.#byGroup.values();
	}

	/** Hot. */
	get(groupId: number): RelayedSession | undefined {
		const hot = this.#hot;
		if (hot !== undefined && hot.groupId === groupId) return hot;
		const session = this.#byGroup.get(groupId);
		if (session !== undefined) this.#hot = session;
		return session;
	}

	/** Number of the session's place, from 0: it has it until it is removed. */
	slotOf(session: RelayedSession): number {
		return this.#slotOf.get(session) ?? -1;
	}

	/** Where upstream datagrams of the session in this place go. */
	upstream(slot: number): readonly Endpoint[] {
		return this.#slots[slot]?.upstream ?? NOBODY;
	}

	/** There must be room: see `whoGivesWay`. */
	add(session: RelayedSession): void {
		const slot = this.#freeSlots.shift() ?? this.#slots.length;
		this.#slots[slot] = session;
		this.#slotOf.set(session, slot);
		this.#byGroup.set(session.groupId, session);
	}

	remove(session: RelayedSession): void {
		const slot = this.slotOf(session);
		if (slot < 0) return;
		this.#slots[slot] = undefined;
		this.#slotOf.delete(session);
		this.#freeSlots.push(slot);
		this.#byGroup.delete(session.groupId);
		if (this.#hot === session) this.#hot = undefined;
	}

	get isFull(): boolean {
		return this.#byGroup.size >= this.#sessionsMax;
	}

	/** The session that a new one may take the place of; undefined when all of them are alive, or may soon be. */
	whoGivesWay(now: number): RelayedSession | undefined {
		for (const session of this.all()) {
			const silentMs = now - session.heardAt;
			if (session.outcome.outcome !== 'silent' && silentMs >= ENDED_GIVES_WAY_MS) return session;
			if (session.isUnanswered(now) || silentMs >= SILENT_GIVES_WAY_MS) return session;
		}
		return undefined;
	}
}

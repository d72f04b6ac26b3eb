/** The sessions of a receiving node that are under way, by group id, and how one of them leaves. */
import { assert } from '../assert.ts';
import type { Containment } from '../shared/containment.ts';
import type { EndedSessions } from './ended-sessions.ts';
import type { ReceiverSession } from './session.ts';
import type { SessionOutcome } from './session-context.ts';

export class SessionTable {
	readonly #byGroup = new Map<number, ReceiverSession>();
	readonly #ended: EndedSessions;
	/** The session that data is coming for: the map is asked only when it changes. */
	hot: ReceiverSession | undefined;
	/** Whose fault it is what is thrown. */
	readonly containment: Containment<ReceiverSession>;

	constructor(ended: EndedSessions, containment: Containment<ReceiverSession>) {
		this.#ended = ended;
		this.containment = containment;
	}

	get size(): number {
		return this.#byGroup.size;
	}

	get(groupId: number): ReceiverSession | undefined {
		return this.#byGroup.get(groupId);
	}

	/** The session of a data packet. Hot. */
	forData(groupId: number): ReceiverSession | undefined {
		const { hot } = this;
		return hot !== undefined && hot.context.link.groupId === groupId ? hot : this.#byGroup.get(groupId);
	}

	all(): IterableIterator<ReceiverSession> {
		return this.#byGroup.values();
	}

	add(session: ReceiverSession): void {
		const { groupId } = session.context.link;
		assert(!this.#byGroup.has(groupId), 'one session for each group id');
		this.#ended.forget(groupId);
		this.containment.forget(groupId);
		this.#byGroup.set(groupId, session);
	}

	/** After everything that can end a session: one that is over is remembered for late questions. */
	settle(now: number, session: ReceiverSession | undefined): void {
		if (session === undefined) return;
		const { end } = session.context;
		if (end === undefined || !session.settle()) return;
		this.#remove(now, session, end.outcome);
	}

	/** A session that has failed in the middle of something: whatever state it is in, it goes. */
	expel(now: number, session: ReceiverSession): void {
		this.#remove(now, session, 'internal');
	}

	#remove(now: number, session: ReceiverSession, outcome: SessionOutcome): void {
		const { link } = session.context;
		if (this.#byGroup.get(link.groupId) === session) this.#byGroup.delete(link.groupId);
		if (this.hot === session) this.hot = undefined;
		this.#ended.add(now, link, outcome, session.files.finished);
	}
}

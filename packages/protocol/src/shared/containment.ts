/**
 * Faults of this program in a node that holds several sessions: what is thrown while one of them acts ends that one
 * alone. What is thrown while none acts concerns the node, which forgets the input that led to it and goes on.
 */
import { assert, fail } from '../assert.ts';
import type { DropReason } from '../drop-reason.ts';
import { FAILED_SESSIONS_MAX } from '../limits.ts';

export interface ContainedSession {
	readonly groupId: number;
}

export interface ContainmentParts<Session extends ContainedSession> {
	readonly counters: { drop(reason: DropReason): void };
	readonly requests: { fault(groupId: number | undefined, error: unknown): boolean };
	/** The session with this group id, as long as it is under way. */
	readonly find: (groupId: number) => Session | undefined;
	/** Ends a session as `internal`: it is out of all tables afterwards, whatever is thrown meanwhile. */
	readonly end: (now: number, session: Session) => void;
}

export class Containment<Session extends ContainedSession> {
	readonly #parts: ContainmentParts<Session>;
	/** The session that acts at present. */
	acting: Session | undefined;
	#now = Number.NEGATIVE_INFINITY;
	/** Group ids of sessions that a fault has ended, oldest first: what the shell says of them later is no news. */
	readonly #failed = new Set<number>();

	constructor(parts: ContainmentParts<Session>) {
		this.#parts = parts;
	}

	/** At the start of every call from outside. Hot. */
	begin(now: number): void {
		if (!(now >= this.#now)) fail('time does not run backwards');
		this.#now = now;
		this.acting = undefined;
	}

	/** Lets a session act. Allocates: not for the path of what is forwarded. */
	call(now: number, session: Session | undefined, act: () => void): void {
		assert(this.acting === undefined, 'one session acts at a time');
		this.acting = session;
		try {
			act();
		} catch (error) {
			this.fault(now, error);
		}
		this.acting = undefined;
	}

	/** What was thrown is put down to the session that acts. */
	fault(now: number, error: unknown): void {
		const session = this.acting;
		this.acting = undefined;
		this.#parts.counters.drop('internal-error');
		this.#end(now, session?.groupId, session, error);
	}

	/** The shell has failed while it acted for a session. */
	fail(now: number, groupId: number, error: unknown): void {
		this.begin(now);
		const session = this.#parts.find(groupId);
		if (session === undefined && this.#failed.has(groupId)) return;
		this.#end(now, groupId, session, error);
	}

	/** A session begins: faults of another one with the same group id are forgotten. */
	forget(groupId: number): void {
		this.#failed.delete(groupId);
	}

	#end(now: number, groupId: number | undefined, session: Session | undefined, error: unknown): void {
		const { counters, requests, find, end } = this.#parts;
		if (session !== undefined && find(session.groupId) === session) {
			try {
				end(now, session);
			} catch {
				counters.drop('internal-error');
			}
			assert(find(session.groupId) !== session, 'a session that has failed is out of the tables');
		}
		if (groupId !== undefined) {
			this.#failed.add(groupId);
			for (const oldest of this.#failed) {
				if (this.#failed.size <= FAILED_SESSIONS_MAX) break;
				this.#failed.delete(oldest);
			}
		}
		if (!requests.fault(groupId, error)) counters.drop('event-queue-full');
	}
}

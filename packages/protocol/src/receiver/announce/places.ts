/**
 * The places of a receiver's sessions, and who gives way when they are taken. Confirmed sessions keep theirs. Of those
 * that no sender has confirmed yet, strangers' hold a share of the places only, give way to known senders at once, and
 * to a stranger from another host when their own host holds more of them.
 */
import { assert } from '../../assert.ts';
import { UNCONFIRMED_MS_MIN, UNCONFIRMED_PER_HOST_MAX } from '../../limits.ts';
import type { ReceiverSession } from '../session.ts';
import type { SessionTable } from '../session-table.ts';

/** Of all places, for sessions of strangers that are not confirmed; where there are few places, all of them. */
const UNPROVED_SHARE = 0.5;
const UNPROVED_MIN = 8;

export class Places {
	readonly #sessions: SessionTable;
	readonly #sessionsMax: number;
	readonly #unprovedMax: number;

	constructor(sessions: SessionTable, sessionsMax: number) {
		assert(sessionsMax >= 1, 'a receiver has room for a session');
		this.#sessions = sessions;
		this.#sessionsMax = sessionsMax;
		this.#unprovedMax = Math.max(UNPROVED_MIN, Math.ceil(sessionsMax * UNPROVED_SHARE));
	}

	/** Whether there is a place for a session that is announced from this host; ends another one if need be. */
	make(now: number, sourceKey: number, isKnown: boolean): boolean {
		assert(this.#sessions.size <= this.#sessionsMax, 'no more sessions than places');
		const unproved = this.#unproved();
		const isFull = this.#sessions.size >= this.#sessionsMax;
		if (isKnown) {
			return !isFull || this.#giveWay(now, oldestOf(greediest(unproved))) || this.#giveWay(now, this.#unanswered(now));
		}
		const own = unproved.get(sourceKey) ?? [];
		if (own.length >= UNCONFIRMED_PER_HOST_MAX) return this.#giveWay(now, aged(now, own));
		if (!isFull && countOf(unproved) < this.#unprovedMax) return true;
		const most = greediest(unproved);
		if (most.length > own.length + 1) return this.#giveWay(now, oldestOf(most));
		return this.#giveWay(now, aged(now, [...unproved.values()].flat()));
	}

	/** Sessions of strangers that nobody has confirmed, by the host that they were announced from, oldest first. */
	#unproved(): Map<number, ReceiverSession[]> {
		const byHost = new Map<number, ReceiverSession[]>();
		for (const session of this.#sessions.all()) {
			const { context } = session;
			if (context.isProved) continue;
			const { announcer } = context.senderHosts;
			const ofHost = byHost.get(announcer);
			if (ofHost === undefined) byHost.set(announcer, [session]);
			else ofHost.push(session);
		}
		return byHost;
	}

	/** A session, whosever, that has waited long for its sender's confirmation. */
	#unanswered(now: number): ReceiverSession | undefined {
		const registering = [...this.#sessions.all()].filter(({ context }) => context.phase === 'registering');
		return aged(now, registering);
	}

	#giveWay(now: number, session: ReceiverSession | undefined): boolean {
		if (session === undefined) return false;
		const { context } = session;
		assert(context.phase === 'registering', 'only a session that nobody has confirmed gives way');
		this.#sessions.containment.acting = session;
		context.finish('unconfirmed', 'Registration unconfirmed, and its place is needed', context.mayRefuse);
		this.#sessions.settle(now, session);
		this.#sessions.containment.acting = undefined;
		return true;
	}
}

/** The oldest of the sessions, if it has waited long enough for its sender's confirmation. */
function aged(now: number, sessions: readonly ReceiverSession[]): ReceiverSession | undefined {
	return sessions.find(({ context }) => now - context.terms.announced.heardAt >= UNCONFIRMED_MS_MIN);
}

function greediest(byHost: ReadonlyMap<number, readonly ReceiverSession[]>): readonly ReceiverSession[] {
	let most: readonly ReceiverSession[] = [];
	for (const sessions of byHost.values()) if (sessions.length > most.length) most = sessions;
	return most;
}

function oldestOf(sessions: readonly ReceiverSession[]): ReceiverSession | undefined {
	return sessions[0];
}

function countOf(byHost: ReadonlyMap<number, readonly ReceiverSession[]>): number {
	let count = 0;
	for (const sessions of byHost.values()) count += sessions.length;
	return count;
}

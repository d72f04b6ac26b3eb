/** The sessions of a gathering proxy, and the ways to their groups. */
import { assert } from '../../assert.ts';
import type { Endpoint } from '../../ports.ts';
import { NEVER } from '../../timers.ts';
import { EndedRelays } from './ended-relays.ts';
import { UNJOINED_MS_MIN } from './gathering-limits.ts';
import { RelayContext, type RelayNode, type RelayTerms } from './relay-context.ts';
import { RelaySession } from './relay-session.ts';

/** Private and public group. */
const WAYS = 2;
const NOWHERE: readonly Endpoint[] = [];

export class RelayTable {
	readonly #node: RelayNode;
	readonly #sessions = new Map<number, RelaySession>();
	/** By way. */
	readonly #destinations: (readonly Endpoint[])[] = [];
	readonly #freeWays: number[] = [];
	readonly ended = new EndedRelays();

	constructor(node: RelayNode) {
		this.#node = node;
	}

	get(groupId: number): RelaySession | undefined {
		return this.#sessions.get(groupId);
	}

	get size(): number {
		return this.#sessions.size;
	}

	/** A copy: sessions may end while it is walked through. */
	all(): readonly RelaySession[] {
		return [...this.#sessions.values()];
	}

	/** When the next session has something to do. */
	get deadline(): number {
		let earliest = NEVER;
		for (const session of this.#sessions.values()) earliest = Math.min(earliest, session.deadline);
		return earliest;
	}

	destinations(way: number): readonly Endpoint[] {
		return this.#destinations[way] ?? NOWHERE;
	}

	start(now: number, terms: RelayTerms, grttByte: number): void {
		const way = this.#freeWays.pop() ?? this.#destinations.length;
		assert(way % WAYS === 0, 'each session has its own ways');
		this.#destinations[way] = [terms.privateGroup];
		this.#destinations[way + 1] = [terms.publicGroup];
		const session = new RelaySession(new RelayContext(this.#node, terms, way, now, grttByte));
		assert(!this.#sessions.has(terms.groupId), 'a session begins after the end of the one before');
		this.#sessions.set(terms.groupId, session);
		assert(this.#sessions.size <= this.#node.config.sessionsMax, 'a session begins where there is room');
		this.#announceStart(terms);
	}

	#announceStart(terms: RelayTerms): void {
		const { groupId, groupInstance, senderId, sender, security } = terms;
		const { config, reports, requests, containment } = this.#node;
		containment.forget(groupId);
		reports.forgetIgnored(groupId);
		const isJoined = config.kind === 'response';
		const isSourceSpecific = isJoined && config.security?.sourceSpecific === true;
		if (isJoined) requests.join(groupId, terms.privateGroup.host, isSourceSpecific ? sender.host : undefined);
		reports.emit({
			kind: 'sessionStarted',
			groupId,
			groupInstance,
			senderId,
			sender,
			privateGroup: isJoined ? terms.privateGroup.host : undefined,
			...(security === undefined ? {} : { security: security.facts }),
			isEncrypted: security !== undefined,
		});
	}

	/**
	 * False when every place is taken by a session that somebody has joined, or may soon. Those of strangers that nobody
	 * has joined give way to known senders at once.
	 */
	makeRoom(now: number, isKnownSender: boolean): boolean {
		if (this.#sessions.size < this.#node.config.sessionsMax) return true;
		for (const session of this.#sessions.values()) {
			const { receivers, terms } = session.context;
			if (receivers.size > 0) continue;
			const mayBeJoined = now - terms.announced.heardAt < UNJOINED_MS_MIN;
			if (mayBeJoined && (!isKnownSender || terms.isOfKnownSender)) continue;
			session.context.finish('silent', 'No receiver has joined it, and its place is needed');
			this.settle(now, session);
			return true;
		}
		return false;
	}

	/** Ends a session in which this program has failed; those who take part are told if that can still be done. */
	expel(now: number, session: RelaySession): void {
		const reason = 'This program has failed';
		session.context.end = { outcome: 'internal', reason };
		try {
			session.tellAborted(now, reason);
		} catch {
			this.#node.counters.drop('internal-error');
		}
		this.settle(now, session);
	}

	/** After everything that can end a session. */
	settle(now: number, session: RelaySession): void {
		const { end, terms, way, totals, heardAt } = session.context;
		if (end === undefined || this.#sessions.get(terms.groupId) !== session) return;
		this.#sessions.delete(terms.groupId);
		assert(way >= 0 && way + WAYS <= this.#destinations.length, 'the ways of a session exist');
		for (let i = 0; i < WAYS; i++) this.#destinations[way + i] = NOWHERE;
		assert(!this.#freeWays.includes(way), 'a way is given back once');
		this.#freeWays.push(way);
		this.#node.requests.leave(terms.groupId);
		if (end.outcome !== 'silent') this.ended.add(now, terms, heardAt);
		this.#node.reports.emit({
			kind: 'sessionEnded',
			groupId: terms.groupId,
			senderId: terms.senderId,
			outcome: end.outcome,
			reason: end.reason,
			privateGroup: this.#node.config.kind === 'response' ? terms.privateGroup.host : undefined,
			totals: { ...totals },
		});
	}
}

/**
 * The sessions of a server proxy, by group id and by the number of the way to their sender. Its moves report themselves:
 * what begins is reported and joined, what ends is reported and left.
 */
import { assert } from '../../assert.ts';
import type { Endpoint } from '../../ports.ts';
import type { Reports } from '../../reports.ts';
import type { Containment } from '../../shared/containment.ts';
import type { KnownSenders } from '../known-senders.ts';
import type { ServerProxyConfig } from '../proxy-config.ts';
import type { ProxyCounters } from '../proxy-counters.ts';
import type { ProxyEvent, ProxyOutcome } from '../proxy-events.ts';
import type { ProxyRequests } from '../proxy-requests.ts';
import type { RelayedSession } from './relayed-session.ts';
import { ENDED_GIVES_WAY_MS, SILENT_GIVES_WAY_MS } from './server-limits.ts';

const NOWHERE: readonly Endpoint[] = [];

/** What the parts of a server proxy share. */
export interface ServerNode {
	readonly config: ServerProxyConfig;
	readonly counters: ProxyCounters;
	readonly reports: Reports<ProxyEvent>;
	readonly requests: ProxyRequests;
	readonly containment: Containment<RelayedSession>;
	readonly knownSenders: KnownSenders;
}

export class SessionTable {
	readonly #node: ServerNode;
	readonly #byGroup = new Map<number, RelayedSession>();
	/** The session that is asked for most: the map is asked only when it changes. */
	#hot: RelayedSession | undefined;
	readonly #slots: (RelayedSession | undefined)[] = [];
	readonly #slotOf = new Map<RelayedSession, number>();
	/** The longest unused first, so that a way is not another's soon after. */
	readonly #freeSlots: number[] = [];

	constructor(node: ServerNode) {
		this.#node = node;
	}

	get size(): number {
		return this.#byGroup.size;
	}

	/** Sessions may be removed while they are walked through. */
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

	/** Number of the session's place, from 0: it has it until it ends. */
	slotOf(session: RelayedSession): number {
		return this.#slotOf.get(session) ?? -1;
	}

	/** Where upstream datagrams of the session in this place go. */
	upstream(slot: number): readonly Endpoint[] {
		assert(slot >= 0 && slot < this.#slots.length, 'a way leads to a session that was there');
		return this.#slots[slot]?.upstream ?? NOWHERE;
	}

	/** There must be room: see `whoGivesWay`. */
	start(session: RelayedSession): void {
		const { groupId, groupInstance, senderId, sender, privateGroup, isEncrypted } = session;
		assert(this.#byGroup.size < this.#node.config.sessionsMax, 'a session begins where there is room');
		assert(!this.#byGroup.has(groupId), 'a session begins after the end of the one before');
		const slot = this.#freeSlots.shift() ?? this.#slots.length;
		assert(this.#slots[slot] === undefined, 'a free place is free');
		this.#slots[slot] = session;
		this.#slotOf.set(session, slot);
		this.#byGroup.set(groupId, session);
		const { config, containment, reports, requests } = this.#node;
		containment.forget(groupId);
		reports.forgetIgnored(groupId);
		const source = config.security?.sourceSpecific === true ? sender.host : undefined;
		if (privateGroup !== undefined) requests.join(groupId, privateGroup, source);
		reports.emit({
			...{ kind: 'sessionStarted', groupId, groupInstance, senderId, sender, privateGroup, isEncrypted },
		});
	}

	/** Ends a session that is under way. */
	end(session: RelayedSession, outcome: ProxyOutcome, reason: string): void {
		const slot = this.slotOf(session);
		assert(slot >= 0 && this.#slots[slot] === session, 'a session ends once');
		this.#slots[slot] = undefined;
		this.#slotOf.delete(session);
		this.#freeSlots.push(slot);
		this.#byGroup.delete(session.groupId);
		if (this.#hot === session) this.#hot = undefined;
		assert(this.#byGroup.size === this.#slotOf.size, 'every session has one place');
		const { groupId, senderId, privateGroup, totals } = session;
		this.#node.requests.leave(groupId);
		this.#node.reports.emit({ kind: 'sessionEnded', groupId, senderId, outcome, reason, privateGroup, totals });
	}

	get isFull(): boolean {
		return this.#byGroup.size >= this.#node.config.sessionsMax;
	}

	/**
	 * The session that a new one may take the place of; undefined when all of them are alive, or may soon be. Sessions of
	 * strangers that no site has answered yet give way to those of known senders at once.
	 */
	whoGivesWay(now: number, isKnownSender: boolean): RelayedSession | undefined {
		let stranger: RelayedSession | undefined;
		for (const session of this.all()) {
			const silentMs = now - session.heardAt;
			if (session.outcome.outcome !== 'silent' && silentMs >= ENDED_GIVES_WAY_MS) return session;
			if (session.isUnanswered(now) || silentMs >= SILENT_GIVES_WAY_MS) return session;
			if (session.datagramsUp === 0 && !session.isOfKnownSender) stranger ??= session;
		}
		return isKnownSender ? stranger : undefined;
	}
}

/** What a node tells its shell, and how often: floods of bad datagrams and refusals stay quiet. */
import type { DropReason } from './drop-reason.ts';
import { DROPPED_EVENT_MS, EVENTS_MAX, IGNORED_EVENTS_MAX, IGNORED_GROUPS_MAX } from './limits.ts';
import type { Endpoint } from './ports.ts';
import { Allowance } from './shared/allowance.ts';
import { NEVER } from './timers.ts';

/** What every kind of node says of datagrams that it does not use. */
type Unused =
	| { readonly kind: 'dropped'; readonly reason: DropReason; readonly from: Endpoint }
	| {
			readonly kind: 'announceIgnored';
			readonly groupId: number;
			readonly senderId: number;
			readonly reason: string;
	  };

/** The events of one node, `Event` being what it says besides. */
export class Reports<Event> {
	readonly #counters: { drop(reason: DropReason): void };
	#events: (Event | Unused)[] = [];
	#nextEvent = 0;
	/** Groups whose refusal has been reported, oldest first. */
	readonly #ignoredGroups = new Set<number>();
	readonly #ignoredReports = new Allowance(IGNORED_EVENTS_MAX, DROPPED_EVENT_MS);
	/** When a dropped datagram was last reported, by reason. */
	readonly #droppedAt = new Map<DropReason, number>();

	/** `counters`: where every dropped datagram is counted. */
	constructor(counters: { drop(reason: DropReason): void }) {
		this.#counters = counters;
	}

	poll(): Event | Unused | undefined {
		if (this.#nextEvent === this.#events.length) return undefined;
		const event = this.#events[this.#nextEvent++];
		if (this.#nextEvent === this.#events.length) {
			this.#events = [];
			this.#nextEvent = 0;
		}
		return event;
	}

	readonly emit = (event: Event | Unused): void => {
		if (this.#events.length - this.#nextEvent < EVENTS_MAX) this.#events.push(event);
		else this.#counters.drop('event-queue-full');
	};

	/** Counts a datagram that cannot be used; the event is not repeated for a while. */
	drop(now: number, reason: DropReason, from: Endpoint): void {
		this.#counters.drop(reason);
		if (now - (this.#droppedAt.get(reason) ?? -NEVER) < DROPPED_EVENT_MS) return;
		this.#droppedAt.set(reason, now);
		this.emit({ kind: 'dropped', reason, from });
	}

	/** An announcement is not taken: said once per group. */
	ignore(now: number, groupId: number, senderId: number, reason: string): void {
		this.#counters.drop('announce-ignored');
		if (this.#ignoredGroups.has(groupId) || !this.#ignoredReports.take(now)) return;
		this.#ignoredGroups.add(groupId);
		if (this.#ignoredGroups.size > IGNORED_GROUPS_MAX) {
			for (const oldest of this.#ignoredGroups) {
				this.#ignoredGroups.delete(oldest);
				break;
			}
		}
		this.emit({ kind: 'announceIgnored', groupId, senderId, reason });
	}

	/** The group is taken after all: if it is refused again, that is news. */
	forgetIgnored(groupId: number): void {
		this.#ignoredGroups.delete(groupId);
	}
}

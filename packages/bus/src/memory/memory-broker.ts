/**
 * The post office behind `memory:`: who is subscribed, and a queue of deliveries that is worked off asynchronously.
 * One broker serves all buses of a process that share its name, and the loopback listener.
 *
 * Deliveries run in one queue in the order of publishing, so every subscription sees one order. The queue yields to
 * timers and sockets after a number of deliveries: two handlers that answer each other for ever do not stop the process.
 */
import { defaultMaxPayloadBytes } from '../bus.ts';
import type { HeaderMap } from '../payload.ts';
import { SubjectTable } from '../subject-table.ts';

/** One message on its way. `data` is shared by all subscribers: whoever hands it out copies it. */
export interface Envelope {
	readonly subject: string;
	readonly data: Uint8Array;
	readonly headers: HeaderMap;
	readonly reply: string | undefined;
	/** NATS status instead of content: "503" tells a requester that nobody is there. */
	readonly status?: string;
}

/** A subscription as the broker sees it. */
export interface Subscriber {
	readonly pattern: string;
	readonly queue: string | undefined;
	/** Set: messages of this publisher are not for this subscriber (NATS's `echo: false`). */
	readonly deafTo?: object;
	/** Messages and bytes that wait for delivery; counted by the broker. */
	pending: number;
	pendingBytes: number;
	closed: boolean;
	deliver(envelope: Envelope): void;
	/** The message was dropped because too much is waiting already. */
	overflow(): void;
}

export interface BrokerLimits {
	readonly maxPayloadBytes: number;
	/** Messages and bytes that may wait for one subscriber before its messages are dropped. */
	readonly maxPendingMessages: number;
	readonly maxPendingBytes: number;
}

export const defaultBrokerLimits: BrokerLimits = {
	maxPayloadBytes: defaultMaxPayloadBytes,
	maxPendingMessages: 65_536,
	maxPendingBytes: 64 * 1024 * 1024,
};

const nothing: Envelope = { subject: '', data: new Uint8Array(0), headers: new Map(), reply: undefined };

/** Deliveries in a row before timers and sockets get their turn. */
const deliveriesPerTurn = 4096;

export class MemoryBroker {
	readonly limits: BrokerLimits;
	readonly #table = new SubjectTable<Subscriber>();
	/** Whose turn it is, by pattern and queue group. */
	readonly #turns = new Map<string, number>();
	#waiting: { subscriber: Subscriber; envelope: Envelope }[] = [];
	#scheduled = false;
	#deliveredThisTurn = 0;
	#inboxes = 0;

	constructor(limits: Partial<BrokerLimits> = {}) {
		this.limits = { ...defaultBrokerLimits, ...limits };
	}

	get subscriptions(): number {
		return this.#table.size;
	}

	add(subscriber: Subscriber): void {
		this.#table.add(subscriber.pattern, subscriber);
	}

	remove(subscriber: Subscriber): void {
		this.#table.remove(subscriber.pattern, subscriber);
	}

	/** A subject that nobody else uses, for the answer to one request. */
	newInbox(): string {
		return `_INBOX.memory.${++this.#inboxes}`;
	}

	/** Queues the message for its subscribers. True if there was one; the message is in its queue or counted as overflow. */
	publish(envelope: Envelope, publisher?: object): boolean {
		const matching = this.#table.match(envelope.subject);
		let groups: Map<string, Subscriber[]> | undefined;
		let reached = false;
		for (const subscriber of matching) {
			if (publisher !== undefined && subscriber.deafTo === publisher) continue;
			reached = true;
			if (subscriber.queue === undefined) {
				this.#enqueue(subscriber, envelope);
				continue;
			}
			groups ??= new Map();
			const members = groups.get(subscriber.queue);
			if (members === undefined) groups.set(subscriber.queue, [subscriber]);
			else members.push(subscriber);
		}
		if (groups !== undefined) {
			for (const [queue, members] of groups) this.#enqueue(this.#nextMember(queue, members), envelope);
		}
		return reached;
	}

	/** Calls `action` when everything that is queued now has been delivered. */
	afterDeliveries(action: () => void): void {
		const subscriber: Subscriber = {
			pattern: '',
			queue: undefined,
			pending: 1,
			pendingBytes: 0,
			closed: false,
			deliver: action,
			overflow: () => {},
		};
		this.#waiting.push({ subscriber, envelope: nothing });
		this.#schedule();
	}

	/** Round robin over the members of a queue group, by name of the group. */
	#nextMember(queue: string, members: Subscriber[]): Subscriber {
		const turn = this.#turns.get(queue) ?? 0;
		// The names come from clients: forgetting all turns costs nothing but a little fairness.
		if (this.#turns.size > 1024) this.#turns.clear();
		this.#turns.set(queue, turn + 1);
		return members[turn % members.length] as Subscriber;
	}

	#enqueue(subscriber: Subscriber, envelope: Envelope): void {
		const { maxPendingMessages, maxPendingBytes } = this.limits;
		if (subscriber.pending >= maxPendingMessages || subscriber.pendingBytes + envelope.data.length > maxPendingBytes) {
			subscriber.overflow();
			return;
		}
		subscriber.pending++;
		subscriber.pendingBytes += envelope.data.length;
		this.#waiting.push({ subscriber, envelope });
		this.#schedule();
	}

	/** Soon if this turn of the event loop has deliveries left, else after timers and sockets had theirs. */
	#schedule(): void {
		if (this.#scheduled) return;
		this.#scheduled = true;
		if (this.#deliveredThisTurn === 0) {
			setImmediate(() => {
				this.#deliveredThisTurn = 0;
			});
		}
		if (this.#deliveredThisTurn < deliveriesPerTurn) queueMicrotask(() => this.#deliverSome());
		else setImmediate(() => this.#deliverSome());
	}

	#deliverSome(): void {
		// Handlers may publish: what they add at the end of the queue is delivered in this call too.
		const waiting = this.#waiting;
		let at = 0;
		while (at < waiting.length && at < deliveriesPerTurn) {
			const { subscriber, envelope } = waiting[at++] as (typeof waiting)[number];
			subscriber.pending--;
			subscriber.pendingBytes -= envelope.data.length;
			if (!subscriber.closed) subscriber.deliver(envelope);
		}
		this.#deliveredThisTurn += at;
		this.#waiting = at === waiting.length ? [] : waiting.slice(at);
		this.#scheduled = false;
		if (this.#waiting.length > 0) this.#schedule();
	}
}

const brokersByName = new Map<string, MemoryBroker>();

/** The broker of this process that `memory:` (or `memory:name`) stands for; made when it is first asked for. */
export function sharedBroker(name: string): MemoryBroker {
	let broker = brokersByName.get(name);
	if (broker === undefined) {
		broker = new MemoryBroker();
		brokersByName.set(name, broker);
	}
	return broker;
}

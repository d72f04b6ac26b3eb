/** The receivers behind a gathering proxy in one session, in the order in which they registered. */
import type { Endpoint } from '../../ports.ts';
import type { HeldTimestamp } from '../../shared/held-timestamp.ts';

export interface RelayedReceiver {
	readonly id: number;
	address: Endpoint;
	/** Of a receiver of ours: tells it from others with the same id. */
	instance: readonly [number, number] | undefined;
	readonly order: number;
	/** What its last REGISTER echoed. */
	registered: HeldTimestamp;
	heardAt: number;
	/** The sender has confirmed it. */
	isConfirmed: boolean;
	/** Where keys must be shown: it has not done so yet, and is not named to the sender. */
	isUnproven: boolean;
	fingerprint: Uint8Array | undefined;
	/** Encrypted sessions: it has said that it has the group key. */
	hasGroupKey: boolean;
	/** How often it has been sent the group key, since it was last asked for. */
	keyTries: number;
	/** Has said COMPLETE for the session. */
	isCompleted: boolean;
	/** Another one has tried to register with this id. */
	hasDouble: boolean;
}

export class RelayedReceivers {
	readonly #receivers = new Map<number, RelayedReceiver>();
	#nextOrder = 0;
	#completed = 0;

	get(id: number): RelayedReceiver | undefined {
		return this.#receivers.get(id);
	}

	add(now: number, id: number, address: Endpoint, instance: readonly [number, number] | undefined): RelayedReceiver {
		const receiver: RelayedReceiver = {
			id,
			address,
			instance,
			order: this.#nextOrder++,
			registered: { timestamp: { seconds: 0, microseconds: 0 }, heardAt: now },
			heardAt: now,
			isConfirmed: false,
			isUnproven: false,
			fingerprint: undefined,
			hasGroupKey: false,
			keyTries: 0,
			isCompleted: false,
			hasDouble: false,
		};
		this.#receivers.set(id, receiver);
		return receiver;
	}

	delete(id: number): void {
		if (this.#receivers.get(id)?.isCompleted === true) this.#completed--;
		this.#receivers.delete(id);
	}

	complete(receiver: RelayedReceiver): void {
		if (!receiver.isCompleted) this.#completed++;
		receiver.isCompleted = true;
	}

	/** Somebody is here, and all are finished with the session. */
	get areCompleted(): boolean {
		return this.#completed > 0 && this.#completed === this.#receivers.size;
	}

	get size(): number {
		return this.#receivers.size;
	}

	all(): IterableIterator<RelayedReceiver> {
		return this.#receivers.values();
	}

	/** The ids of those that pass the test. */
	idsOf(test: (receiver: RelayedReceiver) => boolean): number[] {
		const ids: number[] = [];
		for (const receiver of this.#receivers.values()) if (test(receiver)) ids.push(receiver.id);
		return ids;
	}

	count(test: (receiver: RelayedReceiver) => boolean): number {
		let count = 0;
		for (const receiver of this.#receivers.values()) if (test(receiver)) count++;
		return count;
	}

	/** As they registered; ids of nobody that is here come last. */
	inOrder(ids: Iterable<number>): number[] {
		const orderOf = (id: number) => this.#receivers.get(id)?.order ?? Number.MAX_SAFE_INTEGER;
		return [...ids].sort((a, b) => orderOf(a) - orderOf(b));
	}
}

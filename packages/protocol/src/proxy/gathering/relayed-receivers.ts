/** The receivers behind a gathering proxy in one session, in the order in which they registered. */
import { assert } from '../../assert.ts';
import type { Endpoint } from '../../ports.ts';
import type { HeldTimestamp } from '../../shared/held-timestamp.ts';

export interface RelayedReceiver {
	readonly id: number;
	address: Endpoint;
	/** Of receivers of this implementation: tells it from others with the same id. */
	instance: readonly [number, number] | undefined;
	readonly order: number;
	/** What its last REGISTER echoed. */
	registered: HeldTimestamp;
	heardAt: number;
	/** The sender has confirmed it. */
	isConfirmed: boolean;
	/** Where keys must be shown: it has not done so yet, and is not named to the sender. */
	readonly isUnproven: boolean;
	fingerprint: Uint8Array | undefined;
	/** Encrypted sessions: it has said that it has the group key. */
	hasGroupKey: boolean;
	/** How often it has been sent the group key, since it was last asked for. */
	keyTries: number;
	/** Has said COMPLETE for the session. */
	isCompleted: boolean;
	/** It has said more than that it is here. */
	hasAnswered: boolean;
	/** Another one has tried to register with this id. */
	hasDuplicateId: boolean;
}

type Mutable = { -readonly [Key in keyof RelayedReceiver]: RelayedReceiver[Key] };

export type NewReceiver = Pick<RelayedReceiver, 'id' | 'address' | 'instance' | 'isUnproven'>;

export class RelayedReceivers {
	readonly #receivers = new Map<number, RelayedReceiver>();
	#nextOrder = 0;
	#completed = 0;
	#unproven = 0;

	get(id: number): RelayedReceiver | undefined {
		return this.#receivers.get(id);
	}

	/** `isUnproven`: see there. */
	add(now: number, { id, address, instance, isUnproven }: NewReceiver): RelayedReceiver {
		assert(!this.#receivers.has(id), 'a receiver is added once');
		if (isUnproven) this.#unproven++;
		const receiver: RelayedReceiver = {
			id,
			address,
			instance,
			order: this.#nextOrder++,
			registered: { timestamp: { seconds: 0, microseconds: 0 }, heardAt: now },
			heardAt: now,
			isConfirmed: false,
			isUnproven,
			fingerprint: undefined,
			hasGroupKey: false,
			keyTries: 0,
			isCompleted: false,
			hasAnswered: false,
			hasDuplicateId: false,
		};
		this.#receivers.set(id, receiver);
		return receiver;
	}

	delete(id: number): void {
		const receiver = this.#receivers.get(id);
		if (receiver === undefined) return;
		if (receiver.isCompleted) this.#completed--;
		if (receiver.isUnproven) this.#unproven--;
		this.#receivers.delete(id);
		assert(this.#completed >= 0 && this.#unproven >= 0, 'receivers are counted once');
	}

	/** It has shown its key. */
	prove(receiver: RelayedReceiver): void {
		assert(receiver.isUnproven, 'a key is proved once');
		assert(this.#receivers.get(receiver.id) === receiver, 'a key is proved by a receiver that is here');
		(receiver as Mutable).isUnproven = false;
		this.#unproven--;
	}

	/** Those that may be named to the sender. */
	get provenCount(): number {
		return this.#receivers.size - this.#unproven;
	}

	/**
	 * Whose place a new one may take when all are taken: the first that has not shown its key, or that has only registered
	 * and been silent since `silentSince`. Members that answer keep theirs.
	 */
	whoGivesWay(silentSince: number): RelayedReceiver | undefined {
		let silent: RelayedReceiver | undefined;
		for (const receiver of this.#receivers.values()) {
			if (receiver.isUnproven) return receiver;
			if (this.#unproven === 0 && silent !== undefined) break;
			if (!receiver.hasAnswered && receiver.heardAt < silentSince) silent ??= receiver;
		}
		return silent;
	}

	complete(receiver: RelayedReceiver): void {
		assert(this.#receivers.get(receiver.id) === receiver, 'who completes the session is in it');
		assert(!receiver.isUnproven, 'who completes the session has shown its key');
		if (!receiver.isCompleted) this.#completed++;
		receiver.isCompleted = true;
	}

	/** Somebody is here, and all that have shown their key are finished with the session: others cannot finish it. */
	get areCompleted(): boolean {
		return this.#completed > 0 && this.#completed === this.provenCount;
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

	/** As they registered; ids of nobody that is here come last. */
	inOrder(ids: Iterable<number>): number[] {
		const orderOf = (id: number) => this.#receivers.get(id)?.order ?? Number.MAX_SAFE_INTEGER;
		return [...ids].sort((a, b) => orderOf(a) - orderOf(b));
	}
}

/** A subscription at a broker of this process. */
import type { SubscribeOptions, Subscription } from '../bus.ts';
import type { Envelope, MemoryBroker, Subscriber } from './memory-broker.ts';

export interface SubscriptionHooks {
	readonly receive: (envelope: Envelope) => void;
	/** A message was dropped: too many are waiting. */
	readonly overflow: () => void;
	/** It was unsubscribed, drained, or had its last message. */
	readonly ended: () => void;
}

export class MemorySubscription implements Subscription, Subscriber {
	readonly pattern: string;
	readonly queue: string | undefined;
	readonly deafTo?: object;
	pending = 0;
	pendingBytes = 0;
	closed = false;
	/** Handlers of this subscription that are still at work. */
	readonly running = new Set<Promise<void>>();
	readonly #broker: MemoryBroker;
	readonly #hooks: SubscriptionHooks;
	#max: number;
	#delivered = 0;
	#draining: Promise<void> | undefined;
	#drained: (() => void) | undefined;

	/** Subscribes. `deafTo`: a publisher whose messages are not for this subscription. */
	constructor(
		broker: MemoryBroker,
		pattern: string,
		options: SubscribeOptions,
		hooks: SubscriptionHooks,
		deafTo?: object,
	) {
		this.pattern = pattern;
		this.queue = options.queue;
		if (deafTo !== undefined) this.deafTo = deafTo;
		this.#max = options.max ?? Number.POSITIVE_INFINITY;
		this.#broker = broker;
		this.#hooks = hooks;
		broker.add(this);
	}

	/** Ends by itself when it has delivered this many messages in all; at once if it has already. */
	endAfter(messages: number): void {
		this.#max = messages;
		if (this.#delivered >= messages) this.unsubscribe();
	}

	deliver(envelope: Envelope): void {
		const last = ++this.#delivered >= this.#max;
		this.#hooks.receive(envelope);
		if (last) this.unsubscribe();
		else if (this.pending === 0) this.#drained?.();
	}

	overflow(): void {
		this.#hooks.overflow();
	}

	unsubscribe(): void {
		if (this.closed) return;
		this.closed = true;
		this.#broker.remove(this);
		this.#drained?.();
		this.#hooks.ended();
	}

	drain(): Promise<void> {
		this.#draining ??= this.#drain();
		return this.#draining;
	}

	async #drain(): Promise<void> {
		this.#broker.remove(this);
		if (!this.closed && this.pending > 0) {
			await new Promise<void>((resolve) => {
				this.#drained = resolve;
			});
		}
		this.unsubscribe();
		await Promise.all(this.running);
	}
}

/** The driver `memory:`: one user of a broker in this process. Closing it leaves the other users alone. */
import type {
	Bus,
	BusStats,
	BusStatus,
	HeadersInput,
	Message,
	MessageHandler,
	Payload,
	PublishOptions,
	RequestOptions,
	SubscribeOptions,
	Subscription,
} from '../bus.ts';
import { defaultRequestTimeoutMs } from '../bus.ts';
import { BusClosed, NoResponders, RequestTimeout } from '../bus-error.ts';
import { ReceivedMessage } from '../message.ts';
import { checkSize, copyHeaders, encodePayload } from '../payload.ts';
import { runHandler, within } from '../run-handler.ts';
import { StatusBoard } from '../status-board.ts';
import { checkPattern, checkQueue, checkSubject } from '../subject-grammar.ts';
import { type Envelope, MemoryBroker } from './memory-broker.ts';
import { MemorySubscription } from './memory-subscription.ts';

/** How long `drain` waits for handlers that are still at work. */
const drainTimeoutMs = 10_000;

export class MemoryBus implements Bus {
	readonly url: string;
	readonly #broker: MemoryBroker;
	readonly #board = new StatusBoard();
	readonly #subscriptions = new Set<MemorySubscription>();
	readonly #rejectPending = new Set<(error: Error) => void>();
	#closed = false;
	#draining = false;

	constructor(broker: MemoryBroker = new MemoryBroker(), url = 'memory:') {
		this.url = url;
		this.#broker = broker;
	}

	/** The broker behind it: for the loopback listener, which offers it to other processes. */
	get broker(): MemoryBroker {
		return this.#broker;
	}

	get connected(): boolean {
		return !this.#closed;
	}

	get closed(): boolean {
		return this.#closed;
	}

	get maxPayloadBytes(): number {
		return this.#broker.limits.maxPayloadBytes;
	}

	publish(subject: string, payload: Payload, options: PublishOptions = {}): void {
		if (options.reply !== undefined) checkSubject(options.reply);
		this.#send(subject, payload, options.headers, options.reply);
	}

	/** True if somebody is subscribed. */
	#send(subject: string, payload: Payload, headers: HeadersInput | undefined, reply: string | undefined): boolean {
		if (this.#closed) throw new BusClosed('publishing');
		checkSubject(subject);
		const data = encodePayload(payload);
		const headerMap = copyHeaders(headers);
		checkSize(data, headerMap, this.maxPayloadBytes);
		this.#board.published++;
		return this.#broker.publish({ subject, data, headers: headerMap, reply });
	}

	subscribe(pattern: string, handler: MessageHandler, options: SubscribeOptions = {}): Subscription {
		if (this.#closed || this.#draining) throw new BusClosed('subscribing');
		checkPattern(pattern);
		if (options.queue !== undefined) checkQueue(options.queue);
		const onError = (error: unknown): void => this.#board.tell({ type: 'handler-error', pattern, error });
		const subscription: MemorySubscription = new MemorySubscription(this.#broker, pattern, options, {
			receive: (envelope) => {
				// "Nobody is there" is for requests, not for handlers.
				if (envelope.status !== undefined) return;
				this.#board.delivered++;
				runHandler(handler, this.#messageOf(envelope), subscription.running, onError);
			},
			overflow: () => {
				this.#board.dropped++;
				this.#board.tell({ type: 'slow-consumer', pattern, dropped: 1 });
			},
			ended: () => this.#subscriptions.delete(subscription),
		});
		this.#subscriptions.add(subscription);
		return subscription;
	}

	/** A message with its own copy of the bytes: no subscriber sees what another one does to them. */
	#messageOf(envelope: Envelope): ReceivedMessage {
		const { subject, data, headers, reply } = envelope;
		return new ReceivedMessage(subject, new Uint8Array(data), headers, reply, (to, payload, answerHeaders) => {
			this.#send(to, payload, answerHeaders, undefined);
		});
	}

	request(subject: string, payload: Payload, options: RequestOptions = {}): Promise<Message> {
		const timeoutMs = options.timeoutMs ?? defaultRequestTimeoutMs;
		return new Promise((resolve, reject) => {
			if (this.#closed) throw new BusClosed('a request');
			const inbox = this.#broker.newInbox();
			const end = (): void => {
				clearTimeout(timer);
				subscription.unsubscribe();
				this.#rejectPending.delete(fail);
			};
			const fail = (error: Error): void => {
				end();
				reject(error);
			};
			const timer = setTimeout(() => fail(new RequestTimeout(subject, timeoutMs, true)), timeoutMs);
			const receive = (envelope: Envelope): void => {
				end();
				if (envelope.status === '503') reject(new NoResponders(subject));
				else resolve(this.#messageOf(envelope));
			};
			const hooks = { receive, overflow: () => {}, ended: () => {} };
			const subscription = new MemorySubscription(this.#broker, inbox, { max: 1 }, hooks);
			this.#rejectPending.add(fail);
			try {
				if (!this.#send(subject, payload, options.headers, inbox)) fail(new NoResponders(subject));
			} catch (error) {
				fail(error as Error);
			}
		});
	}

	/** Nothing is on its way to a server here: what was published before is in the queues already. */
	async flush(): Promise<void> {
		if (this.#closed) throw new BusClosed('flushing');
	}

	onStatus(listener: (status: BusStatus) => void): () => void {
		return this.#board.listen(listener);
	}

	stats(): BusStats {
		return this.#board.stats(0);
	}

	async drain(): Promise<void> {
		if (this.#closed || this.#draining) return;
		this.#draining = true;
		// Handlers may use the bus until they have finished, but not for ever.
		await within(Promise.all([...this.#subscriptions].map((subscription) => subscription.drain())), drainTimeoutMs);
		await this.close();
	}

	async close(): Promise<void> {
		if (this.#closed) return;
		this.#closed = true;
		for (const subscription of [...this.#subscriptions]) subscription.unsubscribe();
		for (const reject of [...this.#rejectPending]) reject(new BusClosed('waiting for an answer'));
		this.#board.tell({ type: 'closed' });
	}
}

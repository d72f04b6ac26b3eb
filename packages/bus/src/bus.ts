/**
 * The port: what the services may expect of a bus, whichever driver stands behind it (`memory:` or NATS).
 *
 * What all drivers promise, and what the contract suite checks:
 * - a payload is copied when it is published: the caller may reuse its buffer at once;
 * - delivery is asynchronous: no handler runs inside `publish`;
 * - a subscription's handler starts for its messages in the order in which one publisher published them; a promise that
 *   it returns is not waited for before the next message;
 * - at most once: without a subscriber at that moment a message is gone;
 * - in a queue group one member gets each message, and over time all members get their share;
 * - a request to a subject without subscribers fails at once with `NoResponders`;
 * - wrong subjects, wrong headers and payloads above `maxPayloadBytes` are refused by the call itself.
 *
 * What has to survive a restart (durable jobs, history, key-value state) will be further methods beside these, so that
 * these keep their meaning.
 */

/** Bytes go as they are, a string as UTF-8 text, anything else as JSON. */
export type Payload = Uint8Array | string | object | number | boolean | null;

/** Headers to send: names are case-sensitive (W3C and CloudEvents names are lower case). */
export type HeadersInput = Readonly<Record<string, string | readonly string[]>>;

export interface PublishOptions {
	readonly headers?: HeadersInput;
	/**
	 * What happens to the message while the connection is down: `keep` (the default) puts it into a bounded outbox that
	 * is sent after the reconnection, `drop` counts and forgets it. Drop what is stale by then: heartbeats, progress.
	 */
	readonly whenDisconnected?: 'keep' | 'drop';
	/** Where answers are to go; `request` sets it by itself. */
	readonly reply?: string;
}

export interface SubscribeOptions {
	/** Members of one queue group share the messages: each goes to one of them. */
	readonly queue?: string;
	/** The subscription ends by itself after this many messages. */
	readonly max?: number;
}

export interface RequestOptions {
	readonly headers?: HeadersInput;
	/** How long to wait for the answer; default 5000. */
	readonly timeoutMs?: number;
}

export interface Message {
	readonly subject: string;
	/** This receiver's own copy. */
	readonly data: Uint8Array;
	readonly headers: ReadonlyMap<string, readonly string[]>;
	/** Set when the publisher waits for an answer. */
	readonly reply: string | undefined;
	/** First value of a header, or undefined. */
	header(name: string): string | undefined;
	/** The payload as UTF-8 text; bytes that are not UTF-8 become U+FFFD. */
	text(): string;
	/** The payload as JSON. Throws SyntaxError: use the parsers of `@uftp/bus/schemas` for what others sent. */
	json(): unknown;
	/** Answers a request; false if nobody waits for an answer. */
	respond(payload: Payload, options?: { readonly headers?: HeadersInput }): boolean;
}

export type MessageHandler = (message: Message) => void | Promise<void>;

export interface Subscription {
	readonly pattern: string;
	readonly closed: boolean;
	/** Ends at once; what is waiting for delivery is dropped. */
	unsubscribe(): void;
	/** Takes nothing new, delivers what is waiting, and resolves when the handlers have finished. */
	drain(): Promise<void>;
}

/** What happens to the connection and to messages that could not be handled; a driver sends only what applies to it. */
export type BusStatus =
	| { readonly type: 'connected'; readonly server: string }
	| { readonly type: 'waiting'; readonly server: string; readonly reason: string }
	| { readonly type: 'disconnected'; readonly server: string }
	| { readonly type: 'reconnected'; readonly server: string; readonly resent: number }
	| { readonly type: 'lame-duck'; readonly server: string }
	| { readonly type: 'dropped'; readonly subject: string; readonly reason: string }
	| { readonly type: 'permission-denied'; readonly operation: string; readonly subject: string }
	| { readonly type: 'slow-consumer'; readonly pattern: string; readonly dropped: number }
	| { readonly type: 'handler-error'; readonly pattern: string; readonly error: unknown }
	| { readonly type: 'error'; readonly error: Error }
	| { readonly type: 'closed'; readonly error?: Error };

/** Counters since the bus was connected. */
export interface BusStats {
	readonly published: number;
	readonly delivered: number;
	/** Messages that were lost here: outbox full, asked to be dropped, slow consumer, closed with a full outbox. */
	readonly dropped: number;
	readonly handlerErrors: number;
	readonly permissionErrors: number;
	readonly reconnects: number;
	/** Messages that wait for the reconnection now. */
	readonly outbox: number;
}

export interface Bus {
	/** Where it is connected to, without credentials: "memory:", "nats://127.0.0.1:4222". */
	readonly url: string;
	readonly connected: boolean;
	readonly closed: boolean;
	/** Largest payload with its headers, in bytes. */
	readonly maxPayloadBytes: number;

	/** Sends a message to whoever is subscribed. Throws InvalidSubject, InvalidHeader, PayloadTooLarge, BusClosed. */
	publish(subject: string, payload: Payload, options?: PublishOptions): void;

	/** Calls `handler` for each message whose subject matches `pattern`. Throws InvalidSubject, BusClosed. */
	subscribe(pattern: string, handler: MessageHandler, options?: SubscribeOptions): Subscription;

	/** Asks and waits for the first answer. Rejects with NoResponders, RequestTimeout, BusClosed, or as `publish`. */
	request(subject: string, payload: Payload, options?: RequestOptions): Promise<Message>;

	/** Resolves when everything published and subscribed before has reached the server. Rejects with RequestTimeout. */
	flush(timeoutMs?: number): Promise<void>;

	/** Calls `listener` for every status from now on; the result stops that. */
	onStatus(listener: (status: BusStatus) => void): () => void;

	stats(): BusStats;

	/** Ends in order: subscriptions drain, what was published is sent, then `close`. Bounded in time. */
	drain(): Promise<void>;

	/** Ends at once. Requests under way are rejected with BusClosed. */
	close(): Promise<void>;
}

/** Default limit for a payload with its headers, as nats-server has it. */
export const defaultMaxPayloadBytes = 1024 * 1024;

/** Default time for a request. */
export const defaultRequestTimeoutMs = 5000;

/**
 * The driver for NATS servers of 2.9 and later, and for the loopback listener.
 *
 * The client throws away what is published while its connection is down. So this driver keeps such messages in an
 * outbox of its own and sends them after the reconnection. What was handed to the operating system just before the
 * connection broke is lost all the same: at most once, as everywhere in core NATS.
 */
import {
	type Msg,
	type MsgHdrs,
	type NatsConnection,
	type Subscription as NatsSubscription,
	NoRespondersError,
	headers as newHeaders,
	PermissionViolationError,
	RequestError,
	type Status,
	TimeoutError,
} from '@nats-io/transport-node';
import type {
	Bus,
	BusStats,
	BusStatus,
	Message,
	MessageHandler,
	Payload,
	PublishOptions,
	RequestOptions,
	SubscribeOptions,
	Subscription,
} from '../bus.ts';
import { defaultMaxPayloadBytes, defaultRequestTimeoutMs } from '../bus.ts';
import { BusClosed, NoResponders, PermissionDenied, RequestTimeout } from '../bus-error.ts';
import type { ConnectOptions } from '../connect-options.ts';
import { ReceivedMessage } from '../message.ts';
import { checkSize, copyHeaders, encodePayload, type HeaderMap, noHeaders } from '../payload.ts';
import { runHandler, within } from '../run-handler.ts';
import { StatusBoard } from '../status-board.ts';
import { checkPattern, checkQueue, checkSubject } from '../subject-grammar.ts';
import type { BusAddress } from './bus-address.ts';
import { connectToServer } from './nats-connect.ts';
import { Outbox, type OutboxEntry } from './outbox.ts';

/** How long `drain` waits for handlers and for the server. */
const drainTimeoutMs = 10_000;

/** Connects to a NATS server; see `connectBus`. */
export async function connectNats(url: string, options: ConnectOptions): Promise<Bus> {
	const { connection, address } = await connectToServer(url, options);
	return new NatsBus(connection, address, options);
}

interface LiveSubscription {
	readonly subscription: NatsSubscription;
	readonly running: Set<Promise<void>>;
}

class NatsBus implements Bus {
	readonly url: string;
	readonly #connection: NatsConnection;
	readonly #board = new StatusBoard();
	readonly #outbox: Outbox;
	readonly #live = new Set<LiveSubscription>();
	readonly #whenConnected = new Set<() => void>();
	#connected = true;
	#closed = false;
	#draining = false;
	#maxPayloadBytes: number;

	constructor(connection: NatsConnection, address: BusAddress, options: ConnectOptions) {
		this.url = address.shown;
		this.#connection = connection;
		this.#outbox = new Outbox(options.outboxMessages ?? 10_000, options.outboxBytes ?? 16 * 1024 * 1024);
		this.#maxPayloadBytes = connection.info?.max_payload ?? defaultMaxPayloadBytes;
		if (options.onStatus !== undefined) {
			this.#board.listen(options.onStatus);
			options.onStatus({ type: 'connected', server: connection.getServer() });
		}
		void this.#watch();
		void connection.closed().then((error) => this.#ended(error instanceof Error ? error : undefined));
	}

	get connected(): boolean {
		return this.#connected && !this.#closed;
	}

	get closed(): boolean {
		return this.#closed;
	}

	get maxPayloadBytes(): number {
		return this.#maxPayloadBytes;
	}

	async #watch(): Promise<void> {
		for await (const status of this.#connection.status()) this.#onStatus(status);
	}

	#onStatus(status: Status): void {
		switch (status.type) {
			case 'disconnect':
				this.#connected = false;
				this.#board.tell({ type: 'disconnected', server: status.server });
				break;
			case 'reconnect':
				this.#reconnected(status.server);
				break;
			case 'ldm':
				this.#board.tell({ type: 'lame-duck', server: status.server });
				break;
			case 'error':
				// A refused publish is no exception in NATS: this is the only place where it shows.
				if (status.error instanceof PermissionViolationError) {
					const operation = status.error.operation === 'publish' ? 'publish to' : 'subscribe to';
					this.#board.tell({ type: 'permission-denied', operation, subject: status.error.subject });
				} else {
					this.#board.tell({ type: 'error', error: status.error });
				}
				break;
			default:
				// What the client does by itself, and pings.
				break;
		}
	}

	#reconnected(server: string): void {
		this.#connected = true;
		this.#maxPayloadBytes = this.#connection.info?.max_payload ?? this.#maxPayloadBytes;
		const kept = this.#outbox.take();
		for (const entry of kept) this.#transmit(entry);
		for (const resolve of [...this.#whenConnected]) resolve();
		this.#board.tell({ type: 'reconnected', server, resent: kept.length });
	}

	#transmit(entry: OutboxEntry): void {
		try {
			this.#connection.publish(entry.subject, entry.data, {
				...(entry.reply === undefined ? {} : { reply: entry.reply }),
				...(entry.headers.size === 0 ? {} : { headers: toNatsHeaders(entry.headers) }),
			});
		} catch (error) {
			// The other server of a pair may take less than the one that the message was checked for.
			this.#dropped(entry, error instanceof Error ? error.message : String(error));
		}
	}

	#dropped(entry: OutboxEntry, reason: string): void {
		this.#board.tell({ type: 'dropped', subject: entry.subject, reason });
	}

	publish(subject: string, payload: Payload, options: PublishOptions = {}): void {
		if (this.#closed) throw new BusClosed('publishing');
		checkSubject(subject);
		if (options.reply !== undefined) checkSubject(options.reply);
		const data = encodePayload(payload);
		const headers = copyHeaders(options.headers);
		checkSize(data, headers, this.#maxPayloadBytes);
		const entry = { subject, data, headers, reply: options.reply };
		this.#board.published++;
		if (this.#connected) this.#transmit(entry);
		else if (options.whenDisconnected === 'drop') this.#dropped(entry, 'the connection is down');
		else for (const old of this.#outbox.push(entry)) this.#dropped(old, 'the outbox is full');
	}

	subscribe(pattern: string, handler: MessageHandler, options: SubscribeOptions = {}): Subscription {
		if (this.#closed || this.#draining) throw new BusClosed('subscribing');
		checkPattern(pattern);
		if (options.queue !== undefined) checkQueue(options.queue);
		const running = new Set<Promise<void>>();
		const onError = (error: unknown): void => this.#board.tell({ type: 'handler-error', pattern, error });
		const subscription = this.#connection.subscribe(pattern, {
			...(options.queue === undefined ? {} : { queue: options.queue }),
			...(options.max === undefined ? {} : { max: options.max }),
			callback: (error, msg) => {
				// An error has been told by the connection's status; a status message ("nobody is there") is not for handlers.
				if (error !== null || (msg.headers?.code ?? 0) > 0) return;
				this.#board.delivered++;
				runHandler(handler, this.#messageOf(msg), running, onError);
			},
		});
		const live = { subscription, running };
		this.#live.add(live);
		void subscription.closed.then(() => this.#live.delete(live));
		return {
			pattern,
			get closed() {
				return subscription.isClosed();
			},
			unsubscribe: () => {
				if (!subscription.isClosed()) subscription.unsubscribe();
			},
			drain: () => drainSubscription(live),
		};
	}

	#messageOf(msg: Msg): Message {
		const reply = msg.reply === undefined || msg.reply === '' ? undefined : msg.reply;
		return new ReceivedMessage(msg.subject, msg.data, fromNatsHeaders(msg.headers), reply, (to, payload, headers) => {
			this.publish(to, payload, headers === undefined ? {} : { headers });
		});
	}

	async request(subject: string, payload: Payload, options: RequestOptions = {}): Promise<Message> {
		if (this.#closed) throw new BusClosed('a request');
		const timeoutMs = options.timeoutMs ?? defaultRequestTimeoutMs;
		const deadline = performance.now() + timeoutMs;
		checkSubject(subject);
		const data = encodePayload(payload);
		const headers = copyHeaders(options.headers);
		checkSize(data, headers, this.#maxPayloadBytes);
		if (!(await this.#connectedWithin(timeoutMs))) throw new RequestTimeout(subject, timeoutMs, false);
		this.#board.published++;
		try {
			const answer = await this.#connection.request(subject, data, {
				timeout: Math.max(1, Math.round(deadline - performance.now())),
				...(headers.size === 0 ? {} : { headers: toNatsHeaders(headers) }),
			});
			return this.#messageOf(answer);
		} catch (error) {
			throw this.#requestError(subject, timeoutMs, error);
		}
	}

	#requestError(subject: string, timeoutMs: number, error: unknown): unknown {
		const cause = error instanceof RequestError ? (error.cause ?? error) : error;
		if (cause instanceof NoRespondersError) return new NoResponders(subject);
		if (error instanceof RequestError && error.isNoResponders()) return new NoResponders(subject);
		if (cause instanceof PermissionViolationError) {
			return new PermissionDenied(cause.operation === 'publish' ? 'publish to' : 'subscribe to', cause.subject);
		}
		if (this.#closed) return new BusClosed('waiting for an answer');
		if (cause instanceof TimeoutError) return new RequestTimeout(subject, timeoutMs, this.#connected);
		return error;
	}

	/** True as soon as there is a connection; false if there is none after the time given. */
	async #connectedWithin(timeoutMs: number): Promise<boolean> {
		if (this.#connected) return true;
		let wake: () => void = () => {};
		const woken = new Promise<void>((resolve) => {
			wake = resolve;
		});
		this.#whenConnected.add(wake);
		await within(woken, timeoutMs);
		this.#whenConnected.delete(wake);
		if (this.#closed) throw new BusClosed('waiting for the connection');
		return this.#connected;
	}

	async flush(timeoutMs: number = defaultRequestTimeoutMs): Promise<void> {
		if (this.#closed) throw new BusClosed('flushing');
		const deadline = performance.now() + timeoutMs;
		for (;;) {
			const left = deadline - performance.now();
			if (left <= 0 || !(await this.#connectedWithin(left))) break;
			// A flush that is under way when the connection breaks is rejected: try again on the next connection.
			const sent = await within(this.#connection.flush(), Math.max(1, left)).catch(() => undefined);
			if (sent === true) return;
			if (sent === undefined) await new Promise((resolve) => setTimeout(resolve, 10));
		}
		throw new RequestTimeout('flush', timeoutMs, this.#connected);
	}

	onStatus(listener: (status: BusStatus) => void): () => void {
		return this.#board.listen(listener);
	}

	stats(): BusStats {
		return this.#board.stats(this.#outbox.size);
	}

	async drain(): Promise<void> {
		if (this.#closed || this.#draining) return;
		this.#draining = true;
		if (this.#connected) {
			await within(Promise.all([...this.#live].map(drainSubscription)), drainTimeoutMs);
			await this.flush(drainTimeoutMs).catch(() => {});
		}
		await this.close();
	}

	async close(): Promise<void> {
		if (this.#closed) return;
		this.#closed = true;
		for (const entry of this.#outbox.take()) this.#dropped(entry, 'the bus was closed while the connection was down');
		for (const resolve of [...this.#whenConnected]) resolve();
		await within(this.#connection.close(), drainTimeoutMs);
		this.#board.tell({ type: 'closed' });
	}

	/** The client gave up by itself: nothing that this driver asks for leads here. */
	#ended(error: Error | undefined): void {
		if (this.#closed) return;
		this.#closed = true;
		for (const resolve of [...this.#whenConnected]) resolve();
		this.#board.tell(error === undefined ? { type: 'closed' } : { type: 'closed', error });
	}
}

async function drainSubscription(live: LiveSubscription): Promise<void> {
	if (!live.subscription.isClosed()) await live.subscription.drain().catch(() => {});
	await Promise.all(live.running);
}

function toNatsHeaders(map: HeaderMap): MsgHdrs {
	const result = newHeaders();
	for (const [name, values] of map) {
		for (const value of values) result.append(name, value);
	}
	return result;
}

function fromNatsHeaders(from: MsgHdrs | undefined): HeaderMap {
	if (from === undefined) return noHeaders;
	const map = new Map<string, readonly string[]>();
	for (const [name, values] of from) map.set(name, [...values]);
	return map;
}

/** One client of the loopback listener: its socket, its subscriptions, and what it said in CONNECT. */
import { createHash, timingSafeEqual } from 'node:crypto';
import type { Socket } from 'node:net';
import type { Envelope, MemoryBroker } from '../memory/memory-broker.ts';
import { MemorySubscription } from '../memory/memory-subscription.ts';
import { encodeHeaders, noHeaders } from '../payload.ts';
import { patternProblem, subjectProblem } from '../subject-grammar.ts';
import type { DecodedHeaders } from './nats-headers.ts';
import { type NatsTextHandler, NatsTextParser } from './nats-text-parser.ts';

export interface ConnectionLimits {
	readonly maxLineBytes: number;
	readonly maxSubscriptions: number;
	/** Bytes that may wait for a client that does not read, before it is cut off. */
	readonly maxWaitingBytes: number;
	/** Time for a client to show the token, where one is set. */
	readonly authTimeoutMs: number;
}

/** What the listener counts over all its connections. */
export interface ConnectionCounters {
	protocolErrors: number;
	slowConsumers: number;
	authFailures: number;
}

/** Time for a client to take what was sent before the end. */
const closeTimeoutMs = 1000;

const encoder = new TextEncoder();
const lineBreak = encoder.encode('\r\n');
const nothing = new Uint8Array(0);

export class LoopbackConnection implements NatsTextHandler {
	readonly #socket: Socket;
	readonly #broker: MemoryBroker;
	readonly #limits: ConnectionLimits;
	readonly #counters: ConnectionCounters;
	readonly #token: string | undefined;
	readonly #parser: NatsTextParser;
	readonly #subscriptions = new Map<string, MemorySubscription>();
	readonly #authTimer: ReturnType<typeof setTimeout> | undefined;
	#authorized: boolean;
	#verbose = false;
	#headers = false;
	#noResponders = false;
	#echo = true;
	#out: Uint8Array[] = [];
	#outBytes = 0;
	#closed = false;

	constructor(
		socket: Socket,
		broker: MemoryBroker,
		limits: ConnectionLimits,
		counters: ConnectionCounters,
		token: string | undefined,
	) {
		this.#socket = socket;
		this.#broker = broker;
		this.#limits = limits;
		this.#counters = counters;
		this.#token = token;
		this.#authorized = token === undefined;
		const { maxPayloadBytes } = broker.limits;
		this.#parser = new NatsTextParser(this, { maxLineBytes: limits.maxLineBytes, maxPayloadBytes });
		if (token !== undefined) {
			this.#authTimer = setTimeout(() => this.#refuse('Authentication Timeout'), limits.authTimeoutMs);
		}
		socket.on('data', (chunk: Buffer) => this.#parser.feed(chunk));
		socket.on('error', () => this.#release());
		socket.on('close', () => this.#release());
	}

	/** First line of the conversation. */
	greet(info: Readonly<Record<string, unknown>>): void {
		this.#send(`INFO ${JSON.stringify(info)}\r\n`);
	}

	/** Sends what is waiting and ends the connection. */
	close(): void {
		if (this.#closed) return;
		this.#flush();
		this.#socket.end();
		// A client that does not read would keep the socket open for ever.
		setTimeout(() => this.#socket.destroy(), closeTimeoutMs).unref();
		this.#release();
	}

	connect(options: Readonly<Record<string, unknown>>): void {
		if (this.#token !== undefined && !this.#authorized) {
			if (!sameText(options['auth_token'], this.#token)) {
				this.#refuse('Authorization Violation');
				return;
			}
			this.#authorized = true;
			clearTimeout(this.#authTimer);
		}
		if (options['tls_required'] === true) {
			this.failed('Secure Connection - TLS Not Available');
			return;
		}
		this.#verbose = options['verbose'] === true;
		this.#headers = options['headers'] === true;
		this.#noResponders = options['no_responders'] === true && this.#headers;
		this.#echo = options['echo'] !== false;
		this.#ok();
	}

	/** Answered behind the messages that are queued already: a PONG tells the client that it has got them all. */
	ping(): void {
		this.#broker.afterDeliveries(() => this.#send('PONG\r\n'));
	}

	pong(): void {}

	publish(subject: string, reply: string | undefined, headers: DecodedHeaders, data: Uint8Array): void {
		if (!this.#allowed()) return;
		if (subjectProblem(subject) !== undefined || (reply !== undefined && subjectProblem(reply) !== undefined)) {
			this.#send("-ERR 'Invalid Publish Subject'\r\n");
			return;
		}
		this.#ok();
		const status = headers.status === undefined ? {} : { status: headers.status };
		const reached = this.#broker.publish({ subject, data, headers: headers.headers, reply, ...status }, this);
		if (!reached && reply !== undefined && this.#noResponders) {
			const answer = { subject: reply, data: nothing, headers: noHeaders, reply: undefined, status: '503' };
			this.#broker.publish(answer);
		}
	}

	subscribe(pattern: string, queue: string | undefined, sid: string): void {
		if (!this.#allowed()) return;
		if (patternProblem(pattern) !== undefined || (queue !== undefined && patternProblem(queue) !== undefined)) {
			this.#send("-ERR 'Invalid Subject'\r\n");
			return;
		}
		if (this.#subscriptions.size >= this.#limits.maxSubscriptions) {
			this.#send("-ERR 'Maximum Subscriptions Exceeded'\r\n");
			return;
		}
		this.#ok();
		if (this.#subscriptions.has(sid)) return;
		const hooks = {
			receive: (envelope: Envelope): void => this.#deliver(sid, envelope),
			overflow: (): void => this.#slow(),
			ended: (): void => {
				if (this.#subscriptions.get(sid) === subscription) this.#subscriptions.delete(sid);
			},
		};
		const options = queue === undefined ? {} : { queue };
		const subscription: MemorySubscription = new MemorySubscription(
			this.#broker,
			pattern,
			options,
			hooks,
			this.#echo ? undefined : this,
		);
		this.#subscriptions.set(sid, subscription);
	}

	unsubscribe(sid: string, max: number | undefined): void {
		if (!this.#allowed()) return;
		this.#ok();
		const subscription = this.#subscriptions.get(sid);
		if (subscription === undefined) return;
		if (max !== undefined) subscription.endAfter(max);
		// What was published before is still delivered, as a server does that has it in its buffers.
		else void subscription.drain();
	}

	failed(error: string): void {
		this.#counters.protocolErrors++;
		this.#end(error);
	}

	#refuse(error: string): void {
		this.#counters.authFailures++;
		this.#end(error);
	}

	/** Says why, and hangs up. */
	#end(error: string): void {
		if (this.#closed) return;
		this.#send(`-ERR '${error}'\r\n`);
		this.close();
	}

	#allowed(): boolean {
		if (!this.#authorized) this.#refuse('Authorization Violation');
		return this.#authorized;
	}

	#ok(): void {
		if (this.#verbose) this.#send('+OK\r\n');
	}

	#deliver(sid: string, envelope: Envelope): void {
		const { subject, reply, data, headers, status } = envelope;
		const target = reply === undefined ? `${subject} ${sid}` : `${subject} ${sid} ${reply}`;
		if (this.#headers && (headers.size > 0 || status !== undefined)) {
			const block = encodeHeaders(headers, status);
			this.#send(`HMSG ${target} ${block.length} ${block.length + data.length}\r\n`);
			this.#push(block);
		} else {
			this.#send(`MSG ${target} ${data.length}\r\n`);
		}
		this.#push(data);
		this.#push(lineBreak);
	}

	#send(text: string): void {
		this.#push(encoder.encode(text));
	}

	/** Collects what is to be written; one write for each turn of the event loop. */
	#push(bytes: Uint8Array): void {
		if (this.#closed) return;
		if (this.#out.length === 0) queueMicrotask(() => this.#flush());
		this.#out.push(bytes);
		this.#outBytes += bytes.length;
		if (this.#outBytes + this.#socket.writableLength > this.#limits.maxWaitingBytes) this.#slow();
	}

	#flush(): void {
		if (this.#out.length === 0 || this.#closed) return;
		const waiting = this.#out;
		this.#out = [];
		this.#outBytes = 0;
		this.#socket.write(waiting.length === 1 ? (waiting[0] as Uint8Array) : Buffer.concat(waiting));
	}

	/** The client does not read what it asked for: keeping it all would cost this process its memory. */
	#slow(): void {
		if (this.#closed) return;
		this.#counters.slowConsumers++;
		this.#release();
		this.#socket.destroy();
	}

	#release(): void {
		if (this.#closed) return;
		this.#closed = true;
		this.#parser.stop();
		clearTimeout(this.#authTimer);
		this.#out = [];
		this.#outBytes = 0;
		for (const subscription of [...this.#subscriptions.values()]) subscription.unsubscribe();
	}
}

function sameText(given: unknown, expected: string): boolean {
	const digest = (text: string): Buffer => createHash('sha256').update(text).digest();
	return typeof given === 'string' && timingSafeEqual(digest(given), digest(expected));
}

/**
 * Reads what a NATS client sends (CONNECT, PING, PONG, PUB, HPUB, SUB, UNSUB) from chunks of any size. Lines and bodies
 * are bounded; the first mistake ends it: `failed` is called once, and whatever follows is ignored.
 */

import { noHeaders } from '../payload.ts';
import { type DecodedHeaders, decodeHeaders } from './nats-headers.ts';

export interface NatsTextHandler {
	connect(options: Readonly<Record<string, unknown>>): void;
	ping(): void;
	pong(): void;
	/** `data` belongs to the handler. */
	publish(subject: string, reply: string | undefined, headers: DecodedHeaders, data: Uint8Array): void;
	subscribe(pattern: string, queue: string | undefined, sid: string): void;
	/** `max`: not before that many messages have been delivered in all. */
	unsubscribe(sid: string, max: number | undefined): void;
	/** The text for the client's -ERR. */
	failed(error: string): void;
}

export interface NatsTextLimits {
	/** Longest line before a body, in bytes. */
	readonly maxLineBytes: number;
	/** Largest body: headers and payload. */
	readonly maxPayloadBytes: number;
}

interface PendingBody {
	readonly subject: string;
	readonly reply: string | undefined;
	readonly headerLength: number;
	/** Headers and payload, without the line break behind them. */
	readonly length: number;
}

const decoder = new TextDecoder();
const lineFeed = 0x0a;
const carriageReturn = 0x0d;
const none: DecodedHeaders = { headers: noHeaders, status: undefined };

/** Memory for a body is taken as it arrives, not as it is announced. */
const firstBodyBytes = 16 * 1024;

export class NatsTextParser {
	readonly #handler: NatsTextHandler;
	readonly #limits: NatsTextLimits;
	readonly #line: Uint8Array;
	#lineLength = 0;
	#body: PendingBody | undefined;
	#bytes = new Uint8Array(0);
	#filled = 0;
	#failed = false;

	constructor(handler: NatsTextHandler, limits: NatsTextLimits) {
		this.#handler = handler;
		this.#limits = limits;
		this.#line = new Uint8Array(limits.maxLineBytes);
	}

	/** Takes the next bytes; calls the handler for everything that is complete with them. */
	feed(chunk: Uint8Array): void {
		let at = 0;
		while (at < chunk.length && !this.#failed) {
			at = this.#body === undefined ? this.#feedLine(chunk, at) : this.#feedBody(this.#body, chunk, at);
		}
	}

	/** Ends the parsing, as a mistake does: the connection is going away. */
	stop(): void {
		this.#failed = true;
	}

	#fail(error: string): void {
		if (this.#failed) return;
		this.#failed = true;
		this.#handler.failed(error);
	}

	#feedLine(chunk: Uint8Array, at: number): number {
		const end = chunk.indexOf(lineFeed, at);
		const stop = end < 0 ? chunk.length : end;
		if (this.#lineLength + stop - at > this.#limits.maxLineBytes) {
			this.#fail('Maximum Control Line Exceeded');
			return chunk.length;
		}
		this.#line.set(chunk.subarray(at, stop), this.#lineLength);
		this.#lineLength += stop - at;
		if (end < 0) return chunk.length;
		const hasReturn = this.#lineLength > 0 && this.#line[this.#lineLength - 1] === carriageReturn;
		const text = decoder.decode(this.#line.subarray(0, hasReturn ? this.#lineLength - 1 : this.#lineLength));
		this.#lineLength = 0;
		this.#operation(text);
		return end + 1;
	}

	#operation(line: string): void {
		const [, word = '', rest = ''] = line.match(/^([A-Za-z+-]+)(?:[ \t]+(.*))?$/) ?? [];
		const args = rest.split(/[ \t]+/).filter((arg) => arg !== '');
		const name = word.toUpperCase();
		if (name === 'PUB' || name === 'HPUB') this.#publish(args, name === 'HPUB');
		else if (name === 'SUB') this.#subscribe(args);
		else if (name === 'UNSUB') this.#unsubscribe(args);
		else if (name === 'PING') this.#handler.ping();
		else if (name === 'PONG') this.#handler.pong();
		else if (name === 'CONNECT') this.#connect(rest);
		else this.#fail('Unknown Protocol Operation');
	}

	#connect(json: string): void {
		let options: unknown;
		try {
			options = JSON.parse(json);
		} catch {
			options = undefined;
		}
		if (typeof options !== 'object' || options === null || Array.isArray(options)) {
			this.#fail('Invalid CONNECT');
			return;
		}
		this.#handler.connect(options as Record<string, unknown>);
	}

	/** PUB subject [reply] length, HPUB subject [reply] header-length length. */
	#publish(args: string[], withHeaders: boolean): void {
		const sizes = args.splice(withHeaders ? -2 : -1).map(sizeOf);
		const [subject, reply] = args;
		const length = sizes[sizes.length - 1];
		const headerLength = withHeaders ? sizes[0] : 0;
		if (subject === undefined || args.length > 2 || length === undefined || headerLength === undefined) {
			this.#fail(`Parser Error: ${withHeaders ? 'HPUB' : 'PUB'}`);
		} else if (length > this.#limits.maxPayloadBytes) {
			this.#fail('Maximum Payload Violation');
		} else if (headerLength > length) {
			this.#fail('Parser Error: HPUB with headers longer than the message');
		} else {
			this.#body = { subject, reply, headerLength, length };
			this.#bytes = new Uint8Array(Math.min(length + 2, firstBodyBytes));
			this.#filled = 0;
		}
	}

	#subscribe(args: string[]): void {
		const sid = args.at(-1);
		const [pattern, queue] = args.slice(0, -1);
		if (sid === undefined || pattern === undefined || args.length > 3) this.#fail('Parser Error: SUB');
		else this.#handler.subscribe(pattern, queue, sid);
	}

	#unsubscribe(args: string[]): void {
		const [sid, max] = args;
		const count = max === undefined ? undefined : sizeOf(max);
		if (sid === undefined || args.length > 2 || (max !== undefined && count === undefined)) {
			this.#fail('Parser Error: UNSUB');
			return;
		}
		this.#handler.unsubscribe(sid, count === 0 ? undefined : count);
	}

	#feedBody(body: PendingBody, chunk: Uint8Array, at: number): number {
		const need = body.length + 2;
		const take = Math.min(need - this.#filled, chunk.length - at);
		if (this.#filled + take > this.#bytes.length) {
			const larger = new Uint8Array(Math.min(need, Math.max(this.#bytes.length * 2, this.#filled + take)));
			larger.set(this.#bytes.subarray(0, this.#filled));
			this.#bytes = larger;
		}
		this.#bytes.set(chunk.subarray(at, at + take), this.#filled);
		this.#filled += take;
		if (this.#filled === need) this.#finishBody(body);
		return at + take;
	}

	#finishBody(body: PendingBody): void {
		const { subject, reply, headerLength, length } = body;
		const bytes = this.#bytes;
		this.#body = undefined;
		this.#bytes = new Uint8Array(0);
		if (bytes[length] !== carriageReturn || bytes[length + 1] !== lineFeed) {
			this.#fail('Parser Error: the message is longer than its length');
			return;
		}
		const headers = headerLength === 0 ? none : decodeHeaders(bytes.subarray(0, headerLength));
		if (headers === undefined) this.#fail('Parser Error: malformed headers');
		else this.#handler.publish(subject, reply, headers, bytes.subarray(headerLength, length));
	}
}

function sizeOf(text: string): number | undefined {
	return /^[0-9]{1,9}$/.test(text) ? Number(text) : undefined;
}

/** One received message; the same class for every driver, so that handlers cannot tell them apart. */
import type { HeadersInput, Message, Payload } from './bus.ts';
import type { HeaderMap } from './payload.ts';

const decoder = new TextDecoder();

/** Sends an answer to the reply subject; throws as `publish` does. */
export type Responder = (reply: string, payload: Payload, headers: HeadersInput | undefined) => void;

export class ReceivedMessage implements Message {
	readonly subject: string;
	readonly data: Uint8Array;
	readonly headers: HeaderMap;
	readonly reply: string | undefined;
	readonly #respond: Responder;

	constructor(subject: string, data: Uint8Array, headers: HeaderMap, reply: string | undefined, respond: Responder) {
		this.subject = subject;
		this.data = data;
		this.headers = headers;
		this.reply = reply;
		this.#respond = respond;
	}

	header(name: string): string | undefined {
		return this.headers.get(name)?.[0];
	}

	text(): string {
		return decoder.decode(this.data);
	}

	json(): unknown {
		return JSON.parse(this.text());
	}

	respond(payload: Payload, options?: { readonly headers?: HeadersInput }): boolean {
		if (this.reply === undefined) return false;
		this.#respond(this.reply, payload, options?.headers);
		return true;
	}
}

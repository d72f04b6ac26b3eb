/** Turning what callers pass into what goes over a bus: bytes and a checked map of headers. Always copies. */
import type { HeadersInput, Payload } from './bus.ts';
import { InvalidHeader, PayloadTooLarge } from './bus-error.ts';

export type HeaderMap = ReadonlyMap<string, readonly string[]>;

/** Shared by all messages without headers. */
export const noHeaders: HeaderMap = new Map();

const encoder = new TextEncoder();

/** A copy of the payload as bytes. Throws TypeError for what JSON cannot represent (undefined, functions, cycles). */
export function encodePayload(payload: Payload): Uint8Array {
	if (payload instanceof Uint8Array) return new Uint8Array(payload);
	if (typeof payload === 'string') return encoder.encode(payload);
	const text = JSON.stringify(payload) as string | undefined;
	if (text === undefined)
		throw new TypeError('A payload must be bytes, a string, or something that JSON can represent.');
	return encoder.encode(text);
}

/** What is wrong with a header name, in words, or undefined: printable ASCII without colon and space. */
export function headerNameProblem(name: string): string | undefined {
	if (name.length === 0) return 'its name is empty';
	for (let i = 0; i < name.length; i++) {
		const c = name.charCodeAt(i);
		if (c <= 0x20 || c >= 0x7f || c === 0x3a) return 'its name may only contain printable ASCII without ":" and space';
	}
	return undefined;
}

/** Checks and copies headers. Throws InvalidHeader. */
export function copyHeaders(headers: HeadersInput | undefined): HeaderMap {
	if (headers === undefined) return noHeaders;
	const map = new Map<string, readonly string[]>();
	for (const [name, value] of Object.entries(headers)) {
		const problem = headerNameProblem(name);
		if (problem !== undefined) throw new InvalidHeader(name, problem);
		const values = typeof value === 'string' ? [value] : [...value];
		for (const v of values) {
			if (/[\r\n\0]/.test(v)) throw new InvalidHeader(name, 'its value contains a line break or a NUL');
		}
		if (values.length > 0)
			map.set(
				name,
				values.map((v) => v.trim()),
			);
	}
	return map.size === 0 ? noHeaders : map;
}

/** First line of a block of headers. */
export const headerVersion = 'NATS/1.0';

/** Size of the headers in NATS's framing; 0 without headers. */
export function headerBytes(headers: HeaderMap): number {
	if (headers.size === 0) return 0;
	return encodeHeaders(headers).length;
}

/** The block of headers as NATS frames it, with an optional status behind the version ("503"). */
export function encodeHeaders(headers: HeaderMap, status?: string): Uint8Array {
	let text = status === undefined ? `${headerVersion}\r\n` : `${headerVersion} ${status}\r\n`;
	for (const [name, values] of headers) {
		for (const value of values) text += `${name}: ${value}\r\n`;
	}
	return encoder.encode(`${text}\r\n`);
}

/** Throws PayloadTooLarge if payload and headers together are above the limit. */
export function checkSize(data: Uint8Array, headers: HeaderMap, maxBytes: number): void {
	const bytes = data.length + headerBytes(headers);
	if (bytes > maxBytes) throw new PayloadTooLarge(bytes, maxBytes);
}

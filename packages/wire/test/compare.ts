/** Brings messages into a form that can be compared: what is a place in some array becomes the bytes found there. */
import type { Message, Span } from '../src/index.ts';

function isSpan(value: object): value is Span {
	return 'bytes' in value && 'at' in value && 'length' in value;
}

function plain(value: unknown): unknown {
	if (typeof value !== 'object' || value === null) return value;
	if (value instanceof Uint8Array) return Buffer.from(value).toString('hex');
	if (Array.isArray(value)) return value.map(plain);
	if (isSpan(value)) return plain(value.bytes.slice(value.at, value.at + value.length));
	return Object.fromEntries(Object.entries(value).map(([key, part]) => [key, plain(part)]));
}

/** The content of a message without the arrays that hold it. */
export function comparable({ func, message }: Message): unknown {
	if (!('bitmap' in message)) return { func, message: plain(message) };
	const { bitmap, bitmapAt, bitmapBytes, ...rest } = message;
	return { func, message: plain({ ...rest, bitmap: bitmap.slice(bitmapAt, bitmapAt + bitmapBytes) }) };
}

/** Bytes of a hex text that may contain spaces. */
export function hex(text: string): Uint8Array {
	return new Uint8Array(Buffer.from(text.replace(/\s/g, ''), 'hex'));
}

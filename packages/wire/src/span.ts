import { copyBytes } from './primitives.ts';

/**
 * A run of bytes inside a larger array: what decoding gives for key blobs, signatures and other variable parts, so that
 * nothing is copied. It is valid as long as the array keeps its contents.
 */
export interface Span {
	readonly bytes: Uint8Array;
	readonly at: number;
	readonly length: number;
}

export const EMPTY_SPAN: Span = { bytes: new Uint8Array(0), at: 0, length: 0 };

/** A whole array as a span. */
export function spanOf(bytes: Uint8Array): Span {
	return { bytes, at: 0, length: bytes.length };
}

/** The bytes of a span, copied into an array of their own. */
export function spanBytes(span: Span): Uint8Array {
	return span.bytes.slice(span.at, span.at + span.length);
}

/** Copies a span to `to[at...]` and returns the index after it. */
export function writeSpan(to: Uint8Array, at: number, span: Span): number {
	copyBytes(span.bytes, span.at, to, at, span.length);
	return at + span.length;
}

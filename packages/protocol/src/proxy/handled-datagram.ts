import { type CommonHeader, HEADER_BYTES } from '@uftp/wire';
import type { Endpoint } from '../ports.ts';

/**
 * A datagram that a proxy itself looks into: bytes[at .. at+length), and what its header says. The bytes are the
 * driver's: they may be changed, and what is kept of them is copied.
 */
export interface HandledDatagram {
	readonly now: number;
	readonly from: Endpoint;
	/** The number of `from.host` (`hostKey`). */
	readonly sourceKey: number;
	readonly header: Readonly<CommonHeader>;
	readonly bytes: Uint8Array;
	readonly at: number;
	readonly length: number;
}

/** Decodes what follows the common header. */
export function decodeBody<Message>(
	decode: (bytes: Uint8Array, at: number, length: number) => Message,
	{ bytes, at, length }: Pick<HandledDatagram, 'bytes' | 'at' | 'length'>,
): Message {
	return decode(bytes, at + HEADER_BYTES, length - HEADER_BYTES);
}

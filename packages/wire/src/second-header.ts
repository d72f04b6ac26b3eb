/**
 * What all messages share after the common header: the function again, the header length in 4-byte words (extensions
 * included), fixed fields, extensions, and a body that starts where the header length says.
 */
import { HEADER_BYTES } from './header.ts';
import { MAX_DATAGRAM_BYTES } from './limits.ts';
import { type Malformed, malformed } from './malformed.ts';

/** The header length field is one byte of 4-byte words. */
const MAX_SECOND_HEADER_BYTES = 255 * 4;

/**
 * Checks the second header at bytes[at .. at+length): the function is `func`, and the header length covers the
 * `fixedBytes` of the message and stays inside. Returns the length of the header in bytes (where the body starts).
 */
export function openSecondHeader(
	bytes: Uint8Array,
	at: number,
	length: number,
	func: number,
	fixedBytes: number,
): number | Malformed {
	if (length < fixedBytes || at + length > bytes.length) return malformed('too-short');
	if (length > MAX_DATAGRAM_BYTES - HEADER_BYTES) return malformed('too-long');
	if (bytes[at] !== func) return malformed('function-mismatch');
	const headerBytes = bytes[at + 1] * 4;
	if (headerBytes < fixedBytes) return malformed('header-too-short');
	if (headerBytes > length) return malformed('header-overrun');
	return headerBytes;
}

/** Before a message is written: there is room for all of it, and it fits a datagram. RangeError otherwise. */
export function claim(bytes: Uint8Array, at: number, length: number, name: string): void {
	if (length > MAX_DATAGRAM_BYTES - HEADER_BYTES) {
		const most = MAX_DATAGRAM_BYTES - HEADER_BYTES;
		throw new RangeError(`${name} of ${length} bytes does not fit a datagram (${most}); list fewer ids per message`);
	}
	if (at < 0 || at + length > bytes.length) {
		throw new RangeError(`no room for ${name} of ${length} bytes at ${at} of ${bytes.length}; pass a larger buffer`);
	}
}

/** The value of a header length field for a header of `headerBytes`; RangeError if it is no whole number of words. */
export function headerWords(headerBytes: number, name: string): number {
	if (headerBytes % 4 !== 0 || headerBytes > MAX_SECOND_HEADER_BYTES) {
		throw new RangeError(
			`the header of ${name} would be ${headerBytes} bytes; it must be a multiple of 4 and at most 1020: ` +
				'check the lengths of the keys and signatures in it',
		);
	}
	return headerBytes / 4;
}

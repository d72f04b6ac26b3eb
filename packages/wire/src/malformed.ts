/**
 * Why a datagram cannot be read. Network input never throws: a decoder returns one of these values, the caller counts
 * it and drops the datagram.
 */
export const MALFORMED_REASONS = {
	'too-short': 'The datagram ends before the fixed part of its message.',
	'too-long': 'The datagram is longer than the 9000 bytes that any UFTP program sends.',
	'wrong-version': 'The first byte is not 0x40, so this is not UFTP 4.x.',
	'unknown-function': 'The function byte is not a message number between 1 and 21.',
	'function-mismatch': 'The second header belongs to another message than the one expected here.',
	'header-too-short': 'The header length is smaller than the fixed part of this message.',
	'header-overrun': 'The header length reaches beyond the end of the datagram.',
	'header-length-mismatch': 'The header length is not exactly what the name and link lengths require.',
	'extension-overrun': 'An extension is shorter than its fields or reaches beyond the header.',
	'field-overrun': 'A key, signature or payload length reaches beyond the header or the datagram.',
	'length-mismatch': 'The lengths inside the message do not add up to the length of the datagram.',
	'name-too-long': 'A file name or link target is longer than 300 bytes.',
	'block-size-out-of-range': 'The block size is not between 512 and 8800 bytes.',
	'missing-extension': 'The message lacks the extension that carries its content.',
} as const;

export type MalformedReason = keyof typeof MALFORMED_REASONS;

export interface Malformed {
	readonly malformed: MalformedReason;
}

// One shared value per reason: dropping hostile datagrams costs no memory.
const VALUES = Object.fromEntries(
	Object.keys(MALFORMED_REASONS).map((reason) => [reason, Object.freeze({ malformed: reason })]),
) as Record<MalformedReason, Malformed>;

/** The shared value for a reason. */
export function malformed(reason: MalformedReason): Malformed {
	return VALUES[reason];
}

/** Tells what a decoder returned. */
export function isMalformed<T extends object>(decoded: T | Malformed): decoded is Malformed {
	return (decoded as Partial<Malformed>).malformed !== undefined;
}

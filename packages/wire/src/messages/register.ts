import { decodeIds, encodeIds } from '../id-list.ts';
import { fixedBytes, layout, type Timestamp, timestamp, u8, u16 } from '../layout.ts';
import { ID_BYTES } from '../limits.ts';
import { type Malformed, malformed } from '../malformed.ts';
import { MessageType } from '../message-type.ts';
import { claim, headerWords, openSecondHeader } from '../second-header.ts';
import { type Span, writeSpan } from '../span.ts';

/** A receiver's (or proxy's) answer to an ANNOUNCE (docs/protocol.md, section 4.2). */
export interface Register {
	/** The ANNOUNCE's timestamp plus the time since it came. */
	timestamp: Timestamp;
	/** 32 random bytes; all zero in plain sessions. */
	rand2: Uint8Array;
	/** Premaster or DH key; empty in plain sessions. */
	keyInfo: Span;
	/** The clients behind a proxy; empty from receivers. */
	ids: readonly number[];
}

export const RegisterLayout = layout(44, {
	func: u8,
	headerWords: u8,
	keyInfoBytes: u16,
	timestamp,
	rand2: fixedBytes(32),
});

/** Writes the second header and body; returns their length. The key info is zero-padded to whole words. */
export function encodeRegister(bytes: Uint8Array, at: number, message: Register): number {
	const headerBytes = RegisterLayout.size + Math.ceil(message.keyInfo.length / 4) * 4;
	const length = headerBytes + message.ids.length * ID_BYTES;
	claim(bytes, at, length, 'REGISTER');
	RegisterLayout.encode(bytes, at, {
		func: MessageType.REGISTER,
		headerWords: headerWords(headerBytes, 'REGISTER'),
		keyInfoBytes: message.keyInfo.length,
		timestamp: message.timestamp,
		rand2: message.rand2,
	});
	const keyEnd = writeSpan(bytes, at + RegisterLayout.size, message.keyInfo);
	bytes.fill(0, keyEnd, at + headerBytes);
	encodeIds(bytes, at + headerBytes, message.ids);
	return length;
}

export function decodeRegister(bytes: Uint8Array, at: number, length: number): Register | Malformed {
	const headerBytes = openSecondHeader(bytes, at, length, MessageType.REGISTER, RegisterLayout.size);
	if (typeof headerBytes !== 'number') return headerBytes;
	const fixed = RegisterLayout.decode(bytes, at);
	if (RegisterLayout.size + fixed.keyInfoBytes > headerBytes) return malformed('field-overrun');
	return {
		timestamp: fixed.timestamp,
		rand2: fixed.rand2,
		keyInfo: { bytes, at: at + RegisterLayout.size, length: fixed.keyInfoBytes },
		ids: decodeIds(bytes, at + headerBytes, at + length),
	};
}

import { HEADER_BYTES } from './header.ts';
import { layout, u16, u32 } from './layout.ts';
import { MAX_DATAGRAM_BYTES } from './limits.ts';
import { type Malformed, malformed } from './malformed.ts';
import { claim } from './second-header.ts';
import { type Span, writeSpan } from './span.ts';

/**
 * The envelope of an encrypted message (docs/protocol.md, section 4.18). It has no function and header length bytes of
 * its own: it stands directly behind the common header, whose function is 18. The plaintext of the payload is a
 * complete second header with its body. Hot: read the fields with `EncryptedLayout.fields.signatureBytes.get(bytes,
 * at)`.
 */
export const EncryptedLayout = layout(12, {
	counterHigh: u32,
	counterLow: u32,
	signatureBytes: u16,
	payloadBytes: u16,
});

/** Bytes before the signature, common header included: the additional data of GCM and CCM. */
export const ENCRYPTED_HEADER_BYTES = HEADER_BYTES + EncryptedLayout.size;

export interface Encrypted {
	/** The IV counter: 64 bits in two halves. */
	counterHigh: number;
	counterLow: number;
	/** Over the whole datagram with this field zeroed; empty for GCM and CCM. */
	signature: Span;
	/** Ciphertext, with the tag for GCM and CCM. */
	payload: Span;
}

/** Writes the 12 bytes of an envelope; allocates nothing and returns 12. The caller has the room. */
export function writeEncryptedHeader(
	bytes: Uint8Array,
	at: number,
	counter: number,
	signatureBytes: number,
	payloadBytes: number,
): number {
	const fields = EncryptedLayout.fields;
	fields.counterHigh.set(bytes, at, Math.floor(counter / 0x1_0000_0000));
	fields.counterLow.set(bytes, at, counter);
	fields.signatureBytes.set(bytes, at, signatureBytes);
	fields.payloadBytes.set(bytes, at, payloadBytes);
	return EncryptedLayout.size;
}

/**
 * Whether the envelope in bytes[at .. at+length), after the common header, is whole: its lengths must add up to
 * `length` exactly. Undefined if so, else the reason. Hot: allocates nothing.
 */
export function checkEncrypted(bytes: Uint8Array, at: number, length: number): Malformed | undefined {
	if (length < EncryptedLayout.size || at + length > bytes.length) return malformed('too-short');
	if (length > MAX_DATAGRAM_BYTES - HEADER_BYTES) return malformed('too-long');
	const { signatureBytes, payloadBytes } = EncryptedLayout.fields;
	const total = EncryptedLayout.size + signatureBytes.get(bytes, at) + payloadBytes.get(bytes, at);
	if (total > length) return malformed('field-overrun');
	return total === length ? undefined : malformed('length-mismatch');
}

export function encodeEncrypted(bytes: Uint8Array, at: number, message: Encrypted): number {
	const { counterHigh, counterLow, signature, payload } = message;
	const length = EncryptedLayout.size + signature.length + payload.length;
	claim(bytes, at, length, 'ENCRYPTED');
	EncryptedLayout.encode(bytes, at, {
		counterHigh,
		counterLow,
		signatureBytes: signature.length,
		payloadBytes: payload.length,
	});
	writeSpan(bytes, writeSpan(bytes, at + EncryptedLayout.size, signature), payload);
	return length;
}

export function decodeEncrypted(bytes: Uint8Array, at: number, length: number): Encrypted | Malformed {
	const wrong = checkEncrypted(bytes, at, length);
	if (wrong !== undefined) return wrong;
	const { counterHigh, counterLow, signatureBytes, payloadBytes } = EncryptedLayout.decode(bytes, at);
	const signatureAt = at + EncryptedLayout.size;
	return {
		counterHigh,
		counterLow,
		signature: { bytes, at: signatureAt, length: signatureBytes },
		payload: { bytes, at: signatureAt + signatureBytes, length: payloadBytes },
	};
}

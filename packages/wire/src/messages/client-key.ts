import { layout, reserved, u8, u16 } from '../layout.ts';
import { type Malformed, malformed } from '../malformed.ts';
import { MessageType } from '../message-type.ts';
import { claim, headerWords, openSecondHeader } from '../second-header.ts';
import { type Span, writeSpan } from '../span.ts';

/** A receiver shows its public key and proves that it owns it (docs/protocol.md, section 4.3). */
export interface ClientKey {
	publicKey: Span;
	signature: Span;
}

/** The part before key and signature. */
export const ClientKeyLayout = layout(8, {
	func: u8,
	headerWords: u8,
	zero: reserved(2),
	publicKeyBytes: u16,
	signatureBytes: u16,
});

/** Writes the second header; key and signature together must be whole words (RangeError). Returns the length. */
export function encodeClientKey(bytes: Uint8Array, at: number, message: ClientKey): number {
	const { publicKey, signature } = message;
	const length = ClientKeyLayout.size + publicKey.length + signature.length;
	claim(bytes, at, length, 'CLIENT_KEY');
	ClientKeyLayout.encode(bytes, at, {
		func: MessageType.CLIENT_KEY,
		headerWords: headerWords(length, 'CLIENT_KEY'),
		publicKeyBytes: publicKey.length,
		signatureBytes: signature.length,
	});
	writeSpan(bytes, writeSpan(bytes, at + ClientKeyLayout.size, publicKey), signature);
	return length;
}

export function decodeClientKey(bytes: Uint8Array, at: number, length: number): ClientKey | Malformed {
	const headerBytes = openSecondHeader(bytes, at, length, MessageType.CLIENT_KEY, ClientKeyLayout.size);
	if (typeof headerBytes !== 'number') return headerBytes;
	const { publicKeyBytes, signatureBytes } = ClientKeyLayout.decode(bytes, at);
	if (ClientKeyLayout.size + publicKeyBytes + signatureBytes > headerBytes) return malformed('field-overrun');
	const keyAt = at + ClientKeyLayout.size;
	return {
		publicKey: { bytes, at: keyAt, length: publicKeyBytes },
		signature: { bytes, at: keyAt + publicKeyBytes, length: signatureBytes },
	};
}

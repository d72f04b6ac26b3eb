import { layout, reserved, u8, u16, u32 } from '../layout.ts';
import { type Malformed, malformed } from '../malformed.ts';
import { MessageType } from '../message-type.ts';
import { claim, headerWords, openSecondHeader } from '../second-header.ts';
import { type Span, writeSpan } from '../span.ts';

/** A receiver asks its response proxy for the proxy's key (docs/protocol.md, section 4.16). It has no content. */
export type KeyReq = Record<never, never>;

export const KeyReqLayout = layout(4, { func: u8, headerWords: u8, zero: reserved(2) });

export function encodeKeyReq(bytes: Uint8Array, at: number, _message: KeyReq = {}): number {
	const length = KeyReqLayout.size;
	claim(bytes, at, length, 'KEY_REQ');
	KeyReqLayout.encode(bytes, at, { func: MessageType.KEY_REQ, headerWords: length / 4 });
	return length;
}

export function decodeKeyReq(bytes: Uint8Array, at: number, length: number): KeyReq | Malformed {
	const headerBytes = openSecondHeader(bytes, at, length, MessageType.KEY_REQ, KeyReqLayout.size);
	return typeof headerBytes !== 'number' ? headerBytes : {};
}

/** The proxy's keys, multicast to its public groups. */
export interface ProxyKey {
	nonce: number;
	publicKey: Span;
	/** Empty unless the proxy does Diffie-Hellman. */
	dhKey: Span;
	/** Over the four nonce bytes; the keys are not covered. */
	signature: Span;
}

/** The part before the keys and the signature. */
export const ProxyKeyLayout = layout(12, {
	func: u8,
	headerWords: u8,
	publicKeyBytes: u16,
	dhKeyBytes: u16,
	signatureBytes: u16,
	nonce: u32,
});

/** Keys and signature together must be whole words (RangeError). Returns the length. */
export function encodeProxyKey(bytes: Uint8Array, at: number, message: ProxyKey): number {
	const { nonce, publicKey, dhKey, signature } = message;
	const length = ProxyKeyLayout.size + publicKey.length + dhKey.length + signature.length;
	claim(bytes, at, length, 'PROXY_KEY');
	ProxyKeyLayout.encode(bytes, at, {
		func: MessageType.PROXY_KEY,
		headerWords: headerWords(length, 'PROXY_KEY'),
		publicKeyBytes: publicKey.length,
		dhKeyBytes: dhKey.length,
		signatureBytes: signature.length,
		nonce,
	});
	let next = writeSpan(bytes, at + ProxyKeyLayout.size, publicKey);
	next = writeSpan(bytes, next, dhKey);
	writeSpan(bytes, next, signature);
	return length;
}

export function decodeProxyKey(bytes: Uint8Array, at: number, length: number): ProxyKey | Malformed {
	const headerBytes = openSecondHeader(bytes, at, length, MessageType.PROXY_KEY, ProxyKeyLayout.size);
	if (typeof headerBytes !== 'number') return headerBytes;
	const { nonce, publicKeyBytes, dhKeyBytes, signatureBytes } = ProxyKeyLayout.decode(bytes, at);
	if (ProxyKeyLayout.size + publicKeyBytes + dhKeyBytes + signatureBytes > headerBytes)
		return malformed('field-overrun');
	const keyAt = at + ProxyKeyLayout.size;
	return {
		nonce,
		publicKey: { bytes, at: keyAt, length: publicKeyBytes },
		dhKey: { bytes, at: keyAt + publicKeyBytes, length: dhKeyBytes },
		signature: { bytes, at: keyAt + publicKeyBytes + dhKeyBytes, length: signatureBytes },
	};
}

import { layout, reserved, u8, u16, u32 } from '../layout.ts';
import { type Malformed, malformed } from '../malformed.ts';
import { MessageType } from '../message-type.ts';
import { claim, headerWords, openSecondHeader } from '../second-header.ts';
import { type Span, writeSpan } from '../span.ts';

/** "I am here", to a proxy (docs/protocol.md, section 4.14). Group id and sequence of the datagram are 0. */
export interface HbReq {
	/** The proxy's last challenge; 0 when not authenticated. */
	nonce: number;
	/** Empty when not authenticated. */
	publicKey: Span;
	/** Over the four nonce bytes; empty when not authenticated. */
	signature: Span;
}

/** The part before key and signature. */
export const HbReqLayout = layout(12, {
	func: u8,
	headerWords: u8,
	zero: reserved(2),
	publicKeyBytes: u16,
	signatureBytes: u16,
	nonce: u32,
});

/** Key and signature together must be whole words (RangeError). Returns the length. */
export function encodeHbReq(bytes: Uint8Array, at: number, message: HbReq): number {
	const { nonce, publicKey, signature } = message;
	const length = HbReqLayout.size + publicKey.length + signature.length;
	claim(bytes, at, length, 'HB_REQ');
	HbReqLayout.encode(bytes, at, {
		func: MessageType.HB_REQ,
		headerWords: headerWords(length, 'HB_REQ'),
		publicKeyBytes: publicKey.length,
		signatureBytes: signature.length,
		nonce,
	});
	writeSpan(bytes, writeSpan(bytes, at + HbReqLayout.size, publicKey), signature);
	return length;
}

export function decodeHbReq(bytes: Uint8Array, at: number, length: number): HbReq | Malformed {
	const headerBytes = openSecondHeader(bytes, at, length, MessageType.HB_REQ, HbReqLayout.size);
	if (typeof headerBytes !== 'number') return headerBytes;
	const { nonce, publicKeyBytes, signatureBytes } = HbReqLayout.decode(bytes, at);
	if (HbReqLayout.size + publicKeyBytes + signatureBytes > headerBytes) return malformed('field-overrun');
	const keyAt = at + HbReqLayout.size;
	return {
		nonce,
		publicKey: { bytes, at: keyAt, length: publicKeyBytes },
		signature: { bytes, at: keyAt + publicKeyBytes, length: signatureBytes },
	};
}

/** A proxy's answer to a heartbeat. */
export interface HbResp {
	/** 0 failed, 1 ok, 2 challenge: sign the nonce. */
	result: number;
	nonce: number;
}

export const HbRespLayout = layout(8, { func: u8, headerWords: u8, result: u8, zero: reserved(1), nonce: u32 });

export function encodeHbResp(bytes: Uint8Array, at: number, message: HbResp): number {
	const length = HbRespLayout.size;
	claim(bytes, at, length, 'HB_RESP');
	const { result, nonce } = message;
	HbRespLayout.encode(bytes, at, { func: MessageType.HB_RESP, headerWords: length / 4, result, nonce });
	return length;
}

export function decodeHbResp(bytes: Uint8Array, at: number, length: number): HbResp | Malformed {
	const headerBytes = openSecondHeader(bytes, at, length, MessageType.HB_RESP, HbRespLayout.size);
	if (typeof headerBytes !== 'number') return headerBytes;
	const { result, nonce } = HbRespLayout.decode(bytes, at);
	return { result, nonce };
}

/**
 * Header extensions: type, length in words, fields. 4.10.2 looks only at the first one directly after the fixed header
 * and skips one of another type together with all that follows; so do we. FILEINFO, DONE_CONF and CONG_CTRL must not
 * carry any (docs/protocol.md, section 3.3).
 */
import { fixedBytes, layout, reserved, type Timestamp, timestamp, u8, u16, u32, u64 } from './layout.ts';
import { type Malformed, malformed } from './malformed.ts';
import { type Span, writeSpan } from './span.ts';

export const ExtensionType = {
	ENC_INFO: 1,
	TFMCC_DATA_INFO: 2,
	TFMCC_ACK_INFO: 3,
	FREESPACE_INFO: 7,
} as const;
export type ExtensionType = (typeof ExtensionType)[keyof typeof ExtensionType];

/** Bits of the `flags` of CONG_CTRL items and TFMCC_ACK_INFO. */
export const CcFlag = { CLR: 0x01, RTT: 0x02, SLOW_START: 0x04 } as const;

/**
 * Looks at the first extension of the header bytes[at .. at+headerBytes) whose fixed part is `fixedBytes` long.
 * Returns its index if it is of `type`, -1 if there is none or it is another one, Malformed if it is of that type but
 * shorter than `leastBytes` or longer than the header.
 */
export function findExtension(
	bytes: Uint8Array,
	at: number,
	fixedBytes: number,
	headerBytes: number,
	type: ExtensionType,
	leastBytes: number,
): number | Malformed {
	if (headerBytes < fixedBytes + 4) return -1;
	const extensionAt = at + fixedBytes;
	if (bytes[extensionAt] !== type) return -1;
	const extensionBytes = bytes[extensionAt + 1] * 4;
	if (extensionBytes < leastBytes || fixedBytes + extensionBytes > headerBytes) return malformed('extension-overrun');
	return extensionAt;
}

/** What a FILESEG says about the sender's rate under TFMCC. Rates are 16-bit codes (`quantize.ts`). */
export const TfmccDataInfoLayout = layout(8, {
	type: u8,
	words: u8,
	sendRateCode: u16,
	ccSequence: u16,
	ccRateCode: u16,
});

export interface TfmccDataInfo {
	sendRateCode: number;
	ccSequence: number;
	ccRateCode: number;
}

export function decodeTfmccDataInfo(bytes: Uint8Array, at: number): TfmccDataInfo {
	const { sendRateCode, ccSequence, ccRateCode } = TfmccDataInfoLayout.fields;
	return {
		sendRateCode: sendRateCode.get(bytes, at),
		ccSequence: ccSequence.get(bytes, at),
		ccRateCode: ccRateCode.get(bytes, at),
	};
}

export function encodeTfmccDataInfo(bytes: Uint8Array, at: number, info: TfmccDataInfo): number {
	const { size } = TfmccDataInfoLayout;
	TfmccDataInfoLayout.encode(bytes, at, { type: ExtensionType.TFMCC_DATA_INFO, words: size / 4, ...info });
	return size;
}

/** A receiver's TFMCC feedback, on STATUS and CC_ACK. */
export const TfmccAckInfoLayout = layout(20, {
	type: u8,
	words: u8,
	flags: u8,
	zero: reserved(1),
	ccSequence: u16,
	ccRateCode: u16,
	clientId: u32,
	timestamp,
});

export interface TfmccAckInfo {
	/** Bits of `CcFlag`: RTT (the receiver knows its round trip time), SLOW_START. */
	flags: number;
	ccSequence: number;
	/** The rate that the receiver asks for, as a 16-bit code. */
	ccRateCode: number;
	clientId: number;
	timestamp: Timestamp;
}

export function decodeTfmccAckInfo(bytes: Uint8Array, at: number): TfmccAckInfo {
	const { flags, ccSequence, ccRateCode, clientId, timestamp } = TfmccAckInfoLayout.decode(bytes, at);
	return { flags, ccSequence, ccRateCode, clientId, timestamp };
}

export function encodeTfmccAckInfo(bytes: Uint8Array, at: number, info: TfmccAckInfo): number {
	const { size } = TfmccAckInfoLayout;
	TfmccAckInfoLayout.encode(bytes, at, { type: ExtensionType.TFMCC_ACK_INFO, words: size / 4, ...info });
	return size;
}

/** Free disk space in bytes, on the COMPLETE that answers a free-space request. */
export const FreeSpaceInfoLayout = layout(12, { type: u8, words: u8, zero: reserved(2), freeSpaceBytes: u64 });

export function encodeFreeSpaceInfo(bytes: Uint8Array, at: number, freeSpaceBytes: number): number {
	const { size } = FreeSpaceInfoLayout;
	FreeSpaceInfoLayout.encode(bytes, at, { type: ExtensionType.FREESPACE_INFO, words: size / 4, freeSpaceBytes });
	return size;
}

/** How a session is encrypted, on the ANNOUNCE: a fixed part, then public key, Diffie-Hellman key and signature. */
export const EncInfoLayout = layout(44, {
	type: u8,
	words: u8,
	flags: u8,
	keyExchangeAndSignature: u8,
	keyType: u8,
	hashType: u8,
	publicKeyBytes: u16,
	dhKeyBytes: u16,
	signatureBytes: u16,
	rand1: fixedBytes(32),
});

const CLIENT_AUTH_FLAG = 0x01;

export interface EncInfo {
	/** Receivers must prove who they are with a CLIENT_KEY. */
	clientAuth: boolean;
	/** 1 RSA, 2 ECDH_RSA, 3 ECDH_ECDSA. */
	keyExchange: number;
	/** 1 HMAC, 2 KEYEX, 3 AUTHENC. */
	signatureType: number;
	/** 1 DES, 2 3DES, 3/4 AES-128/256-CBC, 5/6 GCM, 7/8 CCM. */
	keyType: number;
	/** 2 SHA-1, 3/4/5 SHA-256/384/512. */
	hashType: number;
	/** 32 random bytes of the sender. */
	rand1: Uint8Array;
	publicKey: Span;
	/** Empty unless the key exchange is ECDH. */
	dhKey: Span;
	/** Signature of the whole datagram with this field zeroed; empty for key exchange RSA. */
	signature: Span;
}

/** Bytes that an ENC_INFO takes. */
export function encInfoBytes(info: EncInfo): number {
	return EncInfoLayout.size + info.publicKey.length + info.dhKey.length + info.signature.length;
}

/** Reads the ENC_INFO that `findExtension` found; its lengths must add up exactly. */
export function decodeEncInfo(bytes: Uint8Array, at: number): EncInfo | Malformed {
	const fixed = EncInfoLayout.decode(bytes, at);
	const { publicKeyBytes, dhKeyBytes, signatureBytes } = fixed;
	if (fixed.words * 4 !== EncInfoLayout.size + publicKeyBytes + dhKeyBytes + signatureBytes) {
		return malformed('length-mismatch');
	}
	const keyAt = at + EncInfoLayout.size;
	return {
		clientAuth: (fixed.flags & CLIENT_AUTH_FLAG) !== 0,
		keyExchange: fixed.keyExchangeAndSignature >> 4,
		signatureType: fixed.keyExchangeAndSignature & 0xf,
		keyType: fixed.keyType,
		hashType: fixed.hashType,
		rand1: fixed.rand1,
		publicKey: { bytes, at: keyAt, length: publicKeyBytes },
		dhKey: { bytes, at: keyAt + publicKeyBytes, length: dhKeyBytes },
		signature: { bytes, at: keyAt + publicKeyBytes + dhKeyBytes, length: signatureBytes },
	};
}

/** Writes an ENC_INFO; the caller has checked that its length is a multiple of 4. Returns its length. */
export function encodeEncInfo(bytes: Uint8Array, at: number, info: EncInfo): number {
	const length = encInfoBytes(info);
	EncInfoLayout.encode(bytes, at, {
		type: ExtensionType.ENC_INFO,
		words: length / 4,
		flags: info.clientAuth ? CLIENT_AUTH_FLAG : 0,
		keyExchangeAndSignature: (info.keyExchange << 4) | info.signatureType,
		keyType: info.keyType,
		hashType: info.hashType,
		publicKeyBytes: info.publicKey.length,
		dhKeyBytes: info.dhKey.length,
		signatureBytes: info.signature.length,
		rand1: info.rand1,
	});
	let next = at + EncInfoLayout.size;
	next = writeSpan(bytes, next, info.publicKey);
	next = writeSpan(bytes, next, info.dhKey);
	writeSpan(bytes, next, info.signature);
	return length;
}

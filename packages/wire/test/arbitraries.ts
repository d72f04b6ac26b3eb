/** One generator of well-formed messages for each message type. */
import fc from 'fast-check';
import {
	type CommonHeader,
	type EncInfo,
	formatAddress,
	type Message,
	type MessageByType,
	MessageType,
	type Span,
	spanOf,
	type TfmccAckInfo,
} from '../src/index.ts';

const u8 = fc.integer({ min: 0, max: 0xff });
const u16 = fc.integer({ min: 0, max: 0xffff });
const u32 = fc.integer({ min: 0, max: 0xffff_ffff });
const bit = fc.boolean();
const timestamp = fc.record({ seconds: u32, microseconds: u32 });
/** Not 0: that would end the list. */
const ids = fc.array(fc.integer({ min: 1, max: 0xffff_ffff }), { maxLength: 40 });

function bytes(minLength: number, maxLength = minLength): fc.Arbitrary<Uint8Array> {
	return fc.uint8Array({ minLength, maxLength });
}

/** A span in the middle of a larger array, of whole words. */
function span(maxWords: number): fc.Arbitrary<Span> {
	return fc
		.tuple(fc.nat(maxWords), fc.nat(7))
		.chain(([words, at]) => bytes(at + words * 4 + 3).map((array) => ({ bytes: array, at, length: words * 4 })));
}

const encInfo: fc.Arbitrary<EncInfo> = fc.record({
	clientAuth: bit,
	keyExchange: fc.integer({ min: 0, max: 15 }),
	signatureType: fc.integer({ min: 0, max: 15 }),
	keyType: u8,
	hashType: u8,
	rand1: bytes(32),
	publicKey: span(66),
	dhKey: span(34),
	signature: span(64),
});

const tfmccAck: fc.Arbitrary<TfmccAckInfo> = fc.record({
	flags: u8,
	ccSequence: u16,
	ccRateCode: u16,
	clientId: u32,
	timestamp,
});

const announce = fc.constantFrom(4 as const, 6 as const).chain((family) => {
	const size = family === 4 ? 4 : 16;
	const address = bytes(size).map((array) => formatAddress(array, 0, size));
	const required = {
		sync: bit,
		preview: bit,
		family: fc.constant(family),
		robust: u8,
		ccType: u8,
		blockBytes: fc.integer({ min: 512, max: 8800 }),
		timestamp,
		publicAddress: address,
		privateAddress: address,
		ids,
	};
	return fc.oneof(fc.record(required), fc.record({ ...required, encInfo }));
});

/** Up to 300 bytes of UTF-8 without a zero byte. */
const name = fc
	.string({ unit: 'grapheme', maxLength: 60 })
	.map((text) => text.replaceAll('\0', '_'))
	.filter((text) => new TextEncoder().encode(text).length <= 300);

const fileSegFields = { fileId: u16, section: u16, block: u16, data: bytes(0, 1300).map(spanOf) };
const tfmccData = fc.record({ sendRateCode: u16, ccSequence: u16, ccRateCode: u16 });

const status = fc.tuple(bytes(0, 200), fc.nat(9), fc.option(tfmccAck)).chain(([bitmap, skipped, ack]) =>
	fc.record({ fileId: u16, section: u16 }).map((fixed) => {
		const bitmapAt = Math.min(skipped, bitmap.length);
		const base = { ...fixed, bitmap, bitmapAt, bitmapBytes: bitmap.length - bitmapAt };
		return ack === null ? base : { ...base, tfmccAck: ack };
	}),
);

const completeFields = { fileId: u16, status: u8, ids };

/** Text that fits an ABORT: at most 299 bytes, no zero byte. */
const abortText = name.filter((text) => new TextEncoder().encode(text).length < 300);

const congCtrlItem = fc.record({ clientId: u32, flags: u8, rttCode: u8 });

export const MESSAGES: { readonly [T in MessageType]: fc.Arbitrary<MessageByType[T]> } = {
	[MessageType.ANNOUNCE]: announce,
	[MessageType.REGISTER]: fc.record({ timestamp, rand2: bytes(32), keyInfo: span(64), ids }),
	[MessageType.CLIENT_KEY]: fc.record({ publicKey: span(66), signature: span(64) }),
	[MessageType.REG_CONF]: fc.record({ ids }),
	[MessageType.KEYINFO]: fc.record({
		counter: fc.bigInt({ min: 0n, max: 0xffff_ffff_ffff_ffffn }),
		items: fc.array(fc.record({ clientId: u32, wrappedKey: bytes(48).map(spanOf) }), { maxLength: 25 }),
	}),
	[MessageType.KEYINFO_ACK]: fc.record({ verifyData: bytes(12) }),
	[MessageType.FILEINFO]: fc.record(
		{
			fileId: u16,
			type: u8,
			name,
			link: name,
			size: fc.integer({ min: 0, max: 2 ** 48 - 1 }),
			modifiedSeconds: fc.option(fc.integer({ min: -8.64e12, max: 8.64e12 }), { nil: undefined }),
			timestamp,
			ids,
			permissions: fc.integer({ min: 0o600, max: 0o777 }),
		},
		{ requiredKeys: ['fileId', 'type', 'name', 'link', 'size', 'modifiedSeconds', 'timestamp', 'ids'] },
	),
	[MessageType.FILEINFO_ACK]: fc.record({ fileId: u16, partial: bit, timestamp, ids }),
	[MessageType.FILESEG]: fc.oneof(fc.record(fileSegFields), fc.record({ ...fileSegFields, tfmccData })),
	[MessageType.DONE]: fc.record({ fileId: u16, section: u16, ids }),
	[MessageType.STATUS]: status,
	[MessageType.COMPLETE]: fc.oneof(
		fc.record(completeFields),
		fc.record({ ...completeFields, freeSpaceBytes: fc.maxSafeNat() }),
	),
	[MessageType.DONE_CONF]: fc.record({ ids }),
	[MessageType.HB_REQ]: fc.record({ nonce: u32, publicKey: span(66), signature: span(64) }),
	[MessageType.HB_RESP]: fc.record({ result: u8, nonce: u32 }),
	[MessageType.KEY_REQ]: fc.constant({}),
	[MessageType.PROXY_KEY]: fc.record({ nonce: u32, publicKey: span(66), dhKey: span(34), signature: span(64) }),
	[MessageType.ENCRYPTED]: fc.record({
		counterHigh: u32,
		counterLow: u32,
		signature: span(64),
		payload: bytes(0, 1400).map(spanOf),
	}),
	[MessageType.ABORT]: fc.record({ currentFileOnly: bit, host: u32, message: abortText }),
	[MessageType.CONG_CTRL]: fc.record({
		ccSequence: u16,
		ccRateCode: u16,
		timestamp,
		items: fc.array(congCtrlItem, { maxLength: 40 }),
	}),
	[MessageType.CC_ACK]: fc.record({ tfmccAck }),
};

export const ALL_TYPES: readonly MessageType[] = Object.values(MessageType);

/** A message of one type, with its number. */
export function messageOf(func: MessageType): fc.Arbitrary<Message> {
	return (MESSAGES[func] as fc.Arbitrary<unknown>).map((message) => ({ func, message }) as Message);
}

export const anyMessage: fc.Arbitrary<Message> = fc.constantFrom(...ALL_TYPES).chain(messageOf);

export const commonHeader: fc.Arbitrary<CommonHeader> = fc.record({
	func: fc.constantFrom(...ALL_TYPES),
	sequence: u16,
	sourceId: u32,
	groupId: u32,
	groupInstance: u8,
	grtt: u8,
	groupSize: u8,
});

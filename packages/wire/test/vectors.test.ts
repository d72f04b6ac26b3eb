import { describe, expect, it } from 'vitest';
import {
	decodeMessage,
	EMPTY_SPAN,
	encodeMessage,
	HEADER_BYTES,
	isMalformed,
	type Message,
	MessageType,
	spanOf,
	writeEncryptedHeader,
	writeFileSegHeader,
	writeHeader,
} from '../src/index.ts';
import { comparable, hex } from './compare.ts';

const timestamp = { seconds: 0x5e0d5da5, microseconds: 0x000f4240 };
const TIME = '5e0d5da5 000f4240';
const ids = [0x0a630002, 0x0a630003];
const IDS = '0a630002 0a630003';

function text(message: Message): string {
	const bytes = new Uint8Array(9000).fill(0xee);
	return Buffer.from(bytes.subarray(0, encodeMessage(bytes, 0, message))).toString('hex');
}

/** Each message as docs/protocol.md, section 4, lays it out, after the common header. */
const VECTORS: readonly (readonly [string, Message, string])[] = [
	[
		'ANNOUNCE',
		{
			func: MessageType.ANNOUNCE,
			message: {
				...{ sync: false, preview: false, family: 4, robust: 20, ccType: 0, blockBytes: 1300, timestamp, ids },
				...{ publicAddress: '230.4.4.1', privateAddress: '230.5.5.77' },
			},
		},
		`01060014 00000514 ${TIME} e6040401 e605054d ${IDS}`,
	],
	[
		'ANNOUNCE over IPv6, as a preview of sync mode, under TFMCC',
		{
			func: MessageType.ANNOUNCE,
			message: {
				...{ sync: true, preview: true, family: 6, robust: 10, ccType: 2, blockBytes: 512, timestamp, ids: [] },
				...{ publicAddress: 'ff15::4:1', privateAddress: '::' },
			},
		},
		`010c070a 02000200 ${TIME} ff150000 00000000 00000000 00040001 00000000 00000000 00000000 00000000`,
	],
	[
		'REGISTER',
		{ func: MessageType.REGISTER, message: { timestamp, rand2: new Uint8Array(32), keyInfo: EMPTY_SPAN, ids: [] } },
		`020b0000 ${TIME} ${'00'.repeat(32)}`,
	],
	['REG_CONF', { func: MessageType.REG_CONF, message: { ids } }, `04010000 ${IDS}`],
	[
		'KEYINFO',
		{
			func: MessageType.KEYINFO,
			message: {
				counter: 0x1_0000_0002n,
				items: [{ clientId: 0x0a630002, wrappedKey: spanOf(new Uint8Array(48).fill(7)) }],
			},
		},
		`05030000 00000001 00000002 0a630002 ${'07'.repeat(48)}`,
	],
	[
		'KEYINFO_ACK',
		{ func: MessageType.KEYINFO_ACK, message: { verifyData: new Uint8Array(12).fill(9) } },
		`06040000 ${'09'.repeat(12)}`,
	],
	[
		'FILEINFO',
		{
			func: MessageType.FILEINFO,
			message: {
				...{ fileId: 1, type: 0, name: 'small.bin', link: '', size: 5000, modifiedSeconds: 0x5e0d5da5, timestamp, ids },
			},
		},
		`070a0001 00000000 03000000 00001388 5e0d5da5 ${TIME} 736d616c6c2e62696e000000 ${IDS}`,
	],
	[
		'FILEINFO of a file beyond 32 bits with a name of four bytes, without a terminator',
		{
			func: MessageType.FILEINFO,
			message: {
				...{
					fileId: 7,
					type: 2,
					name: 'd/f1',
					link: 'x',
					size: 0x1234_5678_9abc,
					modifiedSeconds: undefined,
					timestamp,
					ids: [],
				},
			},
		},
		`07090007 02000000 01011234 56789abc 00000000 ${TIME} 642f6631 78000000`,
	],
	...(
		[
			['in 1965, as C says it', -141_000_000, '0000', 'f79882c0'],
			['of the very beginning of 1970', 0, '8000', '00000000'],
			['in 2110', 4_417_977_600, '8001', '0754fd00'],
			['in 1801', -5_320_000_000, 'fffe', 'c2e73e00'],
		] as const
	).map(([what, modifiedSeconds, high, low]): readonly [string, Message, string] => [
		`FILEINFO of a file with a time ${what}`,
		{
			func: MessageType.FILEINFO,
			message: { fileId: 1, type: 0, name: 'f', link: '', size: 1, modifiedSeconds, timestamp, ids: [] },
		},
		`07080001 0000${high} 01000000 00000001 ${low} ${TIME} 66000000`,
	]),
	[
		'FILEINFO_ACK',
		{ func: MessageType.FILEINFO_ACK, message: { fileId: 1, partial: true, timestamp, ids: [] } },
		`08040001 01000000 ${TIME}`,
	],
	[
		'FILESEG',
		{ func: MessageType.FILESEG, message: { fileId: 1, section: 2, block: 0xbbbb, data: spanOf(hex('646174')) } },
		'09020001 0002bbbb 646174',
	],
	[
		'FILESEG under TFMCC',
		{
			func: MessageType.FILESEG,
			message: {
				...{ fileId: 1, section: 0, block: 3, data: spanOf(hex('01')) },
				tfmccData: { sendRateCode: 0x20c5, ccSequence: 4, ccRateCode: 0x481e },
			},
		},
		'09040001 00000003 020220c5 0004481e 01',
	],
	['DONE', { func: MessageType.DONE, message: { fileId: 1, section: 0, ids } }, `0a020001 00000000 ${IDS}`],
	[
		'STATUS',
		{
			func: MessageType.STATUS,
			message: { fileId: 1, section: 3, bitmap: hex('ff8001'), bitmapAt: 1, bitmapBytes: 2 },
		},
		'0b020001 00030000 8001',
	],
	[
		'STATUS under TFMCC',
		{
			func: MessageType.STATUS,
			message: {
				...{ fileId: 1, section: 3, bitmap: hex('80'), bitmapAt: 0, bitmapBytes: 1 },
				tfmccAck: { flags: 6, ccSequence: 1, ccRateCode: 0x20c5, clientId: 0x0a630002, timestamp },
			},
		},
		`0b070001 00030000 03050600 000120c5 0a630002 ${TIME} 80`,
	],
	['COMPLETE', { func: MessageType.COMPLETE, message: { fileId: 1, status: 2, ids: [] } }, '0c020001 02000000'],
	[
		'COMPLETE that answers a free-space request',
		{ func: MessageType.COMPLETE, message: { fileId: 9, status: 0, freeSpaceBytes: 0x12_3456_789a, ids: [] } },
		'0c050009 00000000 07030000 00000012 3456789a',
	],
	['DONE_CONF', { func: MessageType.DONE_CONF, message: { ids } }, `0d010000 ${IDS}`],
	[
		'HB_REQ',
		{ func: MessageType.HB_REQ, message: { nonce: 0, publicKey: EMPTY_SPAN, signature: EMPTY_SPAN } },
		'0e030000 00000000 00000000',
	],
	['HB_RESP', { func: MessageType.HB_RESP, message: { result: 2, nonce: 0xcafe } }, '0f020200 0000cafe'],
	['KEY_REQ', { func: MessageType.KEY_REQ, message: {} }, '10010000'],
	[
		'PROXY_KEY',
		{
			func: MessageType.PROXY_KEY,
			message: {
				nonce: 5,
				publicKey: spanOf(hex('aabbccdd')),
				dhKey: EMPTY_SPAN,
				signature: spanOf(hex('0102030405060708')),
			},
		},
		'11060004 00000008 00000005 aabbccdd 0102030405060708',
	],
	[
		'CLIENT_KEY',
		{
			func: MessageType.CLIENT_KEY,
			message: { publicKey: spanOf(hex('aabbccdd')), signature: spanOf(hex('01020304')) },
		},
		'03040000 00040004 aabbccdd 01020304',
	],
	[
		'ABORT',
		{ func: MessageType.ABORT, message: { currentFileOnly: true, host: 0x0a630002, message: 'Transfer timed out' } },
		`134d0100 0a630002 ${Buffer.from('Transfer timed out').toString('hex').padEnd(600, '0')}`,
	],
	[
		'CONG_CTRL',
		{
			func: MessageType.CONG_CTRL,
			message: {
				ccSequence: 2,
				ccRateCode: 0x481e,
				timestamp,
				items: [{ clientId: 0x0a630002, flags: 7, rttCode: 106 }],
			},
		},
		`14040000 0002481e ${TIME} 0a630002 076a0000`,
	],
	[
		'CC_ACK',
		{
			func: MessageType.CC_ACK,
			message: { tfmccAck: { flags: 2, ccSequence: 2, ccRateCode: 0x20c5, clientId: 0x0a630002, timestamp } },
		},
		`15060000 03050200 000220c5 0a630002 ${TIME}`,
	],
];

describe('messages spelled out byte by byte', () => {
	for (const [name, message, expected] of VECTORS) {
		it(`have these bytes and this meaning: ${name}`, () => {
			expect(text(message)).toBe(expected.replaceAll(' ', ''));
			const bytes = hex(expected);
			const decoded = decodeMessage(bytes, 0, bytes.length, message.func);
			if (isMalformed(decoded)) throw new Error(decoded.malformed);
			expect(comparable(decoded)).toEqual(comparable(message));
		});
	}

	it('put the common header in front as a known encrypted DONE has it', () => {
		const bytes = new Uint8Array(HEADER_BYTES).fill(0xee);
		const groupId = 0x11223344;
		writeHeader(bytes, 0, {
			...{ func: 10, sequence: 7, sourceId: 0x0a630001, groupId, groupInstance: 0, grtt: 0x6a, groupSize: 0x18 },
		});
		expect(Buffer.from(bytes).toString('hex')).toBe('400a00070a63000111223344006a1800');
	});

	it('read known envelopes', () => {
		const gcm = hex(
			`401200070a63000111223344006a180000000000000000050000001c
			b15edc4b3ce54f1833598c63ab76e2272da517043ad671a4a41d89a7`,
		);
		const decoded = decodeMessage(gcm, 16, gcm.length - 16, 18);
		expect(decoded).toMatchObject({
			message: { counterHigh: 0, counterLow: 5, signature: { length: 0 }, payload: { at: 28, length: 28 } },
		});
		const written = gcm.slice();
		written.fill(0xee, 16, 28);
		expect(writeEncryptedHeader(written, 16, 5, 0, 28)).toBe(12);
		expect(written).toEqual(gcm);
	});

	it('write a counter beyond 32 bits into an envelope', () => {
		const bytes = new Uint8Array(12);
		writeEncryptedHeader(bytes, 0, 0x1_0000_0002, 32, 16);
		expect(Buffer.from(bytes).toString('hex')).toBe('000000010000000200200010');
	});

	it('write the same data header on the data path as in a whole FILESEG', () => {
		const bytes = new Uint8Array(8).fill(0xee);
		expect(writeFileSegHeader(bytes, 0, 1, 2, 0xbbbb)).toBe(8);
		expect(Buffer.from(bytes).toString('hex')).toBe('090200010002bbbb');
	});
});

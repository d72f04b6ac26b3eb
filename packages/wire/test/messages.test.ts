import { describe, expect, it } from 'vitest';
import {
	congCtrlItemsPerMessage,
	decodeAbort,
	decodeAnnounce,
	decodeCcAck,
	decodeCongCtrl,
	decodeDoneConf,
	decodeEncrypted,
	decodeFileInfo,
	decodeFileSeg,
	decodeRegConf,
	decodeRegister,
	decodeStatus,
	encodeAbort,
	encodeAnnounce,
	encodeClientKey,
	encodeFileInfo,
	encodeKeyInfo,
	encodeRegConf,
	encodeRegister,
	type FileInfo,
	fileSegDataOffset,
	idsInclude,
	idsPerMessage,
	isMessageType,
	keyInfoItemsPerMessage,
	MESSAGE_TRAITS,
	MessageType,
	messageName,
	spanOf,
	statusBitmapBytes,
} from '../src/index.ts';
import { hex } from './compare.ts';

const timestamp = { seconds: 1, microseconds: 2 };
const TIME = '0000000100000002';

function decode<T>(decoder: (bytes: Uint8Array, at: number, length: number) => T, text: string): T {
	const bytes = hex(text);
	return decoder(bytes, 0, bytes.length);
}

const file: FileInfo = { fileId: 1, type: 0, name: 'f', link: '', size: 0, modifiedSeconds: 0, timestamp, ids: [] };

describe('the table of messages', () => {
	it('names all 21 as the constants do', () => {
		for (const [name, func] of Object.entries(MessageType)) expect(MESSAGE_TRAITS[func].name).toBe(name);
		expect(Object.keys(MESSAGE_TRAITS)).toHaveLength(21);
		expect([0, 1, 21, 22, 1.5].map(isMessageType)).toEqual([false, true, true, false, false]);
		expect(messageName(9)).toBe('FILESEG');
		expect(messageName(77)).toBe('function 77');
	});

	it('keeps clear what the C programs send in the clear', () => {
		const clear = Object.values(MESSAGE_TRAITS).filter((traits) => traits.encryption === 'never');
		expect(clear.map((traits) => traits.name)).toEqual([
			...['ANNOUNCE', 'REGISTER', 'CLIENT_KEY', 'REG_CONF', 'KEYINFO', 'HB_REQ', 'HB_RESP', 'KEY_REQ', 'PROXY_KEY'],
		]);
	});
});

describe('a list of ids', () => {
	it('ends at the first zero, and ignores a rest shorter than an id', () => {
		expect(decode(decodeRegConf, '04010000 00000005 00000006 000000')).toEqual({ ids: [5, 6] });
		expect(decode(decodeRegConf, '04010000 00000005 00000000 00000006')).toEqual({ ids: [5] });
		const list = hex('00000005 ffffffff 00000000 00000006');
		const found = [5, 0xffff_ffff, 6, 0].map((id) => idsInclude(list, 0, list.length, id));
		expect(found).toEqual([true, true, false, false]);
		expect(idsInclude(list, 0, 7, 0xffff_ffff)).toBe(false);
	});

	it('starts where the header length says, except in DONE_CONF and CONG_CTRL', () => {
		expect(decode(decodeRegConf, '04020000 99999999 00000005')).toEqual({ ids: [5] });
		expect(decode(decodeDoneConf, '0d020000 00000006 00000005')).toEqual({ ids: [6, 5] });
		const control = decode(decodeCongCtrl, `14060000 00010002 ${TIME} 00000005 01020000`);
		expect(control).toMatchObject({ items: [{ clientId: 5, flags: 1, rttCode: 2 }] });
	});

	it('is bounded by the block size', () => {
		expect(idsPerMessage(1300)).toBe(325);
		expect(idsPerMessage(1301)).toBe(325);
		expect(keyInfoItemsPerMessage(1300)).toBe(25);
		expect(congCtrlItemsPerMessage(1300)).toBe(162);
	});

	it('is refused when it does not fit a datagram', () => {
		const ids = new Array<number>(2246).fill(1);
		expect(() => encodeRegConf(new Uint8Array(10_000), 0, { ids })).toThrow(/does not fit a datagram.*fewer ids/);
	});
});

describe('an extension', () => {
	it('counts only as the first one; another type there hides what follows', () => {
		const rate = '020220c5 0004481e';
		const behind = decode(decodeFileSeg, `09060001 00000003 03020000 00000000 ${rate} 01`);
		expect(behind).not.toHaveProperty('tfmccData');
		expect(behind).toMatchObject({ data: { at: 24, length: 1 } });
		const first = decode(decodeFileSeg, `09060001 00000003 ${rate} 03020000 00000000 01`);
		expect(first).toMatchObject({ tfmccData: { ccSequence: 4 }, data: { at: 24, length: 1 } });
	});

	it('is refused when it is shorter than its fields or longer than the header', () => {
		const reason = { malformed: 'extension-overrun' };
		expect(decode(decodeFileSeg, '09040001 00000003 020120c5 0004481e')).toEqual(reason);
		expect(decode(decodeFileSeg, '09040001 00000003 020020c5 0004481e')).toEqual(reason);
		expect(decode(decodeFileSeg, '09040001 00000003 020320c5 0004481e 00000000')).toEqual(reason);
		expect(decode(decodeStatus, '0b030001 00000000 03050600')).toEqual(reason);
	});

	it('of an unknown type is skipped even when its length lies', () => {
		expect(decode(decodeFileSeg, '09030001 00000003 99ff0000 01')).toMatchObject({ data: { length: 1 } });
	});

	it('is what a CC_ACK is about', () => {
		expect(decode(decodeCcAck, '15010000')).toEqual({ malformed: 'missing-extension' });
	});

	it('ENC_INFO is refused unless its lengths add up exactly', () => {
		const announce = `01130014 00000514 ${TIME} e6040401 e6050501`;
		const info = (lengths: string, words = '0d') =>
			`01${words} 0121 0403 ${lengths} ${'11'.repeat(32)} aabbccdd 01020304`;
		const good = decode(decodeAnnounce, announce + info('0004 0000 0004'));
		expect(good).toMatchObject({
			encInfo: {
				...{ clientAuth: true, keyExchange: 2, signatureType: 1, keyType: 4, hashType: 3 },
				...{ publicKey: { at: 68, length: 4 }, dhKey: { at: 72, length: 0 }, signature: { at: 72, length: 4 } },
			},
		});
		const mismatch = { malformed: 'length-mismatch' };
		expect(decode(decodeAnnounce, announce + info('0004 0000 0005'))).toEqual(mismatch);
		expect(decode(decodeAnnounce, announce + info('ffff ffff ffff'))).toEqual(mismatch);
		const overrun = { malformed: 'extension-overrun' };
		expect(decode(decodeAnnounce, announce + info('0004 0000 0004', '0e'))).toEqual(overrun);
		expect(decode(decodeAnnounce, announce + info('0004 0000 0004', '0a'))).toEqual(overrun);
	});
});

describe('ANNOUNCE', () => {
	it('is refused with a block size that no session can use', () => {
		const announce = (block: string) => decode(decodeAnnounce, `01060014 0000${block} ${TIME} e6040401 e6050501`);
		for (const block of ['0000', '01ff', '2261'])
			expect(announce(block)).toEqual({ malformed: 'block-size-out-of-range' });
		for (const block of ['0200', '2260']) expect(announce(block)).toHaveProperty('blockBytes');
	});

	it('is refused when the header is too short for IPv6 addresses', () => {
		expect(decode(decodeAnnounce, `01060414 00000514 ${TIME} ${'00'.repeat(32)}`)).toEqual({
			malformed: 'header-too-short',
		});
	});

	it('cannot be written with an address of the other family', () => {
		const message = {
			...{
				sync: false,
				preview: false,
				family: 4 as const,
				robust: 20,
				ccType: 0,
				blockBytes: 1300,
				timestamp,
				ids: [],
			},
			...{ publicAddress: '230.4.4.1', privateAddress: 'ff15::1' },
		};
		expect(() => encodeAnnounce(new Uint8Array(100), 0, message)).toThrow('"ff15::1" is no IPv4 literal');
	});
});

describe('REGISTER', () => {
	it('pads a key of odd length and reads it back without the padding', () => {
		const bytes = new Uint8Array(100).fill(0xee);
		const keyInfo = spanOf(hex('010203'));
		const length = encodeRegister(bytes, 0, { timestamp, rand2: new Uint8Array(32), keyInfo, ids: [9] });
		expect(length).toBe(52);
		expect(decodeRegister(bytes, 0, length)).toMatchObject({ keyInfo: { at: 44, length: 3 }, ids: [9] });
		expect(bytes[47]).toBe(0);
	});

	it('is refused when the key is longer than the header, and when rand2 is not 32 bytes', () => {
		expect(decode(decodeRegister, `020b0001 ${TIME} ${'00'.repeat(32)} 01`)).toEqual({ malformed: 'field-overrun' });
		const message = { timestamp, rand2: new Uint8Array(31), keyInfo: spanOf(new Uint8Array(0)), ids: [] };
		expect(() => encodeRegister(new Uint8Array(100), 0, message)).toThrow('a field of 32 bytes was given 31');
	});
});

describe('FILEINFO', () => {
	it('says the permissions of the file in a byte that C programs leave 0 and do not read', () => {
		const bytes = new Uint8Array(64);
		const length = encodeFileInfo(bytes, 0, { ...file, permissions: 0o640 });
		expect(bytes[5]).toBe(0x80 | 0o040);
		expect(decodeFileInfo(bytes, 0, length)).toMatchObject({ permissions: 0o640 });
		encodeFileInfo(bytes, 0, file);
		expect(bytes[5]).toBe(0);
		expect(decodeFileInfo(bytes, 0, length)).not.toHaveProperty('permissions');
	});

	it('needs exactly the header length of its names', () => {
		const info = (words: string, rest: string) =>
			decode(decodeFileInfo, `07${words}0001 00000000 01000000 00001388 00000000 ${TIME} ${rest}`);
		expect(info('08', '61000000 00000005')).toMatchObject({ name: 'a', ids: [5] });
		expect(info('09', '61000000 00000005')).toEqual({ malformed: 'header-length-mismatch' });
		expect(info('07', '61000000 00000005')).toEqual({ malformed: 'header-length-mismatch' });
	});

	it('takes names of 300 bytes and refuses longer ones', () => {
		const bytes = new Uint8Array(2000);
		const length = encodeFileInfo(bytes, 0, { ...file, name: 'ä'.repeat(150), link: 'l'.repeat(300) });
		expect(decodeFileInfo(bytes, 0, length)).toMatchObject({ name: 'ä'.repeat(150), link: 'l'.repeat(300) });
		expect(() => encodeFileInfo(bytes, 0, { ...file, name: `${'ä'.repeat(150)}x` })).toThrow(/301 bytes long.*300/);
		bytes[8] = 76;
		expect(decodeFileInfo(bytes, 0, length)).toEqual({ malformed: 'name-too-long' });
	});

	it('cannot be written with a zero byte in the name', () => {
		expect(() => encodeFileInfo(new Uint8Array(99), 0, { ...file, name: 'a\0b' })).toThrow('contains a zero byte');
	});

	it('keeps a name that is not UTF-8', () => {
		const latin1 = `07080001 00000000 01000000 00000000 00000000 ${TIME} e4f66100`;
		const decoded = decode(decodeFileInfo, latin1);
		const bytes = new Uint8Array(32);
		encodeFileInfo(bytes, 0, decoded as FileInfo);
		expect(bytes).toEqual(hex(latin1));
	});
});

describe('FILESEG', () => {
	it('finds its data without an object', () => {
		const at = (text: string) => fileSegDataOffset(hex(text), 0, hex(text).length);
		expect(at('09020001 00000003 01')).toBe(8);
		expect(at('09020001 00000003')).toBe(8);
		expect(at('09040001 00000003 020220c5 0004481e 01')).toBe(16);
		expect(at('09040001 00000003 020220c5')).toBe(-1);
		expect(at('09010001 00000003')).toBe(-1);
		expect(at('0a020001 00000003')).toBe(-1);
		expect(at('09020001')).toBe(-1);
		expect(fileSegDataOffset(new Uint8Array(4), 0, 8)).toBe(-1);
	});
});

describe('STATUS', () => {
	it('has one bitmap byte more than needed where the blocks fill whole bytes', () => {
		expect([0, 1, 7, 8, 9, 16].map(statusBitmapBytes)).toEqual([1, 1, 1, 2, 2, 3]);
	});
});

describe('ABORT', () => {
	it('cuts its text between characters and leaves a terminator', () => {
		const bytes = new Uint8Array(400).fill(0xee);
		encodeAbort(bytes, 0, { currentFileOnly: false, host: 0, message: `a${'ä'.repeat(200)}` });
		expect(decodeAbort(bytes, 0, 308)).toMatchObject({ message: `a${'ä'.repeat(149)}` });
		encodeAbort(bytes, 0, { currentFileOnly: false, host: 0, message: 'ä'.repeat(200) });
		expect(decodeAbort(bytes, 0, 308)).toMatchObject({ message: 'ä'.repeat(149) });
		expect(bytes[308]).toBe(0xee);
	});

	it('is read with a shorter text field, too', () => {
		expect(decode(decodeAbort, '13030000 00000000 62796500 61626364')).toMatchObject({ message: 'bye' });
	});
});

describe('keys and signatures', () => {
	it('are refused by the encoder when they do not fill whole words or the header length', () => {
		const bytes = new Uint8Array(4000);
		const key = (length: number) => spanOf(new Uint8Array(length));
		expect(() => encodeClientKey(bytes, 0, { publicKey: key(5), signature: key(4) })).toThrow(/multiple of 4/);
		expect(() => encodeClientKey(bytes, 0, { publicKey: key(1000), signature: key(16) })).toThrow(/at most 1020/);
		const items = [{ clientId: 1, wrappedKey: key(47) }];
		expect(() => encodeKeyInfo(bytes, 0, { counter: 1n, items })).toThrow('47 bytes; KEYINFO carries 48');
	});

	it('of an envelope must fill it exactly', () => {
		expect(decode(decodeEncrypted, '0000000000000001 0000 0002 0102')).toHaveProperty('payload');
		expect(decode(decodeEncrypted, '0000000000000001 0000 0001 0102')).toEqual({ malformed: 'length-mismatch' });
		expect(decode(decodeEncrypted, '0000000000000001 0001 0002 0102')).toEqual({ malformed: 'field-overrun' });
		expect(decode(decodeEncrypted, '0000000000000001 0000 00')).toEqual({ malformed: 'too-short' });
	});
});

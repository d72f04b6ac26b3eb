import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import {
	decodeDatagram,
	decodeRate,
	decodeRtt,
	encodeMessage,
	HEADER_BYTES,
	isMalformed,
	type MessageName,
	MessageType,
	messageName,
	writeHeader,
} from '../src/index.ts';
import { readCapture } from './pcap.ts';

const FOLDER = join(import.meta.dirname, 'captures');

type Counts = Partial<Record<MessageName, number>>;

const PLAIN_SESSION: Counts = { FILEINFO: 1, FILEINFO_ACK: 1, FILESEG: 4, DONE: 2, COMPLETE: 2, DONE_CONF: 1 };
const RSA_SESSION: Counts = { ANNOUNCE: 20, REGISTER: 1, CLIENT_KEY: 1, KEYINFO: 1, ENCRYPTED: 18 };
const PLAIN_CHAIN: Counts = {
	...{ ANNOUNCE: 20, REGISTER: 1, REG_CONF: 1, FILEINFO: 3, FILEINFO_ACK: 2 },
	...{ FILESEG: 5, DONE: 3, COMPLETE: 4, DONE_CONF: 1 },
};
const ECDSA_CHAIN: Counts = { ANNOUNCE: 20, REGISTER: 1, CLIENT_KEY: 1, KEYINFO: 1, ENCRYPTED: 12 };

/** What each capture holds, counted when it was first read: a capture that shrinks must not pass in silence. */
const EXPECTED: Record<string, Counts> = {
	'heartbeat-authenticated.pcap': { ANNOUNCE: 20, REGISTER: 1, REG_CONF: 1, ...PLAIN_SESSION },
	'closed-group-loss-abort.pcap': {
		...{ ANNOUNCE: 21, REGISTER: 2, REG_CONF: 2, FILEINFO: 5, FILEINFO_ACK: 3, FILESEG: 13, DONE: 6 },
		...{ STATUS: 1, COMPLETE: 6, DONE_CONF: 1, ABORT: 1 },
	},
	'heartbeat-challenge.pcap': { HB_REQ: 4, HB_RESP: 4 },
	'tfmcc-loss-meta.pcap': {
		...{ ANNOUNCE: 1, REGISTER: 1, REG_CONF: 1, FILEINFO: 7, FILEINFO_ACK: 4, FILESEG: 26, CONG_CTRL: 28 },
		...{ CC_ACK: 26, DONE: 9, STATUS: 2, COMPLETE: 8, DONE_CONF: 1 },
	},
	'ipv6-plain.pcap': { ANNOUNCE: 16, REGISTER: 1, REG_CONF: 1 },
	'proxy-chain-ecdsa.receiver-side.pcap': ECDSA_CHAIN,
	'proxy-chain-ecdsa.sender-side.pcap': { ...ECDSA_CHAIN, REG_CONF: 1 },
	'proxy-chain-plain.receiver-side.pcap': PLAIN_CHAIN,
	'proxy-chain-plain.sender-side.pcap': PLAIN_CHAIN,
	'response-proxy-ecdsa.sender-side.pcap': {
		...{ PROXY_KEY: 1, ANNOUNCE: 20, REGISTER: 2, KEYINFO: 2, ENCRYPTED: 12, REG_CONF: 2 },
	},
	'response-proxy-plain.sender-side.pcap': { PROXY_KEY: 1, ANNOUNCE: 20, REGISTER: 1, REG_CONF: 1, ...PLAIN_SESSION },
	'rsa-3des-sha512-keyex.pcap': RSA_SESSION,
	'rsa-aes128cbc-sha256-keyex.pcap': RSA_SESSION,
	'rsa-aes128gcm-sha256-clientauth.pcap': RSA_SESSION,
	'rsa-aes256cbc-sha1-hmac-clientauth.pcap': RSA_SESSION,
	'rsa-aes256ccm-sha384-clientauth.pcap': RSA_SESSION,
};

const files = readdirSync(FOLDER).filter((name) => name.endsWith('.pcap'));

describe('sessions captured from the C programs', () => {
	it('are all there', () => {
		expect(files.sort()).toEqual(Object.keys(EXPECTED).sort());
	});

	for (const file of files) {
		it(`decode and encode back byte for byte: ${file}`, () => {
			const { datagrams } = readCapture(join(FOLDER, file));
			const counts: Counts = {};
			for (const { packet, payload } of datagrams) {
				const decoded = decodeDatagram(payload, 0, payload.length);
				if (isMalformed(decoded)) throw new Error(`packet ${packet}: ${decoded.malformed}`);
				const name = messageName(decoded.header.func) as MessageName;
				counts[name] = (counts[name] ?? 0) + 1;
				// Not zero: an encoder that leaves a byte alone must be noticed.
				const again = new Uint8Array(9000).fill(0xee);
				writeHeader(again, 0, decoded.header);
				const length = HEADER_BYTES + encodeMessage(again, HEADER_BYTES, decoded.content);
				const text = Buffer.from(again.subarray(0, length)).toString('hex');
				expect(text, `packet ${packet}, ${name}`).toBe(Buffer.from(payload).toString('hex'));
			}
			expect(counts).toEqual(EXPECTED[file]);
		});
	}

	it('say what the sessions were about', () => {
		const { datagrams } = readCapture(join(FOLDER, 'closed-group-loss-abort.pcap'));
		const lines: string[] = [];
		for (const { payload } of datagrams) {
			const decoded = decodeDatagram(payload, 0, payload.length);
			if (isMalformed(decoded)) throw new Error(decoded.malformed);
			const { content } = decoded;
			if (content.func === MessageType.FILEINFO) {
				const { type, name, link, size } = content.message;
				lines.push(`FILEINFO type ${type} ${name} ${link} ${size}`);
			} else if (content.func === MessageType.STATUS) {
				const { bitmap, bitmapAt, bitmapBytes, section } = content.message;
				const missing = Buffer.from(bitmap.slice(bitmapAt, bitmapAt + bitmapBytes)).toString('hex');
				lines.push(`STATUS section ${section} ${missing}`);
			} else if (content.func === MessageType.ABORT) {
				lines.push(`ABORT ${content.message.message}`);
			}
		}
		// 14000 bytes are 11 blocks of 1300: blocks 1 and 7 were lost.
		expect(lines).toEqual([
			'FILEINFO type 0 tree/four  14000',
			'STATUS section 0 8200',
			'FILEINFO type 0 tree/none  0',
			'FILEINFO type 1 tree/empty  0',
			'FILEINFO type 2 tree/link four 0',
			'FILEINFO type 0 tree/one.bin  0',
			'ABORT A client dropped out, aborting all',
		]);
	});

	it('carry round trip times, rates and free space that make sense', () => {
		const { datagrams } = readCapture(join(FOLDER, 'tfmcc-loss-meta.pcap'));
		const free: number[] = [];
		for (const { payload } of datagrams) {
			const decoded = decodeDatagram(payload, 0, payload.length);
			if (isMalformed(decoded)) throw new Error(decoded.malformed);
			const { header, content } = decoded;
			if (content.func === MessageType.COMPLETE && content.message.freeSpaceBytes !== undefined) {
				free.push(content.message.freeSpaceBytes);
			} else if (content.func === MessageType.CONG_CTRL) {
				expect(content.message.items).toMatchObject([{ clientId: 0x0a620002 }]);
				expect(decodeRtt(content.message.items[0].rttCode)).toBeGreaterThan(0.0009);
				// -r 0.05: the group's round trip time starts there and falls.
				expect(decodeRtt(header.grtt)).toBeLessThan(0.06);
			} else if (content.func === MessageType.CC_ACK) {
				const rate = decodeRate(content.message.tfmccAck.ccRateCode);
				expect(rate).toBeGreaterThan(10_000);
				expect(rate).toBeLessThan(1e9);
			}
		}
		expect(free).toEqual([81_577_844_736]);
	});
});

import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import {
	decodeDatagram,
	encodeMessage,
	HEADER_BYTES,
	isMalformed,
	type MessageName,
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
		const texts = new Set<string>();
		for (const { payload } of readCapture(join(FOLDER, 'heartbeat-authenticated.pcap')).datagrams) {
			const decoded = decodeDatagram(payload, 0, payload.length);
			if (isMalformed(decoded)) throw new Error(decoded.malformed);
			const { content } = decoded;
			if (content.func === 1) {
				const { family, blockBytes, robust, publicAddress } = content.message;
				texts.add(`announce IPv${family} ${blockBytes} ${robust} ${publicAddress}`);
			}
			if (content.func === 7) texts.add(`file ${content.message.name} of ${content.message.size}`);
			if (content.func === 9) texts.add(`block ${content.message.block} of ${content.message.data.length}`);
		}
		expect([...texts]).toMatchInlineSnapshot(`
			[
			  "announce IPv4 1300 20 230.4.4.1",
			  "file small.bin of 5000",
			  "block 0 of 1300",
			  "block 1 of 1300",
			  "block 2 of 1300",
			  "block 3 of 1100",
			]
		`);
	});
});

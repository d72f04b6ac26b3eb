import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import {
	KnownKeys,
	readDownstreamSites,
	readLines,
	readReceiverList,
	readSenderList,
} from '../../src/identity/index.ts';

const PRINT = 'AA:BB:CC:DD:EE:FF:00:11:22:33:44:55:66:77:88:99:AA:BB:CC:DD';

let folder: string;

beforeEach(() => {
	folder = mkdtempSync(path.join(tmpdir(), 'uftp-lists-'));
});

afterEach(() => rmSync(folder, { recursive: true, force: true }));

function file(bytes: Uint8Array | string): string {
	const name = path.join(folder, 'list');
	writeFileSync(name, bytes);
	return name;
}

/** The same lines as programs of several systems write them. */
const WRITERS: readonly [string, (text: string) => Uint8Array][] = [
	['Unix', (text) => Buffer.from(text)],
	['Windows, with CRLF', (text) => Buffer.from(text.replaceAll('\n', '\r\n'))],
	['Windows, with a byte order mark', (text) => Buffer.from(`\ufeff${text.replaceAll('\n', '\r\n')}`)],
	['Windows, in UTF-16', (text) => Buffer.from(`\ufeff${text.replaceAll('\n', '\r\n')}`, 'utf16le')],
	['Windows, in UTF-16 with the high byte first', (text) => Buffer.from(`\ufeff${text}`, 'utf16le').swap16()],
	[
		'an editor that leaves out the last newline',
		(text) => Buffer.from(text.replace(/\n$/, '').replaceAll('\n', '\r\n')),
	],
];

describe.each(WRITERS)('a list written on %s', (_, written) => {
	it('has the same lines', () => {
		expect(readLines(file(written('d/a\n\nr\u00e4k b \n')))).toEqual(['d/a', '', 'r\u00e4k b ']);
	});

	it('names the same senders, receivers, sites and keys', async () => {
		const [sender] = await readSenderList(file(written(`# senders\n0x0A000001|10.0.0.1|${PRINT}\n`)));
		expect(sender).toMatchObject({ senderId: 0x0a000001, address: '10.0.0.1' });
		const receivers = await readReceiverList(file(written(`0x0A000001|${PRINT}\n0x0A000002\n`)));
		expect(receivers.map(({ receiverId }) => receiverId)).toEqual([0x0a000001, 0x0a000002]);
		const sites = await readDownstreamSites([`@${file(written(`10.0.0.9:99\nfp=${PRINT}\n`))}`], 1044);
		expect(sites).toHaveLength(2);
		writeFileSync(path.join(folder, 'known-receivers'), written(`0x0A000001|${PRINT}\n`));
		expect(KnownKeys.read(folder).of(0x0a000001)).toBe(PRINT);
	});
});

describe('a list with bytes that are not UTF-8', () => {
	it('keeps them, and leaves out the mark at its front', () => {
		expect(readLines(file(Uint8Array.of(0xef, 0xbb, 0xbf, 0x72, 0xe4, 0x0d, 0x0a, 0x62)))).toEqual(['r\udce4', 'b']);
	});
});

import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { parseFingerprint } from '@uftp/crypto';
import { describeSite } from '@uftp/endpoint/identity';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { readSenderList } from '../../src/uftpd/sender-list.ts';
import { downstreamSites, readReceiverList } from '../../src/uftpproxyd/lists.ts';

const PRINT = '66:1E:C9:1D:FC:99:DB:60:B0:1A:F0:8F:CA:F4:28:27:A6:BE:94:BC';
const fingerprint = parseFingerprint(PRINT);

let directory: string;
beforeAll(() => {
	directory = mkdtempSync(path.join(tmpdir(), 'uftpproxyd-lists-'));
});
afterAll(() => rmSync(directory, { recursive: true, force: true }));

function file(...lines: string[]): string {
	const name = path.join(directory, `${lines.length}-${Math.random()}`);
	writeFileSync(name, `${lines.join('\n')}\n`);
	return name;
}

describe('the sites of -s', () => {
	it('are addresses with the port of -q or their own, and keys', async () => {
		const sites = await downstreamSites(['10.0.0.7', '10.0.0.7:99', '[fd00::7]:98', 'fd00::8', `fp=${PRINT}`], 1044);
		expect(sites).toEqual([
			{ kind: 'address', endpoint: { host: '10.0.0.7', port: 1044 } },
			{ kind: 'address', endpoint: { host: '10.0.0.7', port: 99 } },
			{ kind: 'address', endpoint: { host: 'fd00::7', port: 98 } },
			{ kind: 'address', endpoint: { host: 'fd00::8', port: 1044 } },
			{ kind: 'fingerprint', fingerprint },
		]);
		expect(sites.map(describeSite)).toEqual([
			'10.0.0.7:1044',
			'10.0.0.7:99',
			'[fd00::7]:98',
			'[fd00::8]:1044',
			`fp=${PRINT}`,
		]);
	});

	it('may stand in a file, with comments', async () => {
		const list = file('# offices', '10.0.0.7', '', `fp=${PRINT}`);
		const sites = await downstreamSites([`@${list}`, '10.0.0.9:7'], 2044);
		expect(sites.map(describeSite)).toEqual(['10.0.0.7:2044', `fp=${PRINT}`, '10.0.0.9:7']);
	});

	it.each([
		[['fp=zz'], /^Invalid fingerprint zz: it takes 20 pairs/],
		[[`fp=${PRINT}:00`], /^Invalid fingerprint/],
		[['10.0.0.300'], /^Invalid host name: 10\.0\.0\.300: it is neither/],
		[['10.0.0.7:0'], /^Invalid host name: 10\.0\.0\.7:0: its port/],
		[['230.4.4.1'], /^Invalid host name: 230\.4\.4\.1: it is a multicast group/],
		[['255.255.255.255'], /no host has this address/],
		[['0.0.0.0'], /no host has this address/],
		[['10.0.0.7', '10.0.0.7:1044'], /^The site 10\.0\.0\.7:1044 is named twice/],
		[['@/nonexistent/list'], /^Couldn't open site list \/nonexistent\/list: no such file/],
	])('refuses %j with exit 1 and a sentence', async (words, sentence) => {
		const error = await downstreamSites(words, 1044).catch((caught: unknown) => caught);
		expect(String((error as Error).message)).toMatch(sentence);
		expect(error).toMatchObject({ exitCode: 1 });
	});

	it('that a file names wrongly are told with its line', async () => {
		const list = file('10.0.0.7', 'fp=zz');
		await expect(downstreamSites([`@${list}`], 1044)).rejects.toThrow(`zz (${list}, line 2): it takes`);
		await expect(downstreamSites([`@${file('# nobody')}`], 1044)).rejects.toThrow(/names no site/);
	});
});

describe('the receivers of -C', () => {
	it('are read in the forms of 4.x and of 3.7', async () => {
		const list = file(`0x00001111|${PRINT}`, '0x00002222', `10.0.0.7 ${PRINT}`, '10.0.0.8', '# nobody');
		expect(await readReceiverList(list)).toEqual([
			{ receiverId: 0x1111, fingerprint },
			{ receiverId: 0x2222, fingerprint: undefined },
			{ receiverId: 0x0a000007, fingerprint },
			{ receiverId: 0x0a000008, fingerprint: undefined },
		]);
	});

	it.each([
		[['0x1111|AA:BB'], /^Invalid fingerprint in .*, line 1/],
		[['not..a.host'], /^Invalid client UID or address not\.\.a\.host/],
		[['0x1|10.0.0.1|AA'], /is too long/],
		[['# nobody'], /names no receiver: nobody would be served/],
	])('refuses %j with a sentence', async (lines, sentence) => {
		const error = await readReceiverList(file(...lines)).catch((caught: unknown) => caught);
		expect(String((error as Error).message)).toMatch(sentence);
		expect(error).toMatchObject({ exitCode: 1 });
	});

	it('that cannot be read are an error, as in 4.10.2', async () => {
		await expect(readReceiverList('/nonexistent')).rejects.toThrow(/^Couldn't open client list \/nonexistent/);
	});
});

describe('the senders of -S', () => {
	it('are read in the forms of 4.x and of 3.7', async () => {
		const list = file(`0x11112222|10.0.0.1|${PRINT}`, '0x11113333|fe80::1', `10.0.0.3 ${PRINT}`, '10.0.0.4');
		expect(await readSenderList(list)).toEqual([
			{ senderId: 0x11112222, address: '10.0.0.1', fingerprint },
			{ senderId: 0x11113333, address: 'fe80::1', fingerprint: undefined },
			{ senderId: 0x0a000003, address: '10.0.0.3', fingerprint },
			{ senderId: 0x0a000004, address: '10.0.0.4', fingerprint: undefined },
		]);
	});
});

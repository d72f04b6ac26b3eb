import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { importKeyBlob, isCompatible, type PublicKey } from '@uftp/crypto';
import { afterAll, describe, expect, it } from 'vitest';
import { CommandError } from '../src/drop-in/command-error.ts';
import { openCryptography } from '../src/drop-in/cryptography.ts';
import { makeKey, parseKeySpec } from '../src/drop-in/keys.ts';
import { Level, Log } from '../src/drop-in/log.ts';
import { parseReceiverArguments } from '../src/uftpd/arguments.ts';
import { receiverSecurity } from '../src/uftpd/receiver-security.ts';

const directory = mkdtempSync(path.join(tmpdir(), 'uftpd-security-'));
const print = Array.from({ length: 20 }, (_, i) => i.toString(16).padStart(2, '0')).join(':');
const ssm = '-M 232.4.4.1';

afterAll(() => rmSync(directory, { recursive: true }));

function listed(name: string, text: string): string {
	const file = path.join(directory, name);
	writeFileSync(file, text);
	return file;
}

class LinesOnly extends Log {
	readonly lines: string[] = [];

	override say(_level: Level, text: string): void {
		this.lines.push(text);
	}
}

async function secure(line: string) {
	const log = new LinesOnly({ level: Level.Trace, timestamps: false } as never);
	return { ...(await receiverSecurity(parseReceiverArguments(line.split(' ').filter(Boolean)), log)), log };
}

async function refusal(line: string): Promise<{ exitCode: number; message: string }> {
	try {
		await secure(line);
	} catch (error) {
		if (error instanceof CommandError) return error;
		throw error;
	}
	throw new Error(`"${line}" was accepted`);
}

async function senderKey(spec: string): Promise<PublicKey> {
	const cryptography = await openCryptography();
	const parsed = parseKeySpec(spec);
	if ('wrong' in parsed) throw new Error(spec);
	const { blob } = makeKey(cryptography, parsed).publicKey;
	return importKeyBlob(cryptography.backend, blob, 0, blob.length)!;
}

describe('keys of uftpd', () => {
	it('are made in memory for whatever key a sender has, once for each size and curve, where none is given', async () => {
		const { security, log } = await secure('');
		expect(security.keys).toEqual([]);
		if (typeof security.keyFor !== 'function') throw new Error('no keys are made');
		for (const spec of ['rsa:512', 'rsa:1024', 'ec:prime256v1', 'ec:secp521r1']) {
			const key = await senderKey(spec);
			const made = security.keyFor(key);
			expect(made === undefined ? false : isCompatible(made.publicKey, key)).toBe(true);
			expect(security.keyFor(await senderKey(spec))).toBe(made);
		}
		expect(
			log.lines.filter((text) => text.startsWith('Warning: weak encryption: an RSA key of 512 bits')),
		).toHaveLength(1);
	});

	it('are those of -K and -k only, if there are any', async () => {
		const { security, log } = await secure('-K rsa:1024,ec:secp384r1');
		expect(security.keys.map(({ kind }) => kind)).toEqual(['rsa', 'ec']);
		expect(security.keyFor).toBe('none');
		expect(log.lines[0]).toMatch(/^Loaded 1024 bit RSA key with fingerprint /);
		expect(log.lines[1]).toMatch(/^Loaded ECDSA key with curve secp384r1 and fingerprint /);
	});

	it('are written where -k and -K say so, never over a file, and read where only -k says so', async () => {
		const files = `${path.join(directory, '1.pem')},${path.join(directory, '2.pem')}`;
		const made = await secure(`-k ${files} -K rsa:512,ec:prime256v1`);
		const read = await secure(`-k ${files}`);
		expect(read.security.keys.map(({ publicKey }) => publicKey.blob)).toEqual(
			made.security.keys.map(({ publicKey }) => publicKey.blob),
		);
		expect(await refusal(`-k ${files} -K rsa:512,ec:prime256v1`)).toMatchObject({ exitCode: 3 });
		expect(await refusal('-k /nonexistent')).toMatchObject({ exitCode: 3 });
	});
});

describe('the list of -S', () => {
	it('names senders with their addresses and fingerprints', async () => {
		const list = listed('one', `# ours\n0x0A000009|10.0.0.9|${print}\n10.0.0.8|10.0.0.8\n`);
		const { security, senders } = await secure(`-S ${list} ${ssm}`);
		expect(security.encryptedOnly).toBe(false);
		expect(senders).toEqual([
			{ senderId: 0x0a000009, address: '10.0.0.9', fingerprint: Uint8Array.from({ length: 20 }, (_, i) => i) },
			{ senderId: 0x0a000008, address: '10.0.0.8', fingerprint: undefined },
		]);
	});

	it('may be a folder of files, whose hidden files and backups do not count', async () => {
		const folder = path.join(directory, 'servers.d');
		mkdirSync(folder);
		writeFileSync(path.join(folder, 'b'), '0x2|fd00::2\n');
		writeFileSync(path.join(folder, 'a'), '0x1|10.0.0.1\n');
		writeFileSync(path.join(folder, 'a~'), 'old\n');
		writeFileSync(path.join(folder, '.swp'), 'old\n');
		mkdirSync(path.join(folder, 'deeper'));
		const { senders } = await secure(`-S ${folder} ${ssm}`);
		expect(senders?.map(({ address }) => address)).toEqual(['10.0.0.1', 'fd00::2']);
	});

	it.each([
		['-M 230.4.4.1', 'Default multicast address 230.4.4.1 invalid for source specific multicast'],
		['-M 232.1.1.1,230.1.1.1', 'Invalid source specific multicast address: 230.1.1.1'],
		['-M ff15::1', 'Invalid source specific multicast address: ff15::1'],
	])('is refused with %s', async (groups, words) => {
		const error = await refusal(`-S ${listed('groups', '0x1|10.0.0.1\n')} ${groups}`);
		expect(error.exitCode).toBe(1);
		expect(error.message.startsWith(words)).toBe(true);
	});

	it.each([
		['no address', '0x0A000009\n', 'Invalid server name/address'],
		['no UID', 'zzz|10.0.0.9\n', 'Invalid server UID "zzz"'],
		['a group for an address', '0x0A000009|232.0.0.9\n', 'Invalid server name/address 232.0.0.9'],
		['a bad fingerprint', '0x0A000009|10.0.0.9|zz\n', 'Invalid fingerprint in'],
		['nothing', '# nobody yet\n', 'the server list'],
	])('is refused with %s in it, and the message says where', async (what, text, words) => {
		const file = listed(`bad ${what}`.replaceAll(' ', '-'), text);
		const error = await refusal(`-S ${file} ${ssm}`);
		expect(error.exitCode).toBe(1);
		expect(error.message.startsWith(words)).toBe(true);
		expect(error.message).toContain(file);
	});

	it('is refused with exit code 1 if it cannot be read', async () => {
		const error = await refusal(`-S /nonexistent ${ssm}`);
		expect(error.exitCode).toBe(1);
		expect(error.message).toMatch(/^Couldn't open server list \/nonexistent: no such file or directory/);
	});
});

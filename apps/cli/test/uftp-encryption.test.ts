import { mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { CipherType, CurveId, HashType, KeyExchange, SignatureType } from '@uftp/crypto';
import { afterAll, describe, expect, it } from 'vitest';
import { CommandError } from '../src/drop-in/command-error.ts';
import { parseSenderArguments } from '../src/uftp/arguments.ts';
import { NO_HOSTS, readHostList, readProxyList } from '../src/uftp/host-list.ts';
import { sessionSecurity } from '../src/uftp/session-security.ts';

const directory = mkdtempSync(path.join(tmpdir(), 'uftp-encryption-'));
const print = Array.from({ length: 20 }, (_, i) => i.toString(16).padStart(2, '0')).join(':');
const printBytes = Uint8Array.from({ length: 20 }, (_, i) => i);

afterAll(() => rmSync(directory, { recursive: true }));

function at(name: string): string {
	return path.join(directory, name);
}

async function secure(line: string, fingerprints: ReadonlyMap<number, Uint8Array> = new Map()) {
	const { encryption, blockBytes } = parseSenderArguments([...line.split(' '), 'file']);
	return sessionSecurity(encryption, fingerprints, blockBytes);
}

async function refusal(work: () => unknown): Promise<{ exitCode: number; message: string }> {
	try {
		await work();
	} catch (error) {
		if (error instanceof CommandError) return error;
		throw error;
	}
	throw new Error('nothing was refused');
}

describe('encryption of uftp', () => {
	it('is off by default, whatever else is said', async () => {
		expect(await secure('-c -h sha512 -k /nonexistent -K bogus -e ecdh_rsa')).toBeUndefined();
		expect(await secure('-Y none -K bogus')).toBeUndefined();
	});

	it('has the defaults of 4.10.2 once it is on, and one line that names what is weak about them', async () => {
		const security = await secure('-Y aes256-cbc');
		expect(security?.config).toMatchObject({
			suite: {
				cipher: CipherType.AES256_CBC,
				hash: HashType.SHA1,
				keyExchange: KeyExchange.RSA,
				signature: SignatureType.HMAC,
			},
			key: { publicKey: { kind: 'rsa', modulus: { length: 64 } } },
			clientAuth: false,
		});
		expect(security?.config.agreementCurve).toBeUndefined();
		expect(security?.lines[0]).toMatch(/^Loaded 512 bit RSA key with fingerprint (?:[0-9A-F]{2}:){19}[0-9A-F]{2}$/);
		expect(security?.warnings).toEqual([
			expect.stringMatching(/^Warning: weak encryption: an RSA key of 512 bits, SHA-1\. Better: -K 2048 -h sha256/),
		]);
	});

	it('warns of nothing with what uftpctl takes by default', async () => {
		const security = await secure('-Y aes256-gcm -h sha256 -e ecdh_ecdsa -c');
		expect(security?.warnings).toEqual([]);
		expect(security?.config).toMatchObject({
			suite: { signature: SignatureType.AUTHENC, keyExchange: KeyExchange.ECDH_ECDSA },
			key: { publicKey: { curve: { id: CurveId.SECP256R1 } } },
			agreementCurve: { id: CurveId.SECP256R1 },
			clientAuth: true,
		});
		expect(security?.lines.slice(0, 2)).toEqual([
			expect.stringMatching(/^Loaded ECDSA key with curve prime256v1 and fingerprint /),
			'Loaded ECDH key with curve prime256v1',
		]);
	});

	it('takes the curves of -e and -K apart, and ignores -w with GCM and CCM', async () => {
		const security = await secure('-Y aes128-ccm -w keyex -h sha384 -e ecdh_ecdsa:secp521r1 -K secp384r1');
		expect(security?.config).toMatchObject({
			suite: { signature: SignatureType.AUTHENC },
			key: { publicKey: { curve: { id: CurveId.SECP384R1 } } },
			agreementCurve: { id: CurveId.SECP521R1 },
		});
		expect((await secure('-Y 3des -w keyex'))?.config.suite.signature).toBe(SignatureType.KEYEX);
		expect((await secure('-Y 3des -w keyex'))?.warnings[0]).toContain('3DES');
	});

	it('keeps a new key in the file of -k, for its owner only, and reads it again without -K', async () => {
		const file = at('new.pem');
		const made = await secure(`-Y aes128-gcm -k ${file} -K 1024`);
		expect(statSync(file).mode & 0o777).toBe(0o600);
		const read = await secure(`-Y aes128-gcm -k ${file}`);
		expect(read?.config.key.publicKey.blob).toEqual(made?.config.key.publicKey.blob);
		const text = readFileSync(file, 'utf8');
		const again = await refusal(() => secure(`-Y aes128-gcm -k ${file} -K 1024`));
		expect(again.exitCode).toBe(3);
		expect(again.message).toContain('already exists');
		expect(readFileSync(file, 'utf8')).toBe(text);
	});

	it.each([
		['-Y bogus', 1, 'Invalid keytype'],
		['-Y des', 1, 'Invalid keytype: DES is refused'],
		['-Y AES256-GCM', 1, 'Invalid keytype'],
		['-Y 3des -h md5', 1, 'Invalid hashtype'],
		['-Y 3des -w rsa', 1, 'Invalid sigtype'],
		['-Y 3des -e dh', 1, 'Invalid keyextype'],
		['-Y 3des -e ecdh_rsa:bogus', 1, 'Invalid curve'],
		['-Y 3des -e ecdh_rsa:secp224k1', 1, 'Invalid curve'],
		['-Y 3des -K 511', 1, 'Invalid new key length'],
		['-Y 3des -K prime256v1', 1, 'Invalid new key length'],
		['-Y 3des -e ecdh_ecdsa -K 1024', 1, 'Invalid curve'],
		['-Y 3des -k /nonexistent', 3, 'Failed to read/generate private key'],
		['-Y aes256-gcm -e ecdh_rsa -h sha512', 1, 'uftp: an RSA key of 512 bits is too short to sign with sha512'],
		['-Y aes256-cbc -h sha512 -w keyex -K 2048 -b 8800', 1, 'uftp: blocks of 8800 bytes become datagrams'],
	])('refuses "%s" with exit code %i and "%s"', async (line, exitCode, words) => {
		const error = await refusal(() => secure(line));
		expect(error.message.startsWith(words)).toBe(true);
		expect(error.exitCode).toBe(exitCode);
	});

	it('says which key goes with which key exchange', async () => {
		await secure(`-Y aes128-gcm -k ${at('rsa.pem')} -K 512`);
		await secure(`-Y aes128-gcm -e ecdh_ecdsa -k ${at('ec.pem')} -K prime256v1`);
		const rsa = await refusal(() => secure(`-Y aes128-gcm -e ecdh_ecdsa -k ${at('rsa.pem')}`));
		const ec = await refusal(() => secure(`-Y aes128-gcm -k ${at('ec.pem')}`));
		expect([rsa.exitCode, ec.exitCode]).toEqual([3, 3]);
		expect(rsa.message).toContain('-e ecdh_ecdsa needs one on a curve');
		expect(ec.message).toContain('goes with -e ecdh_ecdsa');
	});

	it('never shows a key in what it says', async () => {
		const file = at('secret.pem');
		const security = await secure(`-Y aes128-gcm -k ${file} -K 512`);
		const said = JSON.stringify([security?.lines, security?.warnings, security?.config.key]);
		const secret = readFileSync(file, 'utf8').split('\n')[2];
		expect(secret).toHaveLength(64);
		expect(said).not.toContain(secret);
		expect(said).not.toContain('private');
	});
});

describe('lists with fingerprints', () => {
	it('give the fingerprint of each receiver that has one', async () => {
		writeFileSync(at('hosts'), `# ours\n0x0A000001|${print}\n\n10.0.0.2\n 0x0A000003 | ${print.toUpperCase()} \n`);
		const list = await readHostList(`@${at('hosts')}`);
		expect([...list.names]).toEqual([
			[0x0a000001, '0x0A000001'],
			[0x0a000002, '10.0.0.2'],
			[0x0a000003, '0x0A000003'],
		]);
		expect([...list.fingerprints.keys()]).toEqual([0x0a000001, 0x0a000003]);
		expect(list.fingerprints.get(0x0a000003)).toEqual(printBytes);
	});

	it('refuse what is no fingerprint, and say in which line', async () => {
		writeFileSync(at('bad'), '0x0A000001\n0x0A000002|47:9C\n');
		const error = await refusal(() => readHostList(`@${at('bad')}`));
		expect(error.exitCode).toBe(1);
		expect(error.message).toContain(`${at('bad')}, line 2`);
	});

	it('are read for proxies with -j, and may be empty there', async () => {
		writeFileSync(at('proxies'), `0x0B000001|${print}\n`);
		expect((await readProxyList(at('proxies'))).fingerprints.get(0x0b000001)).toEqual(printBytes);
		writeFileSync(at('none'), '');
		expect(await readProxyList(at('none'))).toEqual(NO_HOSTS);
		const missing = await refusal(() => readProxyList('/nonexistent'));
		expect(missing.message).toMatch(/^Couldn't open proxy list \/nonexistent: no such file or directory/);
	});

	it('make receivers prove their keys without -c, and the log says so', async () => {
		const security = await secure('-Y aes256-gcm -h sha256 -e ecdh_ecdsa', new Map([[1, printBytes]]));
		expect(security?.warnings).toEqual([expect.stringContaining('receivers must prove their keys, as with -c')]);
	});
});

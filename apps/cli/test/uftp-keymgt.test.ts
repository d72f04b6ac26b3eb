import { execFileSync, spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, describe, expect, it } from 'vitest';
import { manageKeys } from '../src/uftp-keymgt/main.ts';

const directory = mkdtempSync(path.join(tmpdir(), 'uftp-keymgt-'));
const program = fileURLToPath(new URL('../../../bin/uftp_keymgt', import.meta.url));
const peer = '/usr/bin/uftp_keymgt';
const hasPeer = existsSync(peer) && process.env['UFTP_TEST_WITHOUT_PEERS'] !== '1';
const print = /(?:[0-9A-F]{2}:){19}[0-9A-F]{2}/;

afterAll(() => rmSync(directory, { recursive: true }));

async function run(...words: string[]): Promise<{ exitCode: number; lines: string[] }> {
	const lines: string[] = [];
	const exitCode = await manageKeys(words, (text) => lines.push(text));
	return { exitCode, lines };
}

function at(name: string): string {
	return path.join(directory, name);
}

describe('uftp_keymgt', () => {
	it('says everything on standard error and ends with 0', () => {
		const done = spawnSync(program, ['-g', 'ec:prime256v1', at('process.pem')], { encoding: 'utf8' });
		expect({ status: done.status, stdout: done.stdout }).toEqual({ status: 0, stdout: '' });
		expect(done.stderr).toMatch(/process\.pem: ECDSA, curve prime256v1, fingerprint: /);
	});

	it.each([
		['rsa:512', /: RSA, 512 bits, fingerprint: /],
		['rsa:1024', /: RSA, 1024 bits, fingerprint: /],
		['rsa:2048', /: RSA, 2048 bits, fingerprint: /],
		['ec:prime256v1', /: ECDSA, curve prime256v1, fingerprint: /],
		['ec:secp256r1', /: ECDSA, curve prime256v1, fingerprint: /],
		['ec:secp384r1', /: ECDSA, curve secp384r1, fingerprint: /],
		['ec:secp521r1', /: ECDSA, curve secp521r1, fingerprint: /],
	])('makes a key with -g %s that OpenSSL takes for valid, and shows it', async (spec, like) => {
		const file = at(`${spec.replace(':', '-')}.pem`);
		const made = await run('-g', spec, file);
		expect(made.exitCode).toBe(0);
		expect(made.lines).toHaveLength(1);
		expect(made.lines[0]).toMatch(like);
		expect(made.lines[0]).toMatch(print);
		expect(statSync(file).mode & 0o777).toBe(0o600);
		expect(await run(file)).toEqual(made);
		const check = execFileSync('openssl', ['pkey', '-in', file, '-check', '-noout'], { encoding: 'utf8' });
		expect(check).toContain('valid');
	});

	it.runIf(hasPeer)('shows the keys of the C program as that does, and the C program shows ours so', async () => {
		const ours = [at('rsa-1024.pem'), at('ec-secp521r1.pem')];
		const theirs = [at('c-rsa.pem'), at('c-ec.pem')];
		const made = [
			spawnSync(peer, ['-g', 'rsa:768', theirs[0]], { encoding: 'utf8' }),
			spawnSync(peer, ['-g', 'ec:secp384r1', theirs[1]], { encoding: 'utf8' }),
		];
		expect((await run(...theirs)).lines).toEqual(made.map(({ stderr }) => stderr.trimEnd()));
		const seen = spawnSync(peer, ours, { encoding: 'utf8' });
		expect(seen.stderr.trimEnd().split('\n')).toEqual((await run(...ours)).lines);
	});

	it('never overwrites a file, says so, and ends with 0 as the C program does', async () => {
		writeFileSync(at('taken'), 'mine');
		const done = await run('-g', 'rsa:512', at('taken'));
		expect(done).toEqual({
			exitCode: 0,
			lines: ["Private key file already exists, won't overwrite", 'Error generating/storing key'],
		});
		expect(readFileSync(at('taken'), 'utf8')).toBe('mine');
	});

	it('says of a file that is missing that there is no such key, goes on, and ends with 0', async () => {
		const done = await run(at('none'), at('rsa-512.pem'));
		expect(done.exitCode).toBe(0);
		expect(done.lines[0]).toBe('failed to open key file: No such file or directory');
		expect(done.lines[1]).toBe(`${at('none')}: no such key`);
		expect(done.lines[2]).toMatch(/RSA, 512 bits/);
	});

	it('rounds the bits of an RSA key up to whole bytes', async () => {
		expect((await run('-g', 'rsa:513', at('odd.pem'))).lines[0]).toMatch(/: RSA, 520 bits, /);
	});

	it.each([
		[['-g', 'rsa:511', 'x'], 'Invalid key size'],
		[['-g', 'rsa:2049', 'x'], 'Invalid key size'],
		[['-g', 'rsa:', 'x'], 'Invalid key size'],
		[['-g', 'ec:foo', 'x'], 'Invalid curve'],
		[['-g', 'ec:PRIME256V1', 'x'], 'Invalid curve'],
		[['-g', 'ec:secp224k1', 'x'], 'Invalid curve'],
		[['-g', 'rsa', 'x'], 'Invalid key specification'],
		[['-g', 'dsa:1024', 'x'], 'Invalid key specification'],
		[['-g', 'rsa:1024'], 'No keyfile specified'],
	])('refuses %j with exit code 1', async (words, like) => {
		const done = await run(...words);
		expect(done.exitCode).toBe(1);
		expect(done.lines[0].startsWith(like)).toBe(true);
	});

	it('ends with 0 where the C program does: without arguments, after an unknown letter, with -d', async () => {
		expect(await run()).toEqual({ exitCode: 0, lines: [] });
		expect(await run('-x')).toEqual({ exitCode: 0, lines: ["uftp_keymgt: invalid option -- 'x'"] });
		expect((await run('-d', at('rsa-512.pem'))).exitCode).toBe(0);
		expect(existsSync(at('rsa-512.pem'))).toBe(true);
	});
});

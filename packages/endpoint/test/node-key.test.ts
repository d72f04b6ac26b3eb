import { chmodSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { curveByName, formatFingerprint, generateEcKey, generateRsaKey } from '@uftp/crypto';
import { selectBackend, systemRandom } from '@uftp/crypto/backends';
import { afterAll, beforeEach, describe, expect, it } from 'vitest';
import { KnownKeys, openNodeKeys, stateDirectory, storeNewKeyFile, wrapperLegacy } from '../src/identity/index.ts';

const base = mkdtempSync(path.join(tmpdir(), 'uftp-node-key-'));
const { backend } = selectBackend();
let folder = '';

beforeEach(() => {
	folder = mkdtempSync(path.join(base, 'one-'));
});

afterAll(() => rmSync(base, { recursive: true }));

function open(more: { configured?: string; keptIn?: string } = {}) {
	return openNodeKeys({
		backend,
		random: systemRandom,
		configured: more.configured,
		keptIn: more.keptIn ?? path.join(folder, 'state', 'node.key'),
		legacy: path.join(folder, 'uftp.key'),
	});
}

describe('the key of a service', () => {
	it('is made at the first start, for its owner only, and found again at the next', () => {
		const first = open();
		const file = path.join(folder, 'state', 'node.key');
		expect(statSync(file).mode & 0o777).toBe(0o600);
		expect(statSync(path.dirname(file)).mode & 0o777).toBe(0o700);
		const print = formatFingerprint(first.keys[0]!.publicKey.fingerprint);
		expect(first.notes).toEqual([`Key ${print} (EC, secp256r1): made now and kept in ${file}.`]);
		const second = open();
		expect(second.notes).toEqual([`Key ${print} (EC, secp256r1): made earlier and kept in ${file}.`]);
		expect([first.warnings, second.warnings]).toEqual([[], []]);
	});

	it('is the one of the wrapper where that fits, and stands beside it where that is RSA', () => {
		const legacy = generateEcKey(backend, curveByName('prime256v1')!, systemRandom);
		storeNewKeyFile(path.join(folder, 'uftp.key'), legacy);
		expect(open().keys.map(({ publicKey }) => publicKey.blob)).toEqual([legacy.publicKey.blob]);
		expect(existsSync(path.join(folder, 'state'))).toBe(false);
		rmSync(path.join(folder, 'uftp.key'));
		storeNewKeyFile(path.join(folder, 'uftp.key'), generateRsaKey(backend, 1024));
		expect(open().keys.map(({ kind }) => kind)).toEqual(['ec', 'rsa']);
	});

	it('is the configured one and no other, and must be there', () => {
		const file = path.join(folder, 'mine.pem');
		expect(() => open({ configured: file })).toThrow(/is not there/);
		storeNewKeyFile(file, generateRsaKey(backend, 512));
		expect(open({ configured: file }).keys.map(({ kind }) => kind)).toEqual(['rsa']);
	});

	it('serves for one run, with a warning, where it cannot be kept', () => {
		writeFileSync(path.join(folder, 'file'), '');
		const { keys, notes, warnings } = open({ keptIn: path.join(folder, 'file', 'node.key') });
		expect(keys).toHaveLength(1);
		expect(notes).toEqual([]);
		expect(warnings).toMatchObject([{ code: 'node-key-not-kept' }]);
	});

	it('that others may read is used with a warning', () => {
		open();
		chmodSync(path.join(folder, 'state', 'node.key'), 0o640);
		expect(open().warnings).toMatchObject([{ code: 'key-file-readable-by-others', facts: { mode: '640' } }]);
	});
});

describe('what the wrapper left', () => {
	it.each([
		['UFTP_UID=0x0A630002\n', '0x0A630002'],
		['# mine\nexport UFTP_UID="0xAB" # test\nOTHER=1\n', '0xAB'],
		['OTHER_UFTP_UID=0x1\n', undefined],
		['', undefined],
	])('is the UID in %j', (text, uid) => {
		mkdirSync(path.join(folder, '.uftp'));
		writeFileSync(path.join(folder, '.uftp', 'config'), text);
		expect(wrapperLegacy(folder).uid).toBe(uid);
	});

	it('is nothing where there is no such folder', () => {
		expect(wrapperLegacy(folder)).toEqual({
			keyFile: path.join(folder, '.uftp', 'uftp.key'),
			uid: undefined,
			configFile: path.join(folder, '.uftp', 'config'),
		});
	});
});

describe('the keys of receivers', () => {
	const [one, other] = [Uint8Array.from({ length: 20 }, (_, i) => i), new Uint8Array(20).fill(0xab)];

	it('are kept in a file that -H @FILE takes', () => {
		KnownKeys.read(folder).trust(0x0a000002, one);
		KnownKeys.read(folder).trust(0x0a000001, other);
		const lines = readFileSync(path.join(folder, 'known-receivers'), 'utf8').trimEnd().split('\n').slice(1);
		expect(lines).toEqual([`0x0A000001|${formatFingerprint(other)}`, `0x0A000002|${formatFingerprint(one)}`]);
		expect(KnownKeys.read(folder).of(0x0a000002)).toBe(formatFingerprint(one));
		expect(KnownKeys.read(folder).of(0x0a000003)).toBeUndefined();
	});

	it('are forgotten and refused once revoked, until they are trusted again', () => {
		const known = KnownKeys.read(folder);
		known.trust(1, one);
		known.revoke(1, one);
		expect(KnownKeys.read(folder).of(1)).toBeUndefined();
		expect(KnownKeys.read(folder).isRevoked(formatFingerprint(one))).toBe(true);
		KnownKeys.read(folder).trust(1, one);
		expect(KnownKeys.read(folder).isRevoked(formatFingerprint(one))).toBe(false);
	});

	it('are refused as a whole, with the line, if the file is damaged: half a list would let a wrong key in', () => {
		writeFileSync(path.join(folder, 'known-receivers'), '# ok\n0x1|zz\n');
		expect(() => KnownKeys.read(folder)).toThrow(/Line 2 of the list of keys .* is not UID\|fingerprint/);
	});

	it('lie in the folder for state of the user unless a setting says otherwise', () => {
		expect(stateDirectory('/var/lib/uftp')).toBe('/var/lib/uftp');
		expect(stateDirectory()).toMatch(/\/uftp$/);
	});
});

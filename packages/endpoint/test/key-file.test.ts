import { chmodSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { curveByName, generateEcKey } from '@uftp/crypto';
import { selectBackend, systemRandom } from '@uftp/crypto/backends';
import { afterAll, describe, expect, it } from 'vitest';
import { loadKeyFile, storeNewKeyFile } from '../src/identity/index.ts';
import { describeProblem, EndpointError, LIBRARY_VOCABULARY } from '../src/problems/index.ts';

const directory = mkdtempSync(path.join(tmpdir(), 'uftp-keys-'));
const { backend } = selectBackend();
const key = generateEcKey(backend, curveByName('prime256v1')!, systemRandom);

afterAll(() => rmSync(directory, { recursive: true }));

function refusal(work: () => unknown): EndpointError {
	try {
		work();
	} catch (error) {
		if (error instanceof EndpointError) return error;
		throw error;
	}
	throw new Error('nothing was refused');
}

describe('key files', () => {
	it('are written for their owner only, and read back as the same key', () => {
		const file = path.join(directory, 'new.pem');
		storeNewKeyFile(file, key);
		expect(statSync(file).mode & 0o777).toBe(0o600);
		const loaded = loadKeyFile(backend, file);
		expect(loaded.key.publicKey.blob).toEqual(key.publicKey.blob);
		expect(loaded.warning).toBeUndefined();
	});

	it('are never overwritten', () => {
		const file = path.join(directory, 'taken.pem');
		writeFileSync(file, 'something');
		expect(refusal(() => storeNewKeyFile(file, key)).code).toBe('key-file-exists');
		expect(readFileSync(file, 'utf8')).toBe('something');
	});

	it('that others may read are used with a warning that says how to end it', () => {
		const file = path.join(directory, 'open.pem');
		storeNewKeyFile(file, key);
		chmodSync(file, 0o644);
		const { warning } = loadKeyFile(backend, file);
		expect(describeProblem(warning!, LIBRARY_VOCABULARY)).toContain(`chmod 600 ${file}`);
	});

	it('that are missing, or hold something else, are refused with a sentence that shows nothing of their content', () => {
		const missing = refusal(() => loadKeyFile(backend, path.join(directory, 'none.pem')));
		expect(missing.code).toBe('key-file-missing');
		const file = path.join(directory, 'damaged.pem');
		const secret = 'c2VjcmV0IHN0dWZm';
		writeFileSync(file, `-----BEGIN EC PRIVATE KEY-----\n${secret}\n-----END EC PRIVATE KEY-----\n`);
		const damaged = refusal(() => loadKeyFile(backend, file));
		expect(damaged.code).toBe('key-file-unusable');
		expect(damaged.message).not.toContain(secret);
	});
});

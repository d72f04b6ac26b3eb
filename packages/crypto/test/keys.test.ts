import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { openBackend, systemRandom } from '../src/backends/index.ts';
import {
	type Backend,
	CURVES,
	curveById,
	curveByName,
	decodeKeyBlob,
	describeKey,
	formatFingerprint,
	generateEcKey,
	generateRsaKey,
	HashType,
	importKeyBlob,
	importPrivateNumbers,
	isCompatible,
	KeyError,
	keyBlobRefusal,
	keySigner,
	keyVerifier,
	parseFingerprint,
	readPem,
	sameFingerprint,
	signatureBytes,
	writePem,
} from '../src/index.ts';
import { BACKENDS } from './backends.ts';

interface KeyFile {
	readonly name: string;
	readonly pem: string;
	readonly pkcs8: string;
	/** As `uftp_keymgt` 4.10.2 prints it. */
	readonly fingerprint: string;
}

/** One key per curve and size, made by OpenSSL. Good for nothing but these tests. */
const KEY_FILES: KeyFile[] = JSON.parse(readFileSync(join(import.meta.dirname, 'vectors/keys.TEST-ONLY.json'), 'utf8'));

function libcrypto(): Backend {
	const opened = openBackend('libcrypto');
	if (typeof opened === 'string') throw new Error(opened);
	return opened.backend;
}

const backend = libcrypto();

describe('key files', () => {
	it('are there for every curve and five sizes of RSA', () => {
		expect(KEY_FILES).toHaveLength(CURVES.length + 5);
	});

	it.each(KEY_FILES)('of $name are read, written byte for byte, and have the fingerprint of the C program', (file) => {
		const key = importPrivateNumbers(backend, readPem(file.pem));
		expect(writePem(key)).toBe(file.pem);
		expect(formatFingerprint(key.publicKey.fingerprint)).toBe(file.fingerprint);
		expect(writePem(importPrivateNumbers(backend, readPem(file.pkcs8)))).toBe(file.pem);

		const { blob } = key.publicKey;
		expect(blob.length % 4).toBe(0);
		const publicKey = importKeyBlob(backend, Uint8Array.of(9, ...blob, 9), 1, blob.length)!;
		expect(publicKey.blob).toEqual(blob);
		expect(isCompatible(key.publicKey, publicKey)).toBe(true);

		const signer = keySigner(backend, HashType.SHA1, key);
		expect(signer.output.length).toBe(signatureBytes(publicKey));
		const verifier = keyVerifier(backend, HashType.SHA1, publicKey);
		for (let i = 0; i < 20; i += 1) {
			const message = systemRandom(30);
			signer.compute(message, 0, 30);
			expect(verifier.verify(message, 0, 30, signer.output, 0, signer.output.length)).toBe(true);
			signer.output[signer.output.length >> 2] ^= 1;
			expect(verifier.verify(message, 0, 30, signer.output, 0, signer.output.length)).toBe(false);
		}
	});

	it.each(BACKENDS)('made by $name are read back as the same key', (own) => {
		const ec = generateEcKey(own, curveByName('secp521r1')!, systemRandom);
		expect(importPrivateNumbers(own, readPem(writePem(ec))).publicKey.blob).toEqual(ec.publicKey.blob);
		if (!own.rsa) return expect(() => generateRsaKey(own, 1024)).toThrow(KeyError);
		const rsa = generateRsaKey(own, 1024);
		expect(importPrivateNumbers(own, readPem(writePem(rsa))).publicKey.blob).toEqual(rsa.publicKey.blob);
	});

	it.each([
		['', /holds no private key/],
		['-----BEGIN PUBLIC KEY-----\nMFkw\n-----END PUBLIC KEY-----', /public key; give the file with the private key/],
		['-----BEGIN ENCRYPTED PRIVATE KEY-----\nMFkw\n-----END ENCRYPTED PRIVATE KEY-----', /passphrase/],
		['-----BEGIN RSA PRIVATE KEY-----\nProc-Type: 4,ENCRYPTED\n\nMFkw\n-----END RSA PRIVATE KEY-----', /passphrase/],
		['-----BEGIN RSA PRIVATE KEY-----\nMF!!\n-----END RSA PRIVATE KEY-----', /not base64/],
		['-----BEGIN EC PRIVATE KEY-----\nMFkw\n-----END EC PRIVATE KEY-----', /damaged/],
	])('that are none are refused with the reason: %#', (text, reason) => {
		expect(() => readPem(text)).toThrow(reason);
		expect(() => readPem(text)).toThrow(KeyError);
	});

	it('whose parts do not belong together are refused', () => {
		const [a, b] = KEY_FILES.filter(({ name }) => name.startsWith('rsa')).map(({ pem }) => readPem(pem));
		if (a.kind !== 'rsa' || b.kind !== 'rsa') throw new Error('not RSA');
		const mixed = { ...a.numbers, privateExponent: b.numbers.privateExponent };
		const text = writePem({
			...importPrivateNumbers(backend, a),
			exportNumbers: () => ({ kind: 'rsa', numbers: mixed }),
		} as never);
		expect(() => readPem(text)).toThrow(/do not belong together/);
	});

	it('that were damaged anywhere fail with a KeyError that shows nothing of the key, or give another key', () => {
		const file = KEY_FILES.find(({ name }) => name === 'prime256v1')!;
		const secret = readPem(file.pem);
		const scalar = secret.kind === 'ec' ? secret.scalar.toHex() : '';
		fc.assert(
			fc.property(fc.nat(file.pem.length - 1), fc.constantFrom('A', 'z', '-', '\n', '='), (at, letter) => {
				const text = file.pem.slice(0, at) + letter + file.pem.slice(at + 1);
				try {
					importPrivateNumbers(backend, readPem(text));
				} catch (error) {
					expect(error).toBeInstanceOf(KeyError);
					expect(String(error)).not.toContain(scalar.slice(0, 8));
					expect(String(error)).not.toContain(file.pem.split('\n')[1].slice(0, 12));
				}
			}),
			{ numRuns: 300 },
		);
	});
});

describe('key blobs', () => {
	it('count the padding in the blob, and leave it out of the length', () => {
		const p521 = generateEcKey(backend, curveByName('secp521r1')!, systemRandom).publicKey.blob;
		expect([p521.length, p521[2] * 256 + p521[3]]).toEqual([136, 132]);
		const k163 = generateEcKey(backend, curveByName('sect163k1')!, systemRandom).publicKey.blob;
		expect([k163.length, k163[2] * 256 + k163[3], k163[46], k163[47]]).toEqual([48, 42, 0, 0]);
	});

	it('are refused in any other form, with a sentence', () => {
		const { blob } = importPrivateNumbers(
			backend,
			readPem(KEY_FILES.find(({ name }) => name === 'rsa1024')!.pem),
		).publicKey;
		const changed = (at: number, value: number) => {
			const copy = blob.slice();
			copy[at] = value;
			return copy;
		};
		const wrong = [changed(0, 3), changed(1, 1), changed(3, 127), changed(8, 0), changed(7, 0), changed(135, 2)];
		for (const copy of [...wrong, blob.slice(0, 100), new Uint8Array(0), new Uint8Array([...blob, 0])]) {
			expect(importKeyBlob(backend, copy, 0, copy.length)).toBeUndefined();
			expect(keyBlobRefusal(backend, copy, 0, copy.length)).toMatch(/malformed/);
		}
		const padded = generateEcKey(backend, curveByName('sect163k1')!, systemRandom).publicKey.blob;
		padded[47] = 1;
		expect(importKeyBlob(backend, padded, 0, padded.length)).toBeUndefined();
	});

	it('say which side lacks the curve, or that the point is not on it', () => {
		const noble = BACKENDS.find(({ name }) => name === 'noble')!;
		const { blob } = generateEcKey(backend, curveByName('sect571r1')!, systemRandom).publicKey;
		expect(importKeyBlob(noble, blob, 0, blob.length)).toBeUndefined();
		expect(keyBlobRefusal(noble, blob, 0, blob.length)).toMatch(/this side lacks the curve sect571r1/);
		blob[20] ^= 1;
		expect(importKeyBlob(backend, blob, 0, blob.length)).toBeUndefined();
		expect(keyBlobRefusal(backend, blob, 0, blob.length)).toMatch(/not on its curve sect571r1/);
	});

	it.each(BACKENDS)('from the network never make $name throw', (own) => {
		fc.assert(
			fc.property(fc.uint8Array({ maxLength: 300 }), fc.constantFrom(1, 2), fc.nat(27), (bytes, kind, second) => {
				bytes.set([kind, kind === 1 ? 0 : second].slice(0, bytes.length));
				const blob = decodeKeyBlob(bytes, 0, bytes.length);
				const key = importKeyBlob(own, bytes, 0, bytes.length);
				if (blob === undefined) expect(key).toBeUndefined();
			}),
			{ numRuns: 300 },
		);
		const odd = new Uint8Array(8 + 64).fill(0xff);
		odd.set([1, 0, 0, 64, 0xff, 0xff, 0xff, 0xff]);
		const key = importKeyBlob(own, odd, 0, odd.length);
		if (key === undefined) return;
		const message = new Uint8Array(3);
		expect(keyVerifier(own, HashType.SHA256, key).verify(message, 0, 3, new Uint8Array(64), 0, 64)).toBe(false);
	});
});

describe('keys', () => {
	it('are compatible if they are of one kind and size', () => {
		const [p256, p384] = ['secp256r1', 'secp384r1'].map((name) => {
			return generateEcKey(backend, curveByName(name)!, systemRandom).publicKey;
		});
		const [r512, r1024] = [512, 1024].map((bits) => generateRsaKey(backend, bits).publicKey);
		expect(isCompatible(p256, p384)).toBe(false);
		expect(isCompatible(r512, r1024)).toBe(false);
		expect(isCompatible(r512, p256)).toBe(false);
		expect(isCompatible(p256, r512)).toBe(false);
		expect([describeKey(p256), describeKey(r512)]).toEqual(['EC, secp256r1', 'RSA, 512 bits']);
	});

	it('on a curve come from the random bytes that are given', () => {
		const seeded = () => new Uint8Array(32).fill(0x11);
		for (const own of BACKENDS) {
			const key = generateEcKey(own, curveById(23)!, seeded);
			const secret = { kind: 'ec', curve: curveById(23)!, scalar: seeded() } as const;
			expect(key.publicKey.fingerprint).toEqual(importPrivateNumbers(backend, secret).publicKey.fingerprint);
		}
		expect(() => generateEcKey(backend, curveById(23)!, (n) => new Uint8Array(n))).toThrow(/random/);
	});

	it.each([511, 2056, 520.5, 0, Number.NaN])('of %d bits of RSA are not made', (bits) => {
		expect(() => generateRsaKey(backend, bits)).toThrow(KeyError);
	});

	it('refuse to sign with a hash that does not fit 512 bits, with the cure', () => {
		expect(() => keySigner(backend, HashType.SHA384, generateRsaKey(backend, 512))).toThrow(
			/too short.*use a longer key/,
		);
	});
});

describe('fingerprints', () => {
	it('are read in any case, with one or two digits a byte', () => {
		const text = '0A:B:0C:FF:00:1:2:3:4:5:6:7:8:9:a:b:c:d:e:f';
		const bytes = parseFingerprint(text)!;
		expect(formatFingerprint(bytes)).toBe('0A:0B:0C:FF:00:01:02:03:04:05:06:07:08:09:0A:0B:0C:0D:0E:0F');
		expect(sameFingerprint(bytes, parseFingerprint(formatFingerprint(bytes))!)).toBe(true);
		bytes[19] ^= 1;
		expect(sameFingerprint(bytes, parseFingerprint(text)!)).toBe(false);
	});

	it.each(['', '0A', '0A:B:0C:FF:00:1:2:3:4:5:6:7:8:9:a:b:c:d:e', `${'00:'.repeat(20)}00`, 'x'.repeat(59)])(
		'are refused in any other form: %s',
		(text) => {
			expect(parseFingerprint(text)).toBeUndefined();
			expect(sameFingerprint(new Uint8Array(0), new Uint8Array(0))).toBe(false);
		},
	);
});

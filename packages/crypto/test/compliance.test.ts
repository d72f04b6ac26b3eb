import { constants, createPrivateKey, createPublicKey, privateDecrypt, publicEncrypt, sign, verify } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { systemRandom } from '../src/backends/index.ts';
import {
	type Backend,
	CIPHERS,
	type CipherType,
	type Curve,
	curveById,
	curveByName,
	decryptPremaster,
	encryptPremaster,
	generateRsaKey,
	HASHES,
	HashType,
	importPrivateNumbers,
	keySigner,
	keyVerifier,
	newPremaster,
	type RsaPrivateKey,
	signingRefusal,
	writePem,
} from '../src/index.ts';
import { BACKENDS, backendsWith } from './backends.ts';
import {
	AGREEMENT_VECTORS,
	CIPHER_VECTORS,
	ECDSA_VECTORS,
	HASH_VECTORS,
	HMAC_VECTORS,
	LOW_ORDER_POINTS,
} from './published-vectors.ts';

const hex = (text: string) => Uint8Array.fromHex(text);
const ascii = (text: string) => new TextEncoder().encode(text);
const SAMPLE = ascii('sample');

describe.each(BACKENDS)('published vectors, by $name', (backend) => {
	const vectors = CIPHER_VECTORS.filter(({ cipher }) => backend.ciphers.has(cipher as CipherType));

	it.each(vectors)('seals and opens: $source', ({ cipher, key, iv, aad, plain, sealed }) => {
		const made = backend.cipher(cipher as CipherType, hex(key));
		made.iv.set(hex(iv));
		const at = aad.length / 2;
		const bytes = new Uint8Array(at + sealed.length / 2);
		bytes.set(hex(aad));
		bytes.set(hex(plain), at);
		const plainBytes = plain.length / 2;
		expect(made.seal(bytes, at, plainBytes, 0, at)).toBe(true);
		expect(bytes.subarray(at).toHex()).toBe(sealed);
		expect(made.open(bytes, at, plainBytes, 0, at)).toBe(true);
		expect(bytes.subarray(at, at + plainBytes).toHex()).toBe(plain);
	});

	it.each(Object.values(HashType))('hashes with hash %i', (type) => {
		const hash = backend.hash(type);
		hash.compute(ascii('xabcx'), 1, 3);
		expect(hash.output.toHex()).toBe(HASH_VECTORS[type]);
	});

	it.each(['md5' as const, ...Object.values(HashType)])('authenticates with HMAC over hash %s', (type) => {
		const hmac = backend.hmac(type, ascii('Jefe'));
		const data = ascii('what do ya want for nothing?');
		hmac.compute(data, 0, 5);
		hmac.compute(data, 0, data.length);
		expect(hmac.output.toHex(), 'also the second time').toBe(HMAC_VECTORS[type]);
	});

	const agreements = AGREEMENT_VECTORS.filter(({ curve }) => backend.curves.has(curveByName(curve)!.id));

	it.each(agreements)('agrees: $source', ({ curve, scalar, point, x }) => {
		expect(backend.ecPrivate(curveByName(curve)!, hex(scalar))?.agree(hex(point))?.toHex()).toBe(x);
	});

	it.each(ECDSA_VECTORS)(
		'verifies the signature of RFC 6979 on $curve with hash $hash',
		({ curve, scalar, hash, r, s }) => {
			const named = curveByName(curve)!;
			const point = backend.ecPrivate(named, hex(scalar))!.point();
			const key = backend.ecPublic(named, point)!;
			expect(key.verify(hash as HashType, SAMPLE, 0, 6, hex(r + s))).toBe(true);
			expect(key.verify(hash as HashType, SAMPLE, 0, 6, hex(s + r))).toBe(false);
			expect(key.verify(hash as HashType, SAMPLE, 0, 5, hex(r + s))).toBe(false);
			expect(key.verify(hash as HashType, SAMPLE, 0, 6, new Uint8Array(r.length))).toBe(false);
		},
	);

	it('refuses a point that is not on its curve, and scalars out of range', () => {
		const curve = curveByName('secp256r1')!;
		const point = backend.ecPrivate(curve, new Uint8Array(32).fill(7))!.point();
		point[40] ^= 1;
		expect(backend.ecPublic(curve, point)).toBeUndefined();
		expect(backend.ecPublic(curve, new Uint8Array(64))).toBeUndefined();
		expect(backend.ecPublic(curve, new Uint8Array(63))).toBeUndefined();
		expect(backend.ecPrivate(curve, new Uint8Array(32).fill(7))!.agree(point)).toBeUndefined();
		expect(backend.ecPrivate(curve, new Uint8Array(32))).toBeUndefined();
		expect(backend.ecPrivate(curve, new Uint8Array(32).fill(255))).toBeUndefined();
	});
});

describe.each(backendsWith(({ curves }) => curves.has(9)))('curves with a cofactor, by $name', (backend) => {
	it.each(LOW_ORDER_POINTS)('refuse a point of low order: %#', (point) => {
		const curve = curveByName('sect283k1')!;
		expect(backend.ecPublic(curve, hex(point))).toBeUndefined();
		expect(backend.ecPrivate(curve, new Uint8Array(36).fill(1, 1))!.agree(hex(point))).toBeUndefined();
	});
});

describe('the noble backend', () => {
	it.each(ECDSA_VECTORS)('signs as RFC 6979 says on $curve with hash $hash', ({ curve, scalar, hash, r, s }) => {
		const noble = BACKENDS.find(({ name }) => name === 'noble')!;
		const signature = new Uint8Array(r.length);
		noble.ecPrivate(curveByName(curve)!, hex(scalar))!.sign(hash as HashType, SAMPLE, 0, 6, signature);
		expect(signature.toHex()).toBe(r + s);
	});
});

const PAIRS = BACKENDS.flatMap((a) =>
	BACKENDS.filter((b) => b !== a).map((b) => ({ a, b, name: `${a.name} to ${b.name}` })),
);

describe.each(PAIRS)('crossed: $name', ({ a, b }) => {
	const curves = [...a.curves].filter((id) => b.curves.has(id)).map((id) => curveById(id) as Curve);

	it.each([...a.ciphers].filter((type) => b.ciphers.has(type)))('cipher %i: what one seals the other opens', (type) => {
		const { keyBytes, ivBytes, tagBytes, blockBytes } = CIPHERS[type];
		const key = systemRandom(keyBytes);
		for (const length of [blockBytes, 2 * blockBytes, 41 * 16, 8800]) {
			const plain = systemRandom(28 + length + tagBytes);
			const iv = systemRandom(ivBytes);
			const [sealing, opening] = [a.cipher(type, key), b.cipher(type, key)];
			sealing.iv.set(iv);
			opening.iv.set(iv);
			const bytes = plain.slice();
			const aadBytes = tagBytes === 0 ? 0 : 28;
			expect(sealing.seal(bytes, 28, length, 0, aadBytes)).toBe(true);
			// One byte may well be its own ciphertext.
			if (length >= 8) expect(bytes.subarray(28, 28 + length)).not.toEqual(plain.subarray(28, 28 + length));
			expect(opening.open(bytes, 28, length, 0, aadBytes)).toBe(true);
			expect(bytes.subarray(0, 28 + length)).toEqual(plain.subarray(0, 28 + length));
		}
	});

	it.each(curves)('$name: what one signs the other verifies, and both agree', (curve) => {
		const scalar = new Uint8Array(Math.ceil(curve.orderBits / 8)).fill(0x5a);
		scalar[0] = 0;
		const secret = { kind: 'ec', curve, scalar } as const;
		const [own, other] = [importPrivateNumbers(a, secret), importPrivateNumbers(b, secret)];
		if (own.kind !== 'ec' || other.kind !== 'ec') throw new Error('not on a curve');
		expect(own.publicKey.blob).toEqual(other.publicKey.blob);
		for (const hash of Object.values(HashType)) {
			const signer = keySigner(a, hash, own);
			signer.compute(SAMPLE, 0, 6);
			const verifier = keyVerifier(b, hash, other.publicKey);
			expect(verifier.verify(SAMPLE, 0, 6, signer.output, 0, signer.output.length)).toBe(true);
			expect(verifier.verify(SAMPLE, 0, 5, signer.output, 0, signer.output.length)).toBe(false);
		}
		const point = own.operation.point();
		expect(own.operation.agree(point)).toEqual(other.operation.agree(point));
	});
});

const RSA_BACKENDS = backendsWith((backend) => backend.rsa);
const RSA_PAIRS = RSA_BACKENDS.flatMap((a) => RSA_BACKENDS.map((b) => ({ a, b, name: `${a.name} to ${b.name}` })));

describe.each(RSA_PAIRS)('RSA, $name', ({ a, b }) => {
	it.each([512, 768, 1024, 2048])('with %i bits: signatures and premasters cross', (bits) => {
		const own = generateRsaKey(a, bits);
		const other = importPrivateNumbers(b, own.exportNumbers()) as RsaPrivateKey;
		expect(own.publicKey.modulus.length).toBe(bits / 8);
		for (const hash of Object.values(HashType)) {
			if (signingRefusal(own.publicKey, hash) !== undefined) {
				expect(bits).toBe(512);
				expect(HASHES[hash].bytes).toBeGreaterThan(32);
				continue;
			}
			const signer = keySigner(a, hash, own);
			signer.compute(SAMPLE, 0, 6);
			const verifier = keyVerifier(b, hash, other.publicKey);
			expect(verifier.verify(SAMPLE, 0, 6, signer.output, 0, bits / 8)).toBe(true);
			expect(verifier.verify(SAMPLE, 1, 5, signer.output, 0, bits / 8)).toBe(false);
			signer.output[bits / 16] ^= 1;
			expect(verifier.verify(SAMPLE, 0, 6, signer.output, 0, bits / 8)).toBe(false);
			expect(verifier.verify(SAMPLE, 0, 6, new Uint8Array(bits / 8).fill(255), 0, bits / 8)).toBe(false);
		}
		const premaster = newPremaster(systemRandom);
		const keyInfo = encryptPremaster(a, other.publicKey, premaster, systemRandom);
		expect(decryptPremaster(b, other, keyInfo, systemRandom)).toEqual({ premaster, isGenuine: true });
	});
});

describe.each(RSA_BACKENDS)('RSA against an independent implementation, by $name', (backend: Backend) => {
	const key = generateRsaKey(backend, 1024);
	const theirs = createPrivateKey(writePem(key));
	const theirPublic = createPublicKey(theirs);

	it.each(Object.values(HashType))('PKCS#1 v1.5 signatures with hash %i', (hash) => {
		const signer = keySigner(backend, hash, key);
		signer.compute(SAMPLE, 0, 6);
		expect(verify(HASHES[hash].name, SAMPLE, theirPublic, signer.output)).toBe(true);
		expect(new Uint8Array(sign(HASHES[hash].name, SAMPLE, theirs))).toEqual(signer.output);
	});

	it('OAEP with SHA-1 in both directions', () => {
		const spec = { padding: constants.RSA_PKCS1_OAEP_PADDING, oaepHash: 'sha1' };
		const premaster = newPremaster(systemRandom);
		const keyInfo = encryptPremaster(backend, key.publicKey, premaster, systemRandom);
		expect(new Uint8Array(privateDecrypt({ key: theirs, ...spec }, keyInfo))).toEqual(premaster);
		const fromThem = new Uint8Array(publicEncrypt({ key: theirPublic, ...spec }, premaster));
		expect(decryptPremaster(backend, key, fromThem, systemRandom)).toEqual({ premaster, isGenuine: true });
	});

	it('PKCS#1 v1.5 encryption for keys shorter than 768 bits', () => {
		const short = generateRsaKey(backend, 512);
		const premaster = newPremaster(systemRandom);
		const spec = { key: createPublicKey(writePem(short)), padding: constants.RSA_PKCS1_PADDING };
		const fromThem = new Uint8Array(publicEncrypt(spec, premaster));
		expect(decryptPremaster(backend, short, fromThem, systemRandom)).toEqual({ premaster, isGenuine: true });
	});

	it.each([512, 1024])('gives the fallback for what is no premaster, with %i bits', (bits) => {
		const own = generateRsaKey(backend, bits);
		const fallback = new Uint8Array(48).fill(7);
		const keyInfo = encryptPremaster(backend, own.publicKey, newPremaster(systemRandom), systemRandom);
		keyInfo[20] ^= 4;
		expect(decryptPremaster(backend, own, keyInfo, () => fallback)).toEqual({ premaster: fallback, isGenuine: false });
		const above = new Uint8Array(bits / 8).fill(255);
		expect(decryptPremaster(backend, own, above, () => fallback)).toEqual({ premaster: fallback, isGenuine: false });
		expect(decryptPremaster(backend, own, keyInfo.subarray(1), () => fallback)).toBeUndefined();
	});
});

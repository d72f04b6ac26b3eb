import { describe, expect, it } from 'vitest';
import {
	agreePremaster,
	type Backend,
	CipherType,
	chooseSuite,
	curveByName,
	type EcPrivateKey,
	type EcPublicKey,
	encodeEcBlob,
	formatFingerprint,
	HashType,
	importKeyBlob,
	importPrivateNumbers,
	KeyBlock,
	KeyExchange,
	NonceCounter,
	Opener,
	openedAt,
	prf,
	Sealer,
	SignatureType,
	writeIv,
} from '../src/index.ts';
import { BACKENDS } from './backends.ts';

/** Computed by an independent implementation that talks to the original programs (docs/protocol.md, section 11.13). */
const hex = (text: string) => Uint8Array.fromHex(text);
const counting = (from: number, length: number) => Uint8Array.from({ length }, (_, i) => from + i);

const EXPANSIONS: Record<HashType, string> = {
	[HashType.SHA1]:
		'7c2a8c1e1e7756ec8bc5c0448a030fe1219b10bcba8c743dbb40874779d454a11d03f86e4683af4fe7b5599ebf7a5e23' +
		'8789a8a0a255ed74e24094305a32f8c0206e9d145c657c4a67af78a71ff2d218ceabadb06bbabcbf52929bded93cdd14',
	[HashType.SHA256]:
		'28685edb204ecc92242de5440cbbaab263b26917badda780ffac162c8d5a190d1cff3e11bb783d1196093355144944ff' +
		'daa69ef6011e31a1c346196414c5f56b12ab16221ed753dad9b0230b76c161bc65c49d3fd20a06fdd35e2ded32747a6e',
	[HashType.SHA384]:
		'1ef6cb01527c4d5a83d5dc42afa62a9c27b940128ab240da3008c18b191d6cb911854353158b4b09047f65222a9e79e2' +
		'db2046f38b6994a1498c6fe03b5fcbedb5c80f8deb873bdd6e83e2f5911481ad07e784d55dd1c21927da3123d9590d0d',
	[HashType.SHA512]:
		'26f8b51779671e21bf5e5034ff78d627fefcb1c47cf0902afce6ef0c538455dd95879bf284751dac07a0f70fde2a8175' +
		'636829d7c2bd9ae56b078f27a07dc66052ad802719b362016ee62a8e127e6fe7547e6729e4e0bb7e8f302e8999e178cb',
};

const DONE = '0a020001000000000a630002';
const HEADER = '400a00070a63000111223344006a1800';
const SEALED: Record<Exclude<CipherType, 1>, string> = {
	[CipherType.TRIPLE_DES]:
		'401200070a63000111223344006a1800000000000000000500200010abcc98fdcb3fca4064f51f1b709a2ecf8b8cf6d3' +
		'a47a876f6b92ec84aec29767a69c1811b1bda6df89346835f67f143a',
	[CipherType.AES128_CBC]:
		'401200070a63000111223344006a18000000000000000005002000105f11ea8308ca2363b0a896d9db77cce78f1b6f24' +
		'b9a7a8fd03371e8a2d2e1a9d674927e361304be0a64273867e0d530c',
	[CipherType.AES256_CBC]:
		'401200070a63000111223344006a18000000000000000005002000100d0b26eb2405426b18ce5e3ade0b670652435fe6' +
		'23b6a6db297cddb447970ea6c32e0e6e5a3182a43b0f4583655cb3ed',
	[CipherType.AES128_GCM]:
		'401200070a63000111223344006a180000000000000000050000001cb15edc4b3ce54f1833598c63ab76e2272da51704' +
		'3ad671a4a41d89a7',
	[CipherType.AES256_GCM]:
		'401200070a63000111223344006a180000000000000000050000001c3ce08c7ce04d3b1535aa36ca55066077312a8c8f' +
		'36503bf7bec70cb9',
	[CipherType.AES128_CCM]:
		'401200070a63000111223344006a180000000000000000050000001c2f6e61bd50873ff8fe152f0e107074f100751211' +
		'9c0fd65e040dd456',
	[CipherType.AES256_CCM]:
		'401200070a63000111223344006a180000000000000000050000001c20ddb5d1e73a708e1ec6890226086da1d7215e11' +
		'0116fba4c25c32aa',
};
const KEY_BYTES: Record<number, number> = { 2: 24, 3: 16, 4: 32, 5: 16, 6: 32, 7: 16, 8: 32 };

function scalar(value: number): Uint8Array {
	const bytes = new Uint8Array(32);
	bytes[31] = value;
	return bytes;
}

function ecKey(backend: Backend, value: number): EcPrivateKey {
	const curve = curveByName('prime256v1')!;
	return importPrivateNumbers(backend, { kind: 'ec', curve, scalar: scalar(value) }) as EcPrivateKey;
}

describe.each(BACKENDS)('the vectors of UFTP, by $name', (backend) => {
	it.each(Object.values(HashType))('expands keys with hash %i', (hash) => {
		const bytes = prf(backend, hash, counting(0, 48), 'key expansion', counting(100, 64), 96);
		expect(bytes.toHex()).toBe(EXPANSIONS[hash]);
	});

	it('halves a short secret for MD5 and SHA-1', () => {
		const bytes = prf(backend, HashType.SHA1, counting(0, 20), 'master secret', counting(100, 64), 48);
		const expected = '539fc211022a74e3e6dd1f0c7033b21247481b4e94047408e74d088bc35809741abde5847dc442ccb1610bf0995c6fb5';
		expect(bytes.toHex()).toBe(expected);
	});

	it.each([...backend.ciphers])('seals and opens a DONE with cipher %i, byte for byte', (cipher) => {
		const isCbc = cipher <= CipherType.AES256_CBC;
		const signatureType = isCbc ? SignatureType.HMAC : SignatureType.AUTHENC;
		const numbers = { keyType: cipher, hashType: HashType.SHA256, keyExchange: KeyExchange.ECDH_ECDSA, signatureType };
		const suite = chooseSuite(numbers, backend).suite!;
		const keys = new KeyBlock(counting(0, 32), counting(64, KEY_BYTES[cipher]), hex('a1b2c3d4'));
		const counter = new NonceCounter();
		for (let i = 0; i < 4; i += 1) counter.next();
		const sealer = new Sealer(backend, suite, keys, counter);

		const at = 3;
		const bytes = new Uint8Array(100);
		bytes.set(hex(HEADER), at);
		bytes.set(hex(DONE), at + sealer.plainOffset);
		const length = sealer.seal(bytes, at, 12);
		expect(length).toBe(sealer.sealedBytes(12));
		expect(bytes.toHex(), 'and touches nothing else').toBe(
			`000000${SEALED[cipher as 2]}${'00'.repeat(100 - 3 - length)}`,
		);

		const opener = new Opener(backend, suite, keys);
		expect(opener.open(bytes, at, length)).toBe(12);
		const plainAt = openedAt(bytes, at);
		expect(bytes.subarray(plainAt, plainAt + 12).toHex()).toBe(DONE);
	});

	it('lays out the key blob of the generator of P-256 and takes its fingerprint', () => {
		const key = ecKey(backend, 1).publicKey;
		expect(key.blob.toHex()).toBe(
			'021700406b17d1f2e12c4247f8bce6e563a440f277037d812deb33a0f4a13945d898c296' +
				'4fe342e2fe1a7f9b8ee7eb4a7c0f9e162bce33576b315ececbb6406837bf51f5',
		);
		expect(key.fingerprint.toHex()).toBe('f638ede0021c83d68a731a79483f10e351cdc097');
		expect(formatFingerprint(key.fingerprint)).toBe('F6:38:ED:E0:02:1C:83:D6:8A:73:1A:79:48:3F:10:E3:51:CD:C0:97');
		expect(encodeEcBlob(key.curve, key.point)).toEqual(key.blob);
	});

	it('agrees on a premaster over P-256: SHA-1 of X', () => {
		const { blob } = ecKey(backend, 3).publicKey;
		const other = importKeyBlob(backend, blob, 0, blob.length) as EcPublicKey;
		expect(agreePremaster(backend, ecKey(backend, 2), other)?.toHex()).toBe('34d3412f1e50dec501ff19a00706e8514fec7f44');
	});
});

describe('IVs', () => {
	it.each([
		[8, 'a1b2c3d50a630000'],
		[12, 'abd1c3d60000000100000002'],
		[16, 'a1b2c3d40a6300020000000100000002'],
	])('of %i bytes mix salt, source and counter as UFTP does', (length, expected) => {
		const iv = new Uint8Array(length);
		writeIv(iv, hex('a1b2c3d4'), hex('ff0a630002ff0000000100000002'), 1, 6);
		expect(iv.toHex()).toBe(expected);
	});
});

import { describe, expect, it } from 'vitest';
import {
	type Libcrypto,
	LibcryptoEcKey,
	LibcryptoHash,
	LibcryptoHmac,
	LibcryptoPacketCipher,
	LibcryptoRsaKey,
	loadLibcrypto,
} from '../src/index.ts';

const { libcrypto, why } = loadLibcrypto();
if (libcrypto === undefined) throw new Error(why);

const GCM = { name: 'AES-128-GCM', mode: 'gcm', keyBytes: 16, ivBytes: 12, tagBytes: 16 } as const;

describe('libcrypto', () => {
	it('is loaded once', () => {
		expect(loadLibcrypto().libcrypto).toBe(libcrypto);
	});

	it('never gets an address outside the array that it is given', () => {
		const cipher = LibcryptoPacketCipher.open(libcrypto, GCM, new Uint8Array(16))!;
		const bytes = new Uint8Array(100);
		const ranges = [
			[60, 25, 0, 0],
			[-1, 20, 0, 0],
			[0, -1, 0, 0],
			[20, 20, 90, 28],
			[20, 20, -8, 8],
			[Number.NaN, 20, 0, 0],
		];
		for (const [at, length, aadAt, aadBytes] of ranges) {
			expect(() => cipher.seal(bytes, at, length, aadAt, aadBytes), `${at}, ${length}`).toThrow(RangeError);
			expect(() => cipher.open(bytes, at, length, aadAt, aadBytes), `${at}, ${length}`).toThrow(RangeError);
		}
		const hash = LibcryptoHash.open(libcrypto, 'sha256', 32)!;
		expect(() => hash.compute(bytes, 90, 11)).toThrow(RangeError);
		expect(bytes.every((byte) => byte === 0)).toBe(true);
	});

	it('works on part of an array, and on small arrays that the collector may move', () => {
		const hash = LibcryptoHash.open(libcrypto, 'sha1', 20)!;
		for (let i = 0; i < 200; i += 1) {
			const small = new Uint8Array([9, 97, 98, 99, 9]);
			const part = small.subarray(1, 4);
			if (i % 50 === 0) Bun.gc(true);
			hash.compute(part, 0, 3);
			expect(hash.output.toHex()).toBe('a9993e364706816aba3e25717850c26c9cd0d89d');
			hash.compute(new Uint8Array(0), 0, 0);
			expect(hash.output.toHex()).toBe('da39a3ee5e6b4b0d3255bfef95601890afd80709');
		}
	});

	it('says what it does not have, or refuses, instead of failing', () => {
		expect(LibcryptoPacketCipher.open(libcrypto, { ...GCM, name: 'NONE' }, new Uint8Array(16))).toBeUndefined();
		expect(LibcryptoHash.open(libcrypto, 'none', 20)).toBeUndefined();
		expect(LibcryptoHmac.open(libcrypto, 'none', 20, new Uint8Array(3))).toBeUndefined();
		expect(LibcryptoEcKey.hasCurve(libcrypto, 'secp256r2')).toBe(false);
		expect(LibcryptoEcKey.fromPoint(libcrypto, 'prime256v1', new Uint8Array(64))).toBeUndefined();
		expect(() => LibcryptoPacketCipher.open(libcrypto, GCM, new Uint8Array(15))).toThrow(/16 bytes, not 15/);
		expect(LibcryptoRsaKey.generate(libcrypto, 100)).toBeUndefined();
		const even = LibcryptoRsaKey.fromPublic(libcrypto, new Uint8Array(64).fill(254), Uint8Array.of(3));
		expect(even.applyPublic(new Uint8Array(64).fill(1))).toBe(false);
		expect(() => even.applyPublic(new Uint8Array(65))).toThrow(RangeError);
	});

	it('is given back the contexts of ciphers that nobody holds any more', async () => {
		let freed = 0;
		const counting: Libcrypto = {
			...libcrypto,
			EVP_CIPHER_CTX_free: ((context: number | bigint) => {
				freed += 1;
				libcrypto.EVP_CIPHER_CTX_free(context);
			}) as Libcrypto['EVP_CIPHER_CTX_free'],
		};
		for (let i = 0; i < 1000; i += 1) LibcryptoPacketCipher.open(counting, GCM, new Uint8Array(16));
		for (let i = 0; i < 100 && freed < 1800; i += 1) {
			Bun.gc(true);
			await new Promise((resolve) => setTimeout(resolve, 5));
		}
		expect(freed, 'two contexts of nearly every cipher').toBeGreaterThanOrEqual(1800);
	});
});

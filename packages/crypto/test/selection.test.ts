import { describe, expect, it } from 'vitest';
import { BACKEND_NAMES, OFFERS, openBackend, selectBackend, systemRandom } from '../src/backends/index.ts';
import { nobleBackend } from '../src/backends/noble.ts';
import { selfTest } from '../src/backends/self-test.ts';
import { type Backend, CipherType, chooseSuite, HashType, type PacketCipher } from '../src/index.ts';

const noble = nobleBackend();

/** A backend in which one thing is wrong. */
function broken(change: Partial<Backend>): Backend {
	return { ...noble, ...change };
}

describe('the choice of a backend', () => {
	it('takes libcrypto first and says so', () => {
		const { backend, sentence } = selectBackend();
		expect(backend.name).toBe('libcrypto');
		expect(sentence).toBe("cryptography by libcrypto (the system's OpenSSL)");
	});

	it.each(BACKEND_NAMES)('can be forced to %s, which offers what the table says', (name) => {
		const { backend, sentence } = selectBackend(name);
		expect(backend.name).toBe(name);
		expect(sentence).toMatch(new RegExp(`^cryptography by ${name} .*, as the setting says`));
		const { ciphers, hashes, curves, rsa } = OFFERS[name];
		expect(backend).toMatchObject({ ciphers, hashes, curves, rsa });
		expect(backend.ciphers.has(CipherType.DES)).toBe(false);
	});

	it('refuses a name that is none, and lists those that are', () => {
		expect(() => selectBackend('openssl')).toThrow(
			'no cryptography backend "openssl"; choose one of libcrypto, node, noble',
		);
	});

	it('opens every backend of this machine', () => {
		for (const name of BACKEND_NAMES) expect(typeof openBackend(name)).toBe('object');
	});
});

describe('the self-test', () => {
	it('passes a good backend', () => {
		expect(selfTest(noble)).toMatchObject({ missing: [] });
	});

	it('takes a cipher that gives a wrong answer out of the offer', () => {
		const forgetful = (type: CipherType, key: Uint8Array): PacketCipher => {
			const cipher = noble.cipher(type, key);
			if (type !== CipherType.AES256_CCM) return cipher;
			return { ...cipher, iv: cipher.iv, seal: () => true, open: () => true };
		};
		const tested = selfTest(broken({ cipher: forgetful }));
		if (typeof tested === 'string') throw new Error(tested);
		expect(tested.missing).toEqual(['aes256-ccm']);
		const offer = { ...noble, ...tested.offer };
		const numbers = { keyType: 8, hashType: 3, keyExchange: 3, signatureType: 3 };
		expect(chooseSuite(numbers, offer).why).toMatch(/lacks the cipher aes256-ccm/);
	});

	it('notices a tag that is not looked at', () => {
		const trusting = (type: CipherType, key: Uint8Array): PacketCipher => {
			const cipher = noble.cipher(type, key);
			const open: PacketCipher['open'] = (...args) => cipher.open(...args) || true;
			return { iv: cipher.iv, seal: (...args) => cipher.seal(...args), open };
		};
		expect(selfTest(broken({ cipher: trusting }))).toMatch(/noble fails its self-test; it lacks .*aes128-gcm/);
	});

	it.each<[string, Partial<Backend>, RegExp]>([
		['hashes', { hash: () => noble.hash(HashType.SHA1) }, /wrong hashes/],
		['HMACs', { hmac: (type) => noble.hmac(type, new Uint8Array(4)) }, /wrong HMACs/],
		['curves', { ecPrivate: () => undefined }, /lacks .*secp256r1/],
		[
			'curves that throw',
			{
				ecPublic: () => {
					throw new Error('no');
				},
			},
			/lacks .*secp256r1/,
		],
	])('refuses a backend with wrong %s', (_, change, reason) => {
		expect(selfTest(broken(change))).toMatch(reason);
	});
});

describe('random bytes of the system', () => {
	it('are as many as asked for, and others each time', () => {
		expect([0, 1, 48].map((length) => systemRandom(length).length)).toEqual([0, 1, 48]);
		expect(systemRandom(32)).not.toEqual(systemRandom(32));
	});
});

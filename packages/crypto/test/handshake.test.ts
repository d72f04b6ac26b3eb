import { inspect } from 'node:util';
import { decodeKeyInfo, encodeKeyInfo, isMalformed, keyInfoItemsPerMessage } from '@uftp/wire';
import { describe, expect, it } from 'vitest';
import { systemRandom } from '../src/backends/index.ts';
import {
	agreePremaster,
	CipherType,
	chooseSuite,
	cipherByName,
	clientKeyContent,
	composeKeyInfo,
	curveById,
	curveByName,
	describeSuite,
	generateEcKey,
	generateRsaKey,
	groupKeys,
	Handshake,
	HashType,
	hashByName,
	importPrivateNumbers,
	KeyBlock,
	KeyExchange,
	keyExchangeByName,
	keySigner,
	masterSecret,
	NonceCounter,
	newGroupMaster,
	Sealer,
	SignatureType,
	type Suite,
	sameVerifyData,
	sessionKeys,
	signatureTypeFor,
	signField,
	unwrapGroupMaster,
	verifyData,
} from '../src/index.ts';
import { BACKENDS } from './backends.ts';

const SOURCE_ID = 0x0a630001;

function suiteOf(cipher: CipherType, hash: HashType): Suite {
	return { cipher, hash, keyExchange: KeyExchange.ECDH_ECDSA, signature: signatureTypeFor(cipher, false) };
}

describe.each(BACKENDS)('KEYINFO, by $name', (backend) => {
	it.each([...backend.ciphers])('with cipher %i gives each of many receivers the one group master', (cipher) => {
		const suite = suiteOf(cipher, HashType.SHA384);
		const counter = new NonceCounter();
		const groupMaster = newGroupMaster(systemRandom);
		const [rand1, premaster] = [systemRandom(32), systemRandom(20)];
		const count = keyInfoItemsPerMessage(1300);
		const recipients = Array.from({ length: count }, (_, i) => {
			const rand2 = systemRandom(32);
			const master = masterSecret(backend, suite, premaster, rand1, rand2);
			return { clientId: 100 + i, keys: sessionKeys(backend, suite, master, rand1, rand2) };
		});
		const message = composeKeyInfo(backend, suite, groupMaster, counter, SOURCE_ID, recipients);
		expect(message.counter).toBe(1n);
		expect(counter.value).toBe(1);

		const bytes = new Uint8Array(2000);
		const decoded = decodeKeyInfo(bytes, 16, encodeKeyInfo(bytes, 16, message));
		if (isMalformed(decoded)) throw new Error(decoded.malformed);
		expect(decoded.items).toHaveLength(count);
		for (const [i, { clientId, wrappedKey }] of decoded.items.entries()) {
			const { keys } = recipients[i];
			expect(clientId).toBe(100 + i);
			const unwrap = (own: KeyBlock, value = decoded.counter, id = SOURCE_ID) => {
				return unwrapGroupMaster(backend, suite, own, value, id, wrappedKey);
			};
			expect(unwrap(keys)).toEqual(groupMaster);
			expect(unwrap(recipients[(i + 1) % count].keys), 'not for its neighbour').not.toEqual(groupMaster);
			expect(unwrap(keys, 2n), 'not with another counter').not.toEqual(groupMaster);
		}
	});
});

describe('the group master', () => {
	it('is as good as never found with keys of somebody else', () => {
		const backend = BACKENDS[0];
		const suite = suiteOf(CipherType.AES128_CBC, HashType.SHA256);
		const anybody = () => new KeyBlock(systemRandom(32), systemRandom(16), systemRandom(4));
		const recipients = [{ clientId: 1, keys: anybody() }];
		const { items } = composeKeyInfo(backend, suite, newGroupMaster(systemRandom), new NonceCounter(), 1, recipients);
		let found = 0;
		for (let i = 0; i < 1000; i += 1) {
			if (unwrapGroupMaster(backend, suite, anybody(), 1n, 1, items[0].wrappedKey) !== undefined) found += 1;
		}
		expect(found, 'one in 256 has the right last byte').toBeLessThan(30);
	});

	it('begins with the version of the header', () => {
		expect(newGroupMaster(systemRandom)[0]).toBe(0x40);
		expect(newGroupMaster(() => new Uint8Array(47).fill(9)).toHex()).toBe(`40${'09'.repeat(47)}`);
	});

	it('comes out with the version, whatever stands in the clear', () => {
		const backend = BACKENDS[0];
		const suite = suiteOf(CipherType.AES128_CBC, HashType.SHA256);
		const keys = new KeyBlock(systemRandom(32), systemRandom(16), systemRandom(4));
		const groupMaster = newGroupMaster(systemRandom);
		groupMaster[0] = 0x77;
		const recipients = [{ clientId: 1, keys }];
		const { items, counter } = composeKeyInfo(backend, suite, groupMaster, new NonceCounter(), 1, recipients);
		const unwrapped = unwrapGroupMaster(backend, suite, keys, counter, 1, items[0].wrappedKey)!;
		expect(unwrapped[0]).toBe(0x40);
		expect(unwrapped.subarray(1)).toEqual(groupMaster.subarray(1));
	});
});

describe('verify data and what a CLIENT_KEY signs', () => {
	const backend = BACKENDS[0];
	const suite = suiteOf(CipherType.AES256_GCM, HashType.SHA256);
	const address = Uint8Array.of(230, 5, 5, 9);
	const parts = [1, 2].map((seed) => new Uint8Array(32).fill(seed));
	const handshake = new Handshake(0x11223344, address, parts[0], parts[1], new Uint8Array(20).fill(3));

	it('name group, address, both randoms and the premaster', () => {
		const expected = `11223344e6050509${'01'.repeat(32)}${'02'.repeat(32)}${'03'.repeat(20)}`;
		expect(clientKeyContent(handshake).toHex()).toBe(expected);
	});

	it('differ by every part that goes into them', () => {
		const groupMaster = newGroupMaster(systemRandom);
		const blob = systemRandom(68);
		const expected = verifyData(backend, suite, handshake, blob, groupMaster);
		expect(expected).toHaveLength(12);
		expect(sameVerifyData(expected, verifyData(backend, suite, handshake, blob, groupMaster))).toBe(true);
		const others = [
			verifyData(backend, suite, handshake, undefined, groupMaster),
			verifyData(backend, suite, handshake, blob, newGroupMaster(systemRandom)),
			verifyData(backend, { ...suite, hash: HashType.SHA1 }, handshake, blob, groupMaster),
			...[
				new Handshake(0x11223345, address, parts[0], parts[1], handshake.premaster),
				new Handshake(0x11223344, new Uint8Array(4), parts[0], parts[1], handshake.premaster),
				new Handshake(0x11223344, address, parts[1], parts[0], handshake.premaster),
				new Handshake(0x11223344, address, parts[0], parts[1], new Uint8Array(20)),
			].map((other) => verifyData(backend, suite, other, blob, groupMaster)),
		];
		for (const other of others) expect(sameVerifyData(expected, other)).toBe(false);
		expect(sameVerifyData(new Uint8Array(0), new Uint8Array(0))).toBe(false);
	});
});

describe('an agreement', () => {
	it.each(BACKENDS)('gives both sides the same 20 bytes on every curve of $name', (backend) => {
		for (const id of backend.curves) {
			const [a, b] = [1, 2].map(() => generateEcKey(backend, curveById(id)!, systemRandom));
			const premaster = agreePremaster(backend, a, b.publicKey)!;
			expect(premaster).toHaveLength(20);
			expect(agreePremaster(backend, b, a.publicKey)).toEqual(premaster);
		}
		const [p256, p384] = ['prime256v1', 'secp384r1'].map((name) => {
			return generateEcKey(backend, curveByName(name)!, systemRandom);
		});
		expect(agreePremaster(backend, p256, p384.publicKey)).toBeUndefined();
	});
});

describe('a suite', () => {
	const numbers = { keyType: 6, hashType: 3, keyExchange: 3, signatureType: 3 };

	it('is read from an ENC_INFO and described', () => {
		const { suite } = chooseSuite(numbers, BACKENDS[0]);
		expect(suite).toEqual({ cipher: 6, hash: 3, keyExchange: 3, signature: 3 });
		expect(describeSuite(suite!)).toBe('ecdh_ecdsa, aes256-gcm, sha256, authenc');
	});

	it.each([
		[{ keyType: 1 }, /DES is refused/],
		[{ keyType: 9 }, /cipher 9/],
		[{ keyType: 0 }, /cipher 0/],
		[{ hashType: 1 }, /hash 1/],
		[{ keyExchange: 4 }, /key exchange 4/],
		[{ signatureType: 0 }, /signature type 0/],
		[{ signatureType: 1 }, /aes256-gcm goes with authenc, not with hmac/],
		[{ keyType: 4 }, /aes256-cbc goes with hmac or keyex, not with authenc/],
	])('with %o is refused with the reason', (change, reason) => {
		expect(chooseSuite({ ...numbers, ...change }, BACKENDS[0]).why).toMatch(reason);
	});

	it('that this side lacks is refused, and says which side', () => {
		const noble = BACKENDS.find(({ name }) => name === 'noble')!;
		const tripleDes = { ...numbers, keyType: 2, signatureType: 1 };
		expect(chooseSuite(tripleDes, noble).why).toMatch(/this side lacks the cipher 3des/);
		expect(chooseSuite({ ...numbers, keyExchange: 1 }, noble).why).toMatch(/this side lacks RSA/);
		const without = { ...noble, hashes: new Set([HashType.SHA1]) };
		expect(chooseSuite(numbers, without).why).toMatch(/this side lacks the hash sha256/);
	});

	it('is named as on the command line', () => {
		expect(cipherByName('AES256-gcm')).toBe(CipherType.AES256_GCM);
		expect(cipherByName('aes512')).toBeUndefined();
		expect(hashByName('sha384')).toBe(HashType.SHA384);
		expect(keyExchangeByName('ecdh_ecdsa')).toBe(KeyExchange.ECDH_ECDSA);
		expect(signatureTypeFor(CipherType.AES128_CBC, true)).toBe(SignatureType.KEYEX);
	});
});

describe('counters', () => {
	it('go up by one from zero, and stop rather than come again', () => {
		const counter = new NonceCounter();
		expect([counter.value, counter.next(), counter.next(), counter.value]).toEqual([0, 1, 2, 2]);
		const backend = BACKENDS[0];
		const suite = suiteOf(CipherType.AES128_GCM, HashType.SHA256);
		const keys = new KeyBlock(systemRandom(32), systemRandom(16), systemRandom(4));
		const stuck = { value: 5, next: () => 5 } as unknown as NonceCounter;
		const sealer = new Sealer(backend, suite, keys, stuck);
		const bytes = new Uint8Array(100);
		sealer.seal(bytes, 0, 20);
		expect(() => sealer.seal(bytes, 0, 20)).toThrow(/came twice/);
	});
});

/** Whether printing the object in any of the usual ways shows the first bytes of a secret. */
function shows(holder: object, secret: Uint8Array): boolean {
	const text = `${inspect(holder, { depth: 9, showHidden: true })} ${JSON.stringify(holder)} ${String(holder)}`;
	const numbers =
		text
			.replaceAll(/"\d+":/g, ' ')
			.match(/\d+/g)
			?.join() ?? '';
	const start = secret.subarray(0, 6);
	return numbers.includes(start.join()) || text.toLowerCase().includes(start.toHex());
}

describe('secrets', () => {
	it('do not show when what holds them is printed', () => {
		const secret = (length: number) => new Uint8Array(length).fill(0xc3);
		for (const backend of BACKENDS) {
			const curve = curveByName('prime256v1')!;
			const suite = suiteOf(CipherType.AES128_CBC, HashType.SHA256);
			const key = importPrivateNumbers(backend, { kind: 'ec', curve, scalar: secret(32) });
			const keys = new KeyBlock(secret(32), secret(16), secret(4));
			const holders: object[] = [
				key,
				keys,
				new Handshake(1, new Uint8Array(4), new Uint8Array(32), new Uint8Array(32), secret(48)),
				new Sealer(backend, suite, keys, new NonceCounter()),
				keySigner(backend, HashType.SHA256, key),
				groupKeys(backend, suite, secret(48), new Uint8Array(32)),
			];
			for (const holder of holders) expect(shows(holder, secret(6))).toBe(false);
			if (!backend.rsa) continue;
			const rsa = generateRsaKey(backend, 512);
			const numbers = rsa.exportNumbers();
			if (numbers.kind !== 'rsa') throw new Error('not RSA');
			expect(shows(rsa, numbers.numbers.modulus), 'the test sees what is public').toBe(true);
			expect(shows(rsa, numbers.numbers.privateExponent)).toBe(false);
			expect(shows(rsa, numbers.numbers.prime1)).toBe(false);
		}
	});

	it('are not in the errors of wrong calls', () => {
		const wrongKey = new Uint8Array(15).fill(0xc3);
		for (const backend of BACKENDS) {
			const calls = [
				() => backend.cipher(CipherType.AES128_GCM, wrongKey),
				() => backend.cipher(CipherType.DES, wrongKey),
				() => signField(backend.hmac(HashType.SHA256, wrongKey), new Uint8Array(10), 0, 10, 0, 32),
				() => new Sealer(backend, suiteOf(5, 3), new KeyBlock(wrongKey, wrongKey, wrongKey), new NonceCounter()),
				() =>
					importPrivateNumbers(backend, {
						kind: 'ec',
						curve: curveByName('prime256v1')!,
						scalar: new Uint8Array(32).fill(255),
					}),
			];
			for (const call of calls) {
				let message = '';
				try {
					call();
				} catch (error) {
					message = `${String(error)} ${inspect(error)}`;
				}
				expect(message).toMatch(/Error/);
				expect(message).not.toMatch(/195, ?195|c3c3|255, ?255|ffff/i);
			}
		}
	});
});

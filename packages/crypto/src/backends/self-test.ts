/** Known answers, computed before a backend is trusted: what fails is taken out of its offer. */
import { asciiBytes } from '../bytes.ts';
import { equalBytes } from '../constant-time.ts';
import { CURVES, type Curve, CurveId, scalarBytes } from '../curves.ts';
import type { Backend, RsaNumbers } from '../ports.ts';
import { CIPHERS, CipherType, HashType } from '../suites.ts';
import type { BackendOffer } from './offers.ts';

/** 28 bytes of a datagram: additional data for GCM and CCM. */
const HEADER = bytesOf('401200070a63000111223344006a180000000000000000050000001c');
/** A DONE with its PKCS#7 padding to 16 bytes; GCM and CCM take it without. */
const PLAIN = bytesOf('0a020001000000000a63000204040404');
const UNPADDED_BYTES = 12;
const IVS: Readonly<Record<number, Uint8Array>> = {
	8: bytesOf('a1b2c3d40a630004'),
	12: bytesOf('abd1c3d50000000000000005'),
	16: bytesOf('a1b2c3d40a6300010000000000000005'),
};
/** Keys are the first bytes of 64, 65, ... */
const SEALED: Readonly<Record<CipherType, string>> = {
	[CipherType.DES]: '',
	[CipherType.TRIPLE_DES]: 'a69c1811b1bda6df89346835f67f143a',
	[CipherType.AES128_CBC]: '674927e361304be0a64273867e0d530c',
	[CipherType.AES256_CBC]: 'c32e0e6e5a3182a43b0f4583655cb3ed',
	[CipherType.AES128_GCM]: 'b15edc4b3ce54f1833598c63ab76e2272da517043ad671a4a41d89a7',
	[CipherType.AES256_GCM]: '3ce08c7ce04d3b1535aa36ca55066077312a8c8f36503bf7bec70cb9',
	[CipherType.AES128_CCM]: '2f6e61bd50873ff8fe152f0e107074f1007512119c0fd65e040dd456',
	[CipherType.AES256_CCM]: '20ddb5d1e73a708e1ec6890226086da1d7215e110116fba4c25c32aa',
};
const ABC = asciiBytes('.abc.');
/** Of "abc". */
const HASHED: Readonly<Record<HashType, string>> = {
	[HashType.SHA1]: 'a9993e364706816aba3e25717850c26c9cd0d89d',
	[HashType.SHA256]: 'ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad',
	[HashType.SHA384]: 'cb00753f45a35e8bb5a03d699ac65007272c32ab0eded1631a8b605a43ff5bed8086072ba1e7cc2358baeca134c825a7',
	[HashType.SHA512]:
		'ddaf35a193617abacc417349ae20413112e6fa4e89a97ea20a9eeee64b55d39a2192992a274fc1a836ba3c23a3feebbd' +
		'454d4423643ce80e2a9ac94fa54ca49f',
};
/** Good for nothing but this test. */
const RSA_TEST_KEY: RsaNumbers = {
	publicExponent: bytesOf('010001'),
	modulus: bytesOf(
		'e21f8736e5c86611c3fe7388d88b9aa237cf6d43320b8a07e5fe9715418c87267940b346ea44d82a7def4b445f68f404' +
			'5ce29a23fe9c39f5f7e7504ce8480e01',
	),
	privateExponent: bytesOf(
		'18dc087c83949d8c147513f49681fa951cf7a3f68038fe8ad1c14490e4acf36a9580e616f9247fc53a39f87aeb43b2ca' +
			'8b04976f670e59c2de2b397e175ac471',
	),
	prime1: bytesOf('f15be850131995fb86a48856fe161b974eb86a2244aba66a51e09e9ed92d4d75'),
	prime2: bytesOf('efd70573dd8c39b38824f78d6b9b0accda766bb2e6c0c21e64c0acbadb0570dd'),
	exponent1: bytesOf('66cf0b69f078d9964688173b5707fbc0bbdb79fa16de3708dacf9f4172a90571'),
	exponent2: bytesOf('3b905716536b43d9467287d86364f9e5ae4bc2ab878b4faa64b3453292ba6331'),
	coefficient: bytesOf('0e51eaa0dec4514e0ef977dfaedd82f97370389825273190841386a96b67d4a9'),
};
const RSA_PLAIN = bytesOf(
	'0000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000102030405060708090a0b0c0d0e0f10',
);
const RSA_SEALED = bytesOf(
	'6a5a2d2d7e231eb4551c6a4b22bd81d3eccd2202077dc2438d16d25d6446e9e847324550218bd46e41f4a0aacbe55a19' +
		'f757de650056f68bf0fc137e83cd4140',
);

/** X of 2 * 3 * G on secp256r1. */
const AGREED_X = bytesOf('b01a172a76a4602c92d3242cb897dde3024c740debb215b4c6b0aae93c2291a9');

/** What a backend really has: its offer without what is missing, and the names of that. */
export interface SelfTest {
	readonly offer: BackendOffer;
	readonly missing: readonly string[];
}

/**
 * Tries what a backend offers, of the curves only the one that everybody has: some milliseconds. Returns a sentence
 * instead if what every session needs (AES, the hashes, secp256r1) is not there or wrong.
 */
export function selfTest(backend: Backend): SelfTest | string {
	const missing: string[] = [];
	const passing = <T>(offered: ReadonlySet<T>, name: (item: T) => string, test: (item: T) => boolean) => {
		const found = new Set<T>();
		for (const item of offered) {
			if (succeeds(() => test(item))) found.add(item);
			else missing.push(name(item));
		}
		return found;
	};
	for (const hash of backend.hashes) {
		if (!succeeds(() => testHash(backend, hash))) return `${backend.name} computes wrong hashes, or refuses to`;
	}
	if (!succeeds(() => testHmac(backend))) return `${backend.name} computes wrong HMACs, or refuses to`;
	const ciphers = passing(
		backend.ciphers,
		(type) => CIPHERS[type].name,
		(type) => testCipher(backend, type),
	);
	const curves = passing(
		backend.curves,
		(id) => CURVES[id - 1].name,
		(id) => id !== CurveId.SECP256R1 || testCurve(backend),
	);
	const rsa = backend.rsa && succeeds(() => testRsa(backend));
	if (backend.rsa && !rsa) missing.push('RSA');
	if (!ciphers.has(CipherType.AES128_GCM) || !curves.has(CurveId.SECP256R1)) {
		return `${backend.name} fails its self-test; it lacks ${missing.join(', ')}`;
	}
	return { offer: { ciphers, curves, hashes: backend.hashes, rsa }, missing };
}

function succeeds(test: () => boolean): boolean {
	try {
		return test();
	} catch {
		return false;
	}
}

function testHash(backend: Backend, type: HashType): boolean {
	const hash = backend.hash(type);
	hash.compute(ABC, 1, 3);
	return equalBytes(hash.output, bytesOf(HASHED[type]));
}

/** RFC 2202 (MD5) and RFC 4231 (SHA-256), test case 2; MD5 is half of the key derivation of SHA-1 sessions. */
function testHmac(backend: Backend): boolean {
	const key = asciiBytes('Jefe');
	const data = asciiBytes('what do ya want for nothing?');
	const sha256 = backend.hmac(HashType.SHA256, key);
	const md5 = backend.hmac('md5', key);
	sha256.compute(data, 0, data.length);
	md5.compute(data, 0, data.length);
	return (
		equalBytes(md5.output, bytesOf('750c783e6ab0b503eaa86e310a5db738')) &&
		equalBytes(sha256.output, bytesOf('5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843'))
	);
}

function testCipher(backend: Backend, type: CipherType): boolean {
	const { keyBytes, tagBytes, blockBytes, ivBytes } = CIPHERS[type];
	const isCbc = tagBytes === 0;
	const plainBytes = isCbc ? PLAIN.length : UNPADDED_BYTES;
	const at = HEADER.length;
	const bytes = new Uint8Array(at + plainBytes + tagBytes);
	bytes.set(HEADER);
	bytes.set(PLAIN.subarray(0, plainBytes), at);
	const cipher = backend.cipher(
		type,
		Uint8Array.from({ length: keyBytes }, (_, i) => 64 + i),
	);
	cipher.iv.set(IVS[ivBytes]);
	const aadBytes = isCbc ? 0 : HEADER.length;
	if (!cipher.seal(bytes, at, plainBytes, 0, aadBytes)) return false;
	if (!equalBytes(bytes.subarray(at), bytesOf(SEALED[type]))) return false;
	if (!cipher.open(bytes, at, plainBytes, 0, aadBytes)) return false;
	if (!equalBytes(bytes.subarray(at, at + plainBytes), PLAIN.subarray(0, plainBytes))) return false;
	// What was opened is no ciphertext any more: a tag that still passes is no tag.
	return blockBytes > 1 || !cipher.open(bytes, at, plainBytes, 0, aadBytes);
}

function testRsa(backend: Backend): boolean {
	const block = RSA_PLAIN.slice();
	if (!backend.rsaPrivate(RSA_TEST_KEY).apply(block) || !equalBytes(block, RSA_SEALED)) return false;
	const { modulus, publicExponent } = RSA_TEST_KEY;
	return backend.rsaPublic(modulus, publicExponent)?.apply(block) === true && equalBytes(block, RSA_PLAIN);
}

function testCurve(backend: Backend): boolean {
	const curve = CURVES[CurveId.SECP256R1 - 1];
	const two = backend.ecPrivate(curve, scalarOf(curve, 2));
	if (two === undefined) return false;
	const three = backend.ecPrivate(curve, scalarOf(curve, 3));
	const point = two.point();
	const x = three?.agree(point);
	if (x === undefined || !equalBytes(x, AGREED_X)) return false;
	const signature = new Uint8Array(2 * scalarBytes(curve));
	two.sign(HashType.SHA256, HEADER, 0, HEADER.length, signature);
	const verifier = backend.ecPublic(curve, point);
	if (verifier?.verify(HashType.SHA256, HEADER, 0, HEADER.length, signature) !== true) return false;
	return !verifier.verify(HashType.SHA256, HEADER, 1, HEADER.length - 1, signature);
}

function scalarOf(curve: Curve, value: number): Uint8Array {
	const scalar = new Uint8Array(scalarBytes(curve));
	scalar[scalar.length - 1] = value;
	return scalar;
}

function bytesOf(hex: string): Uint8Array {
	return Uint8Array.fromHex(hex);
}

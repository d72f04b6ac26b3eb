/** The runtime's own `node:crypto`: on Bun that is BoringSSL, everywhere. Allocates per packet. */
import {
	type CipherGCM,
	type CipherGCMTypes,
	constants,
	createCipheriv,
	createDecipheriv,
	createECDH,
	createHash,
	createHmac,
	createPrivateKey,
	createPublicKey,
	type DecipherGCM,
	generateKeyPairSync,
	type KeyObject,
	privateDecrypt,
	publicEncrypt,
	sign,
	verify,
} from 'node:crypto';
import { concatBytes } from '../bytes.ts';
import { CryptographyError } from '../cryptography-error.ts';
import { type Curve, coordinateBytes, openSslName } from '../curves.ts';
import { DerTag, derElement, derObject } from '../keys/der.ts';
import { encodePkcs1, encodeSec1 } from '../keys/pem.ts';
import type {
	Backend,
	Digester,
	EcPrivateOperation,
	EcPublicOperation,
	HmacHash,
	PacketCipher,
	RsaNumbers,
	RsaOperation,
} from '../ports.ts';
import { CIPHERS, type CipherType, HASHES } from '../suites.ts';
import { ComposedCcm } from './composed-ccm.ts';
import { type BackendOffer, OFFERS } from './offers.ts';

const EC_OID = '1.2.840.10045.2.1';
const TAG_BYTES = 16;
const ZERO_IV = new Uint8Array(16);

/**
 * The backend of the runtime. Loaded by name, where it is chosen.
 * @public
 */
export function nodeBackend(offer: BackendOffer = OFFERS.node): Backend {
	return {
		...offer,
		name: 'node',
		cipher: nodeCipher,
		hash: (type) => digester(() => createHash(HASHES[type].name), HASHES[type].bytes),
		hmac: (type, key) => digester(() => createHmac(hashName(type), key), type === 'md5' ? 16 : HASHES[type].bytes),
		generateRsa,
		rsaPublic: nodeRsaPublic,
		rsaPrivate: nodeRsaPrivate,
		ecPublic: nodeEcPublic,
		ecPrivate: nodeEcPrivate,
	};
}

function hashName(type: HmacHash): string {
	return type === 'md5' ? 'md5' : HASHES[type].name;
}

interface Updatable {
	update(bytes: Uint8Array): { digest(): Uint8Array };
}

function digester(make: () => Updatable, outputBytes: number): Digester {
	const output = new Uint8Array(outputBytes);
	return {
		output,
		compute: (bytes, at, length) =>
			output.set(
				make()
					.update(bytes.subarray(at, at + length))
					.digest(),
			),
	};
}

function nodeCipher(type: CipherType, key: Uint8Array): PacketCipher {
	const { mode, keyBytes, ivBytes, name } = CIPHERS[type];
	if (!OFFERS.node.ciphers.has(type)) throw new RangeError(`the node backend has no ${name}; choose another cipher`);
	if (key.length !== keyBytes) throw new RangeError(`${name} takes a key of ${keyBytes} bytes, not ${key.length}`);
	const bits = keyBytes * 8;
	if (mode === 'cbc') return cbcCipher(keyBytes === 24 ? 'des-ede3-cbc' : `aes-${bits}-cbc`, key, ivBytes);
	return mode === 'gcm' ? gcmCipher(`aes-${bits}-gcm` as CipherGCMTypes, key, ivBytes) : ccmCipher(bits, key);
}

function cbcCipher(name: string, key: Uint8Array, ivBytes: number): PacketCipher {
	const iv = new Uint8Array(ivBytes);
	return {
		iv,
		seal(bytes, at, length) {
			const cipher = createCipheriv(name, key, iv).setAutoPadding(false);
			bytes.set(cipher.update(bytes.subarray(at, at + length)), at);
			return true;
		},
		open(bytes, at, length) {
			const cipher = createDecipheriv(name, key, iv).setAutoPadding(false);
			bytes.set(cipher.update(bytes.subarray(at, at + length)), at);
			return true;
		},
	};
}

function gcmCipher(name: CipherGCMTypes, key: Uint8Array, ivBytes: number): PacketCipher {
	const iv = new Uint8Array(ivBytes);
	return {
		iv,
		seal(bytes, at, length, aadAt, aadBytes) {
			const cipher: CipherGCM = createCipheriv(name, key, iv, { authTagLength: TAG_BYTES });
			cipher.setAAD(bytes.subarray(aadAt, aadAt + aadBytes));
			bytes.set(cipher.update(bytes.subarray(at, at + length)), at);
			cipher.final();
			bytes.set(cipher.getAuthTag(), at + length);
			return true;
		},
		open(bytes, at, length, aadAt, aadBytes) {
			const cipher: DecipherGCM = createDecipheriv(name, key, iv, { authTagLength: TAG_BYTES });
			cipher.setAAD(bytes.subarray(aadAt, aadAt + aadBytes));
			cipher.setAuthTag(bytes.subarray(at + length, at + length + TAG_BYTES));
			bytes.set(cipher.update(bytes.subarray(at, at + length)), at);
			try {
				cipher.final();
				return true;
			} catch {
				return false;
			}
		},
	};
}

function ccmCipher(bits: number, key: Uint8Array): PacketCipher {
	// One CBC object for all messages: what its last block adds to the next first one is taken out beforehand.
	const chain = createCipheriv(`aes-${bits}-cbc`, key, ZERO_IV).setAutoPadding(false);
	let last: Uint8Array = ZERO_IV;
	return new ComposedCcm({
		lastCbcBlock(blocks) {
			for (let i = 0; i < 16; i += 1) blocks[i] ^= last[i];
			last = chain.update(blocks).subarray(-16);
			return last;
		},
		applyCounter: (counter, bytes) => createCipheriv(`aes-${bits}-ctr`, key, counter).update(bytes),
	});
}

function generateRsa(bits: number): RsaNumbers {
	const { privateKey } = generateKeyPairSync('rsa', { modulusLength: bits });
	const { n, e, d, p, q, dp, dq, qi } = privateKey.export({ format: 'jwk' });
	return {
		modulus: fromJwk(n),
		publicExponent: fromJwk(e),
		privateExponent: fromJwk(d),
		prime1: fromJwk(p),
		prime2: fromJwk(q),
		exponent1: fromJwk(dp),
		exponent2: fromJwk(dq),
		coefficient: fromJwk(qi),
	};
}

function fromJwk(text = ''): Uint8Array {
	return Uint8Array.fromBase64(text, { alphabet: 'base64url' });
}

function toJwk(bytes: Uint8Array): string {
	return bytes.toBase64({ alphabet: 'base64url', omitPadding: true });
}

function nodeRsaPublic(modulus: Uint8Array, exponent: Uint8Array): RsaOperation | undefined {
	const key = attempt(() => {
		return createPublicKey({ key: { kty: 'RSA', n: toJwk(modulus), e: toJwk(exponent) }, format: 'jwk' });
	});
	return key && rsaOperation(key, publicEncrypt);
}

function nodeRsaPrivate(numbers: RsaNumbers): RsaOperation {
	const der = Buffer.from(encodePkcs1(numbers));
	const key = attempt(() => createPrivateKey({ key: der, format: 'der', type: 'pkcs1' }));
	der.fill(0);
	if (key === undefined) throw new CryptographyError('the runtime refuses this RSA key; make a new one');
	return rsaOperation(key, privateDecrypt);
}

type BareRsa = (spec: { key: KeyObject; padding: number }, block: Uint8Array) => Uint8Array;

function rsaOperation(key: KeyObject, operation: BareRsa): RsaOperation {
	const bare = { key, padding: constants.RSA_NO_PADDING };
	return {
		apply(block) {
			const result = attempt(() => operation(bare, block));
			if (result?.length !== block.length) return false;
			block.set(result);
			return true;
		},
	};
}

/** The result, or undefined where the library refused: what it says about it may contain what was put in. */
function attempt<T>(make: () => T): T | undefined {
	try {
		return make();
	} catch {
		return undefined;
	}
}

const P1363 = 'ieee-p1363';

function nodeEcPublic(curve: Curve, point: Uint8Array): EcPublicOperation | undefined {
	if (point.length !== 2 * coordinateBytes(curve)) return undefined;
	const algorithm = derElement(DerTag.SEQUENCE, derObject(EC_OID), derObject(curve.oid));
	const der = derElement(DerTag.SEQUENCE, algorithm, derElement(DerTag.BIT_STRING, Uint8Array.of(0, 4), point));
	const key = attempt(() => createPublicKey({ key: Buffer.from(der), format: 'der', type: 'spki' }));
	if (key === undefined) return undefined;
	const spec = { key, dsaEncoding: P1363 } as const;
	return {
		verify: (hash, bytes, at, length, signature) => {
			const data = bytes.subarray(at, at + length);
			return attempt(() => verify(HASHES[hash].name, data, spec, signature)) ?? false;
		},
	};
}

function nodeEcPrivate(curve: Curve, scalar: Uint8Array): EcPrivateOperation | undefined {
	const ecdh = createECDH(openSslName(curve));
	const point = attempt(() => {
		ecdh.setPrivateKey(scalar);
		return Uint8Array.from(ecdh.getPublicKey().subarray(1));
	});
	if (point === undefined) return undefined;
	const der = Buffer.from(encodeSec1(curve, scalar, point));
	const key = attempt(() => createPrivateKey({ key: der, format: 'der', type: 'sec1' }));
	der.fill(0);
	if (key === undefined) return undefined;
	const spec = { key, dsaEncoding: P1363 } as const;
	return {
		point: () => point,
		agree: (other) => {
			if (other.length !== point.length) return undefined;
			const x = attempt(() => ecdh.computeSecret(concatBytes(Uint8Array.of(4), other)));
			return x && Uint8Array.from(x);
		},
		sign: (hash, bytes, at, length, signature) => {
			signature.set(sign(HASHES[hash].name, bytes.subarray(at, at + length), spec));
		},
	};
}

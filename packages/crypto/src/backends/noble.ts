/** The portable backend: JavaScript only, deterministic, allocates. The reference for what the native ones do. */
import { cbc, ctr, gcm } from '@noble/ciphers/aes.js';
import { type ECDSA, ecdsa } from '@noble/curves/abstract/weierstrass.js';
import { p256, p384, p521 } from '@noble/curves/nist.js';
import { secp256k1 } from '@noble/curves/secp256k1.js';
import { hmac } from '@noble/hashes/hmac.js';
import { md5, sha1 } from '@noble/hashes/legacy.js';
import { sha256, sha384, sha512 } from '@noble/hashes/sha2.js';
import { concatBytes } from '../bytes.ts';
import { type Curve, CurveId, coordinateBytes } from '../curves.ts';
import type { Backend, Digester, EcPrivateOperation, EcPublicOperation, HmacHash, PacketCipher } from '../ports.ts';
import { CIPHERS, type CipherType, HashType } from '../suites.ts';
import { ComposedCcm } from './composed-ccm.ts';
import { type BackendOffer, OFFERS } from './offers.ts';

const HASH_FUNCTIONS = {
	md5,
	[HashType.SHA1]: sha1,
	[HashType.SHA256]: sha256,
	[HashType.SHA384]: sha384,
	[HashType.SHA512]: sha512,
} as const;

const NOBLE_CURVES: Readonly<Record<number, ECDSA>> = {
	[CurveId.SECP256K1]: secp256k1,
	[CurveId.SECP256R1]: p256,
	[CurveId.SECP384R1]: p384,
	[CurveId.SECP521R1]: p521,
};

const UNCOMPRESSED = Uint8Array.of(4);
/** We hash ourselves, and 4.x programs do not know about low s. */
const PLAIN = { prehash: false, lowS: false } as const;
const ZERO_IV = new Uint8Array(16);

/** The noble backend; a machine does not matter to it. */
export function nobleBackend(offer: BackendOffer = OFFERS.noble): Backend {
	return {
		...offer,
		name: 'noble',
		cipher: nobleCipher,
		hash: (type) => nobleHash(HASH_FUNCTIONS[type]),
		hmac: nobleHmac,
		generateRsa: withoutRsa,
		rsaPublic: withoutRsa,
		rsaPrivate: withoutRsa,
		ecPublic: (curve, point) => {
			return isOnCurve(curve, point) ? { verify: verifyWith(curve, withPrefix(point)) } : undefined;
		},
		ecPrivate: nobleEcPrivate,
	};
}

function withoutRsa(): never {
	throw new RangeError('the noble backend has no RSA; use a native backend, or keys on a curve');
}

function nobleCipher(type: CipherType, key: Uint8Array): PacketCipher {
	const { mode, ivBytes, keyBytes, name } = CIPHERS[type];
	if (!OFFERS.noble.ciphers.has(type)) throw new RangeError(`the noble backend has no ${name}; use a native backend`);
	if (key.length !== keyBytes) throw new RangeError(`${name} takes a key of ${keyBytes} bytes, not ${key.length}`);
	if (mode === 'ccm') {
		return new ComposedCcm({
			lastCbcBlock: (blocks) => cbc(key, ZERO_IV, { disablePadding: true }).encrypt(blocks).subarray(-16),
			applyCounter: (counter, bytes) => ctr(key, counter).encrypt(bytes),
		});
	}
	const iv = new Uint8Array(ivBytes);
	const make = (aad: Uint8Array) => (mode === 'cbc' ? cbc(key, iv, { disablePadding: true }) : gcm(key, iv, aad));
	const tagBytes = mode === 'cbc' ? 0 : 16;
	return {
		iv,
		seal(bytes, at, length, aadAt, aadBytes) {
			bytes.set(make(bytes.slice(aadAt, aadAt + aadBytes)).encrypt(bytes.slice(at, at + length)), at);
			return true;
		},
		open(bytes, at, length, aadAt, aadBytes) {
			const cipher = make(bytes.slice(aadAt, aadAt + aadBytes));
			try {
				bytes.set(cipher.decrypt(bytes.slice(at, at + length + tagBytes)), at);
				return true;
			} catch {
				return false;
			}
		},
	};
}

function nobleHash(hash: (typeof HASH_FUNCTIONS)[HmacHash]): Digester {
	const output = new Uint8Array(hash.outputLen);
	return {
		output,
		compute: (bytes, at, length) => output.set(hash(bytes.subarray(at, at + length))),
	};
}

function nobleHmac(type: HmacHash, key: Uint8Array): Digester {
	const hash = HASH_FUNCTIONS[type];
	const output = new Uint8Array(hash.outputLen);
	const keyed = hmac.create(hash, key);
	return {
		output,
		compute(bytes, at, length) {
			keyed
				.clone()
				.update(bytes.subarray(at, at + length))
				.digestInto(output);
		},
	};
}

function curveOf(curve: Curve): ECDSA {
	const found = NOBLE_CURVES[curve.id];
	if (found === undefined) throw new RangeError(`the noble backend has no curve ${curve.name}; use libcrypto`);
	return found;
}

const signers = new Map<string, ECDSA>();

/** ECDSA with the nonces of RFC 6979 made by the hash of the message. */
function signerOf(curve: Curve, hash: HashType): ECDSA {
	const key = `${curve.id} ${hash}`;
	let signer = signers.get(key);
	if (signer === undefined) {
		signer = ecdsa(curveOf(curve).Point, HASH_FUNCTIONS[hash], { lowS: false });
		signers.set(key, signer);
	}
	return signer;
}

function withPrefix(point: Uint8Array): Uint8Array {
	return concatBytes(UNCOMPRESSED, point);
}

function isOnCurve(curve: Curve, point: Uint8Array): boolean {
	return point.length === 2 * coordinateBytes(curve) && curveOf(curve).utils.isValidPublicKey(withPrefix(point), false);
}

function verifyWith(curve: Curve, publicKey: Uint8Array): EcPublicOperation['verify'] {
	return (hash, bytes, at, length, signature) => {
		const digest = HASH_FUNCTIONS[hash](bytes.subarray(at, at + length));
		try {
			return signerOf(curve, hash).verify(signature, digest, publicKey, PLAIN);
		} catch {
			return false;
		}
	};
}

function nobleEcPrivate(curve: Curve, scalar: Uint8Array): EcPrivateOperation | undefined {
	const noble = curveOf(curve);
	if (!noble.utils.isValidSecretKey(scalar)) return undefined;
	return {
		point: () => noble.getPublicKey(scalar, false).slice(1),
		agree: (other) => {
			if (!isOnCurve(curve, other)) return undefined;
			const shared = noble.getSharedSecret(scalar, withPrefix(other), false);
			return shared.slice(1, 1 + coordinateBytes(curve));
		},
		sign: (hash, bytes, at, length, signature) => {
			const digest = HASH_FUNCTIONS[hash](bytes.subarray(at, at + length));
			signature.set(signerOf(curve, hash).sign(digest, scalar, PLAIN));
		},
	};
}

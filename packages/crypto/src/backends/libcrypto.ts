/** The system's libcrypto, called through `packages/native`. Allocates nothing per packet. */
import {
	type Libcrypto,
	LibcryptoEcKey,
	LibcryptoHash,
	LibcryptoHmac,
	LibcryptoPacketCipher,
	LibcryptoRsaKey,
} from '@uftp/native';
import { CURVES, type Curve, openSslName, scalarBytes } from '../curves.ts';
import type {
	Backend,
	Digester,
	EcPrivateOperation,
	EcPublicOperation,
	HmacHash,
	PacketCipher,
	RsaNumbers,
} from '../ports.ts';
import { CIPHERS, type CipherType, HASHES, type HashType } from '../suites.ts';
import { type BackendOffer, OFFERS } from './offers.ts';

const MD5_BYTES = 16;

/** The backend over a loaded libcrypto. Curves that it was built without are taken out of the offer. */
export function libcryptoBackend(libcrypto: Libcrypto, offer: BackendOffer = OFFERS.libcrypto): Backend {
	const present = CURVES.filter((curve) => {
		return offer.curves.has(curve.id) && LibcryptoEcKey.hasCurve(libcrypto, openSslName(curve));
	});
	return new LibcryptoBackend(libcrypto, { ...offer, curves: new Set(present.map((curve) => curve.id)) });
}

class LibcryptoBackend implements Backend {
	readonly name = 'libcrypto';
	readonly ciphers: Backend['ciphers'];
	readonly hashes: Backend['hashes'];
	readonly curves: Backend['curves'];
	readonly rsa: boolean;
	readonly #libcrypto: Libcrypto;
	/** For signatures, one per hash. */
	readonly #hashers = new Map<HashType, Digester>();

	constructor(libcrypto: Libcrypto, offer: BackendOffer) {
		this.#libcrypto = libcrypto;
		this.ciphers = offer.ciphers;
		this.hashes = offer.hashes;
		this.curves = offer.curves;
		this.rsa = offer.rsa;
	}

	cipher(type: CipherType, key: Uint8Array): PacketCipher {
		const traits = CIPHERS[type];
		const { mode, keyBytes, ivBytes, tagBytes } = traits;
		const name = keyBytes === 24 ? 'DES-EDE3-CBC' : `AES-${keyBytes * 8}-${mode.toUpperCase()}`;
		const made = OFFERS.libcrypto.ciphers.has(type)
			? LibcryptoPacketCipher.open(this.#libcrypto, { name, mode, keyBytes, ivBytes, tagBytes }, key)
			: undefined;
		return made ?? absent(traits.name);
	}

	hash(type: HashType): Digester {
		const { name, bytes } = HASHES[type];
		return LibcryptoHash.open(this.#libcrypto, name, bytes) ?? absent(name);
	}

	hmac(type: HmacHash, key: Uint8Array): Digester {
		const { name, bytes } = type === 'md5' ? { name: 'md5', bytes: MD5_BYTES } : HASHES[type];
		return LibcryptoHmac.open(this.#libcrypto, name, bytes, key) ?? absent(name);
	}

	generateRsa(bits: number): RsaNumbers {
		return LibcryptoRsaKey.generate(this.#libcrypto, bits) ?? absent(`RSA with ${bits} bits`);
	}

	rsaPublic(modulus: Uint8Array, exponent: Uint8Array) {
		const key = LibcryptoRsaKey.fromPublic(this.#libcrypto, modulus, exponent);
		return { apply: (block: Uint8Array) => key.applyPublic(block) };
	}

	rsaPrivate(numbers: RsaNumbers) {
		const key = LibcryptoRsaKey.fromPrivate(this.#libcrypto, numbers);
		return { apply: (block: Uint8Array) => key.applyPrivate(block) };
	}

	ecPublic(curve: Curve, point: Uint8Array): EcPublicOperation | undefined {
		const key = LibcryptoEcKey.fromPoint(this.#libcrypto, openSslName(curve), point);
		if (key === undefined) return undefined;
		return {
			verify: (hash, bytes, at, length, signature) => {
				const hasher = this.#hasher(hash);
				hasher.compute(bytes, at, length);
				return key.verify(hasher.output, signature);
			},
		};
	}

	ecPrivate(curve: Curve, scalar: Uint8Array): EcPrivateOperation | undefined {
		const key = LibcryptoEcKey.fromScalar(this.#libcrypto, openSslName(curve), scalar);
		if (key === undefined) return undefined;
		const halfBytes = scalarBytes(curve);
		return {
			point: () => key.point(),
			agree: (otherPoint) => {
				const other = LibcryptoEcKey.fromPoint(this.#libcrypto, openSslName(curve), otherPoint);
				return other && key.agree(other);
			},
			sign: (hash, bytes, at, length, signature) => {
				const hasher = this.#hasher(hash);
				hasher.compute(bytes, at, length);
				key.sign(hasher.output, signature, halfBytes);
			},
		};
	}

	#hasher(type: HashType): Digester {
		let hasher = this.#hashers.get(type);
		if (hasher === undefined) {
			hasher = this.hash(type);
			this.#hashers.set(type, hasher);
		}
		return hasher;
	}
}

function absent(what: string): never {
	throw new RangeError(`this libcrypto has no ${what}; choose another, or another cryptography backend`);
}

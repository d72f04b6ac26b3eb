import { Memory } from '../memory.ts';
import { makeNumber, numberBytes } from './big-number.ts';
import type { Libcrypto } from './library.ts';

const NO_PADDING = 3;

/** The numbers of an RSA private key, big-endian, as PKCS#1 names them. */
export interface RsaNumbers {
	readonly modulus: Uint8Array;
	readonly publicExponent: Uint8Array;
	readonly privateExponent: Uint8Array;
	readonly prime1: Uint8Array;
	readonly prime2: Uint8Array;
	readonly exponent1: Uint8Array;
	readonly exponent2: Uint8Array;
	readonly coefficient: Uint8Array;
}

/** The bare RSA operations with one key, in place and without padding. Nothing is allocated per operation. */
export class LibcryptoRsaKey {
	readonly #libcrypto: Libcrypto;
	readonly #key: number;
	readonly #block: Memory;
	readonly #modulusBytes: number;

	private constructor(libcrypto: Libcrypto, key: number, modulusBytes: number) {
		this.#libcrypto = libcrypto;
		this.#key = key;
		this.#modulusBytes = modulusBytes;
		this.#block = new Memory(modulusBytes);
		keys.register(this, { libcrypto, key });
	}

	static fromPublic(libcrypto: Libcrypto, modulus: Uint8Array, exponent: Uint8Array): LibcryptoRsaKey {
		const key = Number(libcrypto.RSA_new());
		libcrypto.RSA_set0_key(key, makeNumber(libcrypto, modulus), makeNumber(libcrypto, exponent), 0);
		return new LibcryptoRsaKey(libcrypto, key, modulus.length);
	}

	static fromPrivate(libcrypto: Libcrypto, numbers: RsaNumbers): LibcryptoRsaKey {
		const key = Number(libcrypto.RSA_new());
		const number = (bytes: Uint8Array) => makeNumber(libcrypto, bytes);
		const { modulus, publicExponent, privateExponent, prime1, prime2, exponent1, exponent2, coefficient } = numbers;
		libcrypto.RSA_set0_key(key, number(modulus), number(publicExponent), number(privateExponent));
		libcrypto.RSA_set0_factors(key, number(prime1), number(prime2));
		libcrypto.RSA_set0_crt_params(key, number(exponent1), number(exponent2), number(coefficient));
		return new LibcryptoRsaKey(libcrypto, key, modulus.length);
	}

	/** A new key of `bits` with exponent 65537, from the system's randomness; undefined if libcrypto refuses the size. */
	static generate(libcrypto: Libcrypto, bits: number): RsaNumbers | undefined {
		const key = Number(libcrypto.RSA_new());
		const exponent = makeNumber(libcrypto, new Uint8Array([1, 0, 1]));
		const made = libcrypto.RSA_generate_key_ex(key, bits, exponent, 0) === 1;
		libcrypto.BN_clear_free(exponent);
		const bytes = (number: number | bigint) => numberBytes(libcrypto, Number(number));
		const numbers = made
			? {
					modulus: bytes(libcrypto.RSA_get0_n(key)),
					publicExponent: new Uint8Array([1, 0, 1]),
					privateExponent: bytes(libcrypto.RSA_get0_d(key)),
					prime1: bytes(libcrypto.RSA_get0_p(key)),
					prime2: bytes(libcrypto.RSA_get0_q(key)),
					exponent1: bytes(libcrypto.RSA_get0_dmp1(key)),
					exponent2: bytes(libcrypto.RSA_get0_dmq1(key)),
					coefficient: bytes(libcrypto.RSA_get0_iqmp(key)),
				}
			: undefined;
		libcrypto.RSA_free(key);
		if (!made) libcrypto.ERR_clear_error();
		return numbers;
	}

	/** block ** publicExponent mod modulus, in place. False if the block is not below the modulus. */
	applyPublic(block: Uint8Array): boolean {
		return this.#apply(block, this.#libcrypto.RSA_public_encrypt);
	}

	/** block ** privateExponent mod modulus, in place, blinded. False if the block is not below the modulus. */
	applyPrivate(block: Uint8Array): boolean {
		return this.#apply(block, this.#libcrypto.RSA_private_decrypt);
	}

	#apply(block: Uint8Array, operation: Libcrypto['RSA_public_encrypt']): boolean {
		const length = this.#modulusBytes;
		if (block.length !== length) throw new RangeError(`an RSA block of ${block.length} bytes, the key takes ${length}`);
		const { bytes, address } = this.#block;
		bytes.set(block);
		const done = operation(length, address, address, this.#key, NO_PADDING) === length;
		if (done) for (let i = 0; i < length; i += 1) block[i] = bytes[i];
		else this.#libcrypto.ERR_clear_error();
		bytes.fill(0);
		return done;
	}
}

interface Key {
	readonly libcrypto: Libcrypto;
	readonly key: number;
}

const keys = new FinalizationRegistry<Key>(({ libcrypto, key }) => libcrypto.RSA_free(key));

import { Memory } from '../memory.ts';
import { addressOf, withName, withSecret } from './address.ts';
import type { Libcrypto } from './library.ts';

const CTRL_AEAD_SET_IVLEN = 0x9;
const CTRL_AEAD_GET_TAG = 0x10;
const CTRL_AEAD_SET_TAG = 0x11;
const KEEP = -1;
const ENCRYPT = 1;
const DECRYPT = 0;

export type CipherMode = 'cbc' | 'gcm' | 'ccm';

export interface PacketCipherShape {
	/** OpenSSL's name: "AES-128-GCM". */
	readonly name: string;
	readonly mode: CipherMode;
	readonly keyBytes: number;
	readonly ivBytes: number;
	/** 0 for CBC. */
	readonly tagBytes: number;
}

const fetched = new Map<string, number>();

/** The cipher of that name, or 0 if this libcrypto has none. Kept for the life of the process. */
function fetchCipher(libcrypto: Libcrypto, name: string): number {
	let cipher = fetched.get(name);
	if (cipher === undefined) {
		cipher = withName(name, (text) => Number(libcrypto.EVP_CIPHER_fetch(0, text, 0)));
		if (cipher === 0) libcrypto.ERR_clear_error();
		fetched.set(name, cipher);
	}
	return cipher;
}

/**
 * One cipher with one key for packets, in place, with contexts that are made once. Nothing is allocated per packet.
 * Every call returns false where libcrypto refused it.
 */
export class LibcryptoPacketCipher {
	/** The caller writes the IV of the next packet here. */
	readonly iv: Uint8Array;
	readonly #libcrypto: Libcrypto;
	readonly #shape: PacketCipherShape;
	/** Foreign contexts; they hold the key. */
	readonly #sealing: number;
	readonly #opening: number;
	readonly #memory = new Memory(32);

	/** Undefined if this libcrypto lacks the cipher or refuses the key. */
	static open(libcrypto: Libcrypto, shape: PacketCipherShape, key: Uint8Array): LibcryptoPacketCipher | undefined {
		if (key.length !== shape.keyBytes) {
			throw new RangeError(`${shape.name} takes a key of ${shape.keyBytes} bytes, not ${key.length}`);
		}
		const cipher = fetchCipher(libcrypto, shape.name);
		if (cipher === 0) return undefined;
		const sealing = makeContext(libcrypto, cipher, shape, key, ENCRYPT);
		const opening = makeContext(libcrypto, cipher, shape, key, DECRYPT);
		if (sealing !== 0 && opening !== 0) return new LibcryptoPacketCipher(libcrypto, shape, sealing, opening);
		libcrypto.EVP_CIPHER_CTX_free(sealing);
		libcrypto.EVP_CIPHER_CTX_free(opening);
		libcrypto.ERR_clear_error();
		return undefined;
	}

	private constructor(libcrypto: Libcrypto, shape: PacketCipherShape, sealing: number, opening: number) {
		this.#libcrypto = libcrypto;
		this.#shape = shape;
		this.#sealing = sealing;
		this.#opening = opening;
		this.iv = this.#memory.bytes.subarray(8, 8 + shape.ivBytes);
		contexts.register(this, { libcrypto, sealing, opening });
	}

	/** Encrypts bytes[at .. at+length) in place; with a tag, puts it behind. CBC takes whole blocks. */
	seal(bytes: Uint8Array, at: number, length: number, aadAt: number, aadBytes: number): boolean {
		const { tagBytes } = this.#shape;
		// The tag must not make up for a negative length.
		const data = addressOf(bytes, at, length < 0 ? length : length + tagBytes);
		const aad = addressOf(bytes, aadAt, aadBytes);
		if (!this.#run(this.#sealing, data, length, aad, aadBytes)) return false;
		if (tagBytes === 0) return true;
		const libcrypto = this.#libcrypto;
		const out = this.#memory.address;
		if (libcrypto.EVP_CipherFinal_ex(this.#sealing, data + length, out) !== 1) return false;
		return libcrypto.EVP_CIPHER_CTX_ctrl(this.#sealing, CTRL_AEAD_GET_TAG, tagBytes, data + length) === 1;
	}

	/** Decrypts bytes[at .. at+length) in place; false if the tag behind them is not theirs. */
	open(bytes: Uint8Array, at: number, length: number, aadAt: number, aadBytes: number): boolean {
		const libcrypto = this.#libcrypto;
		const { tagBytes, mode } = this.#shape;
		// The tag must not make up for a negative length.
		const data = addressOf(bytes, at, length < 0 ? length : length + tagBytes);
		const aad = addressOf(bytes, aadAt, aadBytes);
		if (tagBytes > 0) {
			if (libcrypto.EVP_CIPHER_CTX_ctrl(this.#opening, CTRL_AEAD_SET_TAG, tagBytes, data + length) !== 1) return false;
		}
		if (!this.#run(this.#opening, data, length, aad, aadBytes)) return false;
		// CCM has compared the tag by now, GCM does it at the end.
		return mode !== 'gcm' || libcrypto.EVP_CipherFinal_ex(this.#opening, data, this.#memory.address) === 1;
	}

	#run(context: number, data: number, length: number, aad: number, aadBytes: number): boolean {
		const libcrypto = this.#libcrypto;
		const out = this.#memory.address;
		if (libcrypto.EVP_CipherInit_ex(context, 0, 0, 0, out + 8, KEEP) !== 1) return false;
		if (this.#shape.mode === 'ccm' && libcrypto.EVP_CipherUpdate(context, 0, out, 0, length) !== 1) return false;
		if (aadBytes > 0 && libcrypto.EVP_CipherUpdate(context, 0, out, aad, aadBytes) !== 1) return false;
		return libcrypto.EVP_CipherUpdate(context, data, out, data, length) === 1;
	}
}

interface Contexts {
	readonly libcrypto: Libcrypto;
	readonly sealing: number;
	readonly opening: number;
}

const contexts = new FinalizationRegistry<Contexts>(({ libcrypto, sealing, opening }) => {
	libcrypto.EVP_CIPHER_CTX_free(sealing);
	libcrypto.EVP_CIPHER_CTX_free(opening);
});

function makeContext(
	libcrypto: Libcrypto,
	cipher: number,
	shape: PacketCipherShape,
	key: Uint8Array,
	way: number,
): number {
	const context = Number(libcrypto.EVP_CIPHER_CTX_new());
	const { mode, ivBytes, tagBytes } = shape;
	let made = libcrypto.EVP_CipherInit_ex(context, cipher, 0, 0, 0, way) === 1;
	if (mode === 'cbc') made &&= libcrypto.EVP_CIPHER_CTX_set_padding(context, 0) === 1;
	else made &&= libcrypto.EVP_CIPHER_CTX_ctrl(context, CTRL_AEAD_SET_IVLEN, ivBytes, 0) === 1;
	if (mode === 'ccm') made &&= libcrypto.EVP_CIPHER_CTX_ctrl(context, CTRL_AEAD_SET_TAG, tagBytes, 0) === 1;
	made &&= withSecret(key, (secret) => libcrypto.EVP_CipherInit_ex(context, 0, 0, secret, 0, KEEP)) === 1;
	if (made) return context;
	libcrypto.EVP_CIPHER_CTX_free(context);
	return 0;
}

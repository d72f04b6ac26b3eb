import { Memory } from '../memory.ts';
import { addressOf, withName, withSecret } from './address.ts';
import type { Libcrypto } from './library.ts';

const fetched = new Map<string, number>();

/** The hash of that name, or 0 if this libcrypto has none. Kept for the life of the process. */
function fetchHash(libcrypto: Libcrypto, name: string): number {
	let hash = fetched.get(name);
	if (hash === undefined) {
		hash = withName(name, (text) => Number(libcrypto.EVP_MD_fetch(0, text, 0)));
		if (hash === 0) libcrypto.ERR_clear_error();
		fetched.set(name, hash);
	}
	return hash;
}

/** A hash with a context that is made once. Nothing is allocated per message. */
export class LibcryptoHash {
	/** The result of the last `compute`. */
	readonly output: Uint8Array;
	readonly #libcrypto: Libcrypto;
	readonly #hash: number;
	readonly #context: number;
	readonly #memory = new Memory(64);

	/** Undefined if this libcrypto lacks the hash. `outputBytes` is the length of its result. */
	static open(libcrypto: Libcrypto, name: string, outputBytes: number): LibcryptoHash | undefined {
		const hash = fetchHash(libcrypto, name);
		return hash === 0 ? undefined : new LibcryptoHash(libcrypto, hash, outputBytes);
	}

	private constructor(libcrypto: Libcrypto, hash: number, outputBytes: number) {
		this.#libcrypto = libcrypto;
		this.#hash = hash;
		this.#context = Number(libcrypto.EVP_MD_CTX_new());
		this.output = this.#memory.bytes.subarray(0, outputBytes);
		hashContexts.register(this, { libcrypto, context: this.#context });
	}

	/** Hashes bytes[at .. at+length) into `output`. */
	compute(bytes: Uint8Array, at: number, length: number): void {
		const libcrypto = this.#libcrypto;
		const data = addressOf(bytes, at, length);
		const made =
			libcrypto.EVP_DigestInit_ex(this.#context, this.#hash, 0) === 1 &&
			libcrypto.EVP_DigestUpdate(this.#context, data, length) === 1 &&
			libcrypto.EVP_DigestFinal_ex(this.#context, this.#memory.address, 0) === 1;
		if (!made) throw new Error('libcrypto did not compute a hash; choose another cryptography backend');
	}
}

/** An HMAC with a context that holds the key. Nothing is allocated per message. */
export class LibcryptoHmac {
	/** The result of the last `compute`. */
	readonly output: Uint8Array;
	readonly #libcrypto: Libcrypto;
	readonly #context: number;
	readonly #memory = new Memory(64);

	/** Undefined if this libcrypto lacks the hash. `outputBytes` is the length of its result. */
	static open(libcrypto: Libcrypto, name: string, outputBytes: number, key: Uint8Array): LibcryptoHmac | undefined {
		const hash = fetchHash(libcrypto, name);
		if (hash === 0) return undefined;
		const context = Number(libcrypto.HMAC_CTX_new());
		const keyed = withSecret(key, (secret) => libcrypto.HMAC_Init_ex(context, secret, key.length, hash, 0));
		if (keyed === 1) return new LibcryptoHmac(libcrypto, context, outputBytes);
		libcrypto.HMAC_CTX_free(context);
		return undefined;
	}

	private constructor(libcrypto: Libcrypto, context: number, outputBytes: number) {
		this.#libcrypto = libcrypto;
		this.#context = context;
		this.output = this.#memory.bytes.subarray(0, outputBytes);
		hmacContexts.register(this, { libcrypto, context });
	}

	/** Computes the HMAC of bytes[at .. at+length) into `output`. */
	compute(bytes: Uint8Array, at: number, length: number): void {
		const libcrypto = this.#libcrypto;
		const data = addressOf(bytes, at, length);
		const made =
			libcrypto.HMAC_Init_ex(this.#context, 0, 0, 0, 0) === 1 &&
			libcrypto.HMAC_Update(this.#context, data, length) === 1 &&
			libcrypto.HMAC_Final(this.#context, this.#memory.address, 0) === 1;
		if (!made) throw new Error('libcrypto did not compute an HMAC; choose another cryptography backend');
	}
}

interface Context {
	readonly libcrypto: Libcrypto;
	readonly context: number;
}

const hashContexts = new FinalizationRegistry<Context>(({ libcrypto, context }) => libcrypto.EVP_MD_CTX_free(context));
const hmacContexts = new FinalizationRegistry<Context>(({ libcrypto, context }) => libcrypto.HMAC_CTX_free(context));

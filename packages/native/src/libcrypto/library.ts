import { dlopen, FFIType } from 'bun:ffi';

const { i32 } = FFIType;
/** Pointers and sizes: they fit a JavaScript number on every machine that this runs on. */
const address = FFIType.u64_fast;
const size = FFIType.u64_fast;
const nothing = FFIType.void;

const ciphers = {
	EVP_CIPHER_fetch: { args: [address, address, address], returns: address },
	EVP_CIPHER_CTX_new: { args: [], returns: address },
	EVP_CIPHER_CTX_free: { args: [address], returns: nothing },
	EVP_CIPHER_CTX_ctrl: { args: [address, i32, i32, address], returns: i32 },
	EVP_CIPHER_CTX_set_padding: { args: [address, i32], returns: i32 },
	EVP_CipherInit_ex: { args: [address, address, address, address, address, i32], returns: i32 },
	EVP_CipherUpdate: { args: [address, address, address, address, i32], returns: i32 },
	EVP_CipherFinal_ex: { args: [address, address, address], returns: i32 },
} as const;

const digests = {
	EVP_MD_fetch: { args: [address, address, address], returns: address },
	EVP_MD_CTX_new: { args: [], returns: address },
	EVP_MD_CTX_free: { args: [address], returns: nothing },
	EVP_DigestInit_ex: { args: [address, address, address], returns: i32 },
	EVP_DigestUpdate: { args: [address, address, size], returns: i32 },
	EVP_DigestFinal_ex: { args: [address, address, address], returns: i32 },
	HMAC_CTX_new: { args: [], returns: address },
	HMAC_CTX_free: { args: [address], returns: nothing },
	HMAC_Init_ex: { args: [address, address, i32, address, address], returns: i32 },
	HMAC_Update: { args: [address, address, size], returns: i32 },
	HMAC_Final: { args: [address, address, address], returns: i32 },
} as const;

const numbers = {
	BN_bin2bn: { args: [address, i32, address], returns: address },
	BN_bn2binpad: { args: [address, address, i32], returns: i32 },
	BN_clear_free: { args: [address], returns: nothing },
	BN_cmp: { args: [address, address], returns: i32 },
	BN_num_bits: { args: [address], returns: i32 },
	ERR_clear_error: { args: [], returns: nothing },
} as const;

const rsa = {
	RSA_new: { args: [], returns: address },
	RSA_free: { args: [address], returns: nothing },
	RSA_generate_key_ex: { args: [address, i32, address, address], returns: i32 },
	RSA_set0_key: { args: [address, address, address, address], returns: i32 },
	RSA_set0_factors: { args: [address, address, address], returns: i32 },
	RSA_set0_crt_params: { args: [address, address, address, address], returns: i32 },
	RSA_get0_n: { args: [address], returns: address },
	RSA_get0_d: { args: [address], returns: address },
	RSA_get0_p: { args: [address], returns: address },
	RSA_get0_q: { args: [address], returns: address },
	RSA_get0_dmp1: { args: [address], returns: address },
	RSA_get0_dmq1: { args: [address], returns: address },
	RSA_get0_iqmp: { args: [address], returns: address },
	RSA_public_encrypt: { args: [i32, address, address, address, i32], returns: i32 },
	RSA_private_decrypt: { args: [i32, address, address, address, i32], returns: i32 },
} as const;

const curves = {
	OBJ_sn2nid: { args: [address], returns: i32 },
	EC_KEY_new_by_curve_name: { args: [i32], returns: address },
	EC_KEY_free: { args: [address], returns: nothing },
	EC_KEY_get0_group: { args: [address], returns: address },
	EC_KEY_get0_public_key: { args: [address], returns: address },
	EC_KEY_set_private_key: { args: [address, address], returns: i32 },
	EC_KEY_set_public_key: { args: [address, address], returns: i32 },
	EC_KEY_check_key: { args: [address], returns: i32 },
	EC_GROUP_get0_cofactor: { args: [address], returns: address },
	EC_GROUP_get0_order: { args: [address], returns: address },
	EC_GROUP_get_degree: { args: [address], returns: i32 },
	EC_POINT_new: { args: [address], returns: address },
	EC_POINT_clear_free: { args: [address], returns: nothing },
	EC_POINT_mul: { args: [address, address, address, address, address, address], returns: i32 },
	EC_POINT_oct2point: { args: [address, address, address, size, address], returns: i32 },
	EC_POINT_point2oct: { args: [address, address, i32, address, size, address], returns: size },
	ECDH_compute_key: { args: [address, size, address, address, address], returns: i32 },
	ECDSA_do_sign: { args: [address, i32, address], returns: address },
	ECDSA_do_verify: { args: [address, i32, address, address], returns: i32 },
	ECDSA_SIG_new: { args: [], returns: address },
	ECDSA_SIG_free: { args: [address], returns: nothing },
	ECDSA_SIG_get0_r: { args: [address], returns: address },
	ECDSA_SIG_get0_s: { args: [address], returns: address },
	ECDSA_SIG_set0: { args: [address, address, address], returns: i32 },
} as const;

const declarations = { ...ciphers, ...digests, ...numbers, ...rsa, ...curves };

function load(file: string) {
	return dlopen(file, declarations).symbols;
}

/** The functions of OpenSSL's libcrypto 3 that this package calls. */
export type Libcrypto = ReturnType<typeof load>;

/** Either libcrypto, or a sentence that says why it cannot be called here. */
export type LibcryptoResult =
	| { readonly libcrypto: Libcrypto; readonly why?: undefined }
	| { readonly libcrypto?: undefined; readonly why: string };

const LIBRARY_FILE = 'libcrypto.so.3';

let result: LibcryptoResult | undefined;

/**
 * Loads the system's libcrypto, once per thread. Never throws: it is an optional library, and where it is missing, too
 * old or lacks a function, `why` says so and the callers take another backend.
 */
export function loadLibcrypto(): LibcryptoResult {
	result ??= tryLoad();
	return result;
}

function tryLoad(): LibcryptoResult {
	if (process.platform !== 'linux') return { why: `libcrypto is called on Linux only, this is ${process.platform}` };
	if (process.arch !== 'x64' && process.arch !== 'arm64') {
		return { why: `libcrypto is called on x64 and arm64 only, this is ${process.arch}` };
	}
	try {
		return { libcrypto: load(LIBRARY_FILE) };
	} catch (error) {
		return { why: `${LIBRARY_FILE} cannot be called: ${error instanceof Error ? error.message : String(error)}` };
	}
}

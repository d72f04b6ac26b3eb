/** What can be agreed on for a session: ciphers, hashes, key exchanges, signatures (docs/protocol.md, section 11.1). */

export const CipherType = {
	DES: 1,
	TRIPLE_DES: 2,
	AES128_CBC: 3,
	AES256_CBC: 4,
	AES128_GCM: 5,
	AES256_GCM: 6,
	AES128_CCM: 7,
	AES256_CCM: 8,
} as const;
export type CipherType = (typeof CipherType)[keyof typeof CipherType];

export const HashType = { SHA1: 2, SHA256: 3, SHA384: 4, SHA512: 5 } as const;
export type HashType = (typeof HashType)[keyof typeof HashType];

export const KeyExchange = { RSA: 1, ECDH_RSA: 2, ECDH_ECDSA: 3 } as const;
export type KeyExchange = (typeof KeyExchange)[keyof typeof KeyExchange];

export const SignatureType = { HMAC: 1, KEYEX: 2, AUTHENC: 3 } as const;
export type SignatureType = (typeof SignatureType)[keyof typeof SignatureType];

export type CipherMode = 'cbc' | 'gcm' | 'ccm';

export interface CipherTraits {
	/** UFTP's name for it, as people write it. */
	readonly name: string;
	readonly mode: CipherMode;
	readonly keyBytes: number;
	readonly ivBytes: number;
	/** 0 for CBC. */
	readonly tagBytes: number;
	/** What CBC pads to; 1 for GCM and CCM. */
	readonly blockBytes: number;
	/** The cipher that wraps the group master in KEYINFO: CBC with a key of the same length. */
	readonly wrapping: CipherType;
}

function cipher(name: string, mode: CipherMode, keyBytes: number, ivBytes: number, wrapping: CipherType): CipherTraits {
	const isCbc = mode === 'cbc';
	return { name, mode, keyBytes, ivBytes, tagBytes: isCbc ? 0 : 16, blockBytes: isCbc ? ivBytes : 1, wrapping };
}

export const CIPHERS: Readonly<Record<CipherType, CipherTraits>> = {
	[CipherType.DES]: cipher('des', 'cbc', 8, 8, CipherType.DES),
	[CipherType.TRIPLE_DES]: cipher('3des', 'cbc', 24, 8, CipherType.TRIPLE_DES),
	[CipherType.AES128_CBC]: cipher('aes128-cbc', 'cbc', 16, 16, CipherType.AES128_CBC),
	[CipherType.AES256_CBC]: cipher('aes256-cbc', 'cbc', 32, 16, CipherType.AES256_CBC),
	[CipherType.AES128_GCM]: cipher('aes128-gcm', 'gcm', 16, 12, CipherType.AES128_CBC),
	[CipherType.AES256_GCM]: cipher('aes256-gcm', 'gcm', 32, 12, CipherType.AES256_CBC),
	[CipherType.AES128_CCM]: cipher('aes128-ccm', 'ccm', 16, 12, CipherType.AES128_CBC),
	[CipherType.AES256_CCM]: cipher('aes256-ccm', 'ccm', 32, 12, CipherType.AES256_CBC),
};

export interface HashTraits {
	readonly name: string;
	/** Of its result. */
	readonly bytes: number;
}

export const HASHES: Readonly<Record<HashType, HashTraits>> = {
	[HashType.SHA1]: { name: 'sha1', bytes: 20 },
	[HashType.SHA256]: { name: 'sha256', bytes: 32 },
	[HashType.SHA384]: { name: 'sha384', bytes: 48 },
	[HashType.SHA512]: { name: 'sha512', bytes: 64 },
};

/** UFTP's names of the key exchanges. */
export const KEY_EXCHANGE_NAMES: Readonly<Record<KeyExchange, string>> = {
	[KeyExchange.RSA]: 'rsa',
	[KeyExchange.ECDH_RSA]: 'ecdh_rsa',
	[KeyExchange.ECDH_ECDSA]: 'ecdh_ecdsa',
};

const SIGNATURE_NAMES: Readonly<Record<SignatureType, string>> = {
	[SignatureType.HMAC]: 'hmac',
	[SignatureType.KEYEX]: 'keyex',
	[SignatureType.AUTHENC]: 'authenc',
};

/** What one session uses. */
export interface Suite {
	readonly cipher: CipherType;
	readonly hash: HashType;
	readonly keyExchange: KeyExchange;
	readonly signature: SignatureType;
}

/** The four numbers of an ENC_INFO, not yet looked at. */
export interface SuiteNumbers {
	readonly keyType: number;
	readonly hashType: number;
	readonly keyExchange: number;
	readonly signatureType: number;
}

/** Which algorithms somebody has; `Backend` is one. */
export interface Offer {
	readonly ciphers: ReadonlySet<CipherType>;
	readonly hashes: ReadonlySet<HashType>;
	readonly rsa: boolean;
}

export type SuiteResult =
	| { readonly suite: Suite; readonly why?: undefined }
	| { readonly suite?: undefined; readonly why: string };

/**
 * Reads and judges what an ENC_INFO, or a user, asks for. `why` says what is refused and which side lacks it; it
 * contains nothing secret and is fit for an ABORT.
 */
export function chooseSuite(numbers: SuiteNumbers, offer: Offer): SuiteResult {
	const { keyType, hashType, keyExchange, signatureType } = numbers;
	if (keyType === CipherType.DES) {
		return refused('DES is refused: it can be broken by trying all keys. Choose aes256-gcm');
	}
	if (!isKey(CIPHERS, keyType)) return refused(`cipher ${keyType} is not one of UFTP 4; use a 4.x sender`);
	if (!isKey(HASHES, hashType)) return refused(`hash ${hashType} is not one of UFTP 4 (2 sha1 to 5 sha512)`);
	if (!isKey(KEY_EXCHANGE_NAMES, keyExchange)) return refused(`key exchange ${keyExchange} is not one of UFTP 4`);
	if (!isKey(SIGNATURE_NAMES, signatureType)) return refused(`signature type ${signatureType} is not one of UFTP 4`);
	const { name, mode } = CIPHERS[keyType];
	if ((mode === 'cbc') === (signatureType === SignatureType.AUTHENC)) {
		const needed = mode === 'cbc' ? 'hmac or keyex' : 'authenc';
		return refused(`${name} goes with ${needed}, not with ${SIGNATURE_NAMES[signatureType]}`);
	}
	if (!offer.ciphers.has(keyType)) return refused(lacking(`the cipher ${name}`));
	if (!offer.hashes.has(hashType)) return refused(lacking(`the hash ${HASHES[hashType].name}`));
	if (keyExchange !== KeyExchange.ECDH_ECDSA && !offer.rsa) return refused(lacking('RSA'));
	return { suite: { cipher: keyType, hash: hashType, keyExchange, signature: signatureType } };
}

function isKey<K extends number>(table: Readonly<Record<K, unknown>>, value: number): value is K {
	return Object.hasOwn(table, value);
}

function lacking(what: string): SuiteResult['why'] & string {
	return `this side lacks ${what}; install OpenSSL 3 (libcrypto.so.3) here, or let the sender choose another`;
}

function refused(why: string): SuiteResult {
	return { why };
}

/** GCM and CCM bring their own signature; CBC has HMAC unless KEYEX is asked for. */
export function signatureTypeFor(cipher: CipherType, wantsKeyExchangeSignatures: boolean): SignatureType {
	if (CIPHERS[cipher].mode !== 'cbc') return SignatureType.AUTHENC;
	return wantsKeyExchangeSignatures ? SignatureType.KEYEX : SignatureType.HMAC;
}

/** "ecdh_ecdsa, aes256-gcm, sha256, authenc": for logs. */
export function describeSuite(suite: Suite): string {
	const { cipher, hash, keyExchange, signature } = suite;
	const names = [KEY_EXCHANGE_NAMES[keyExchange], CIPHERS[cipher].name, HASHES[hash].name, SIGNATURE_NAMES[signature]];
	return names.join(', ');
}

/** The number of a cipher by UFTP's name, any case; undefined if there is none. */
export function cipherByName(name: string): CipherType | undefined {
	return byName(CIPHERS, name, (traits) => traits.name);
}

export function hashByName(name: string): HashType | undefined {
	return byName(HASHES, name, (traits) => traits.name);
}

export function keyExchangeByName(name: string): KeyExchange | undefined {
	return byName(KEY_EXCHANGE_NAMES, name, (text) => text);
}

function byName<K extends number, T>(
	table: Readonly<Record<K, T>>,
	name: string,
	nameOf: (traits: T) => string,
): K | undefined {
	const wanted = name.toLowerCase();
	for (const [key, traits] of Object.entries(table)) if (nameOf(traits as T) === wanted) return Number(key) as K;
	return undefined;
}

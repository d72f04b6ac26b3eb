/** -Y, -h, -w, -e, -c, -k and -K of `uftp`: what is written there, in the words and with the defaults of 4.10.2. */
import {
	CIPHERS,
	CipherType,
	type Curve,
	cipherByName,
	curveByName,
	HASHES,
	HashType,
	hashByName,
	KeyExchange,
	keyExchangeByName,
} from '@uftp/crypto';
import { CommandError, ExitCode } from '../drop-in/command-error.ts';
import { CURVE_HINT, commandLineCurve, ecSpec, type KeyWish, rsaSpec } from '../drop-in/keys.ts';

export interface EncryptionOptions {
	/** Undefined: in the clear, and all the others mean nothing. */
	readonly cipher: CipherType | undefined;
	readonly hash: HashType;
	readonly keyExchange: KeyExchange;
	/** Of the ECDH keys, which are made anew for every session. */
	readonly agreementCurve: Curve;
	/** -w keyex. */
	readonly wantsKeyExchangeSignatures: boolean;
	/** -c. */
	readonly clientAuth: boolean;
	/** -k as given. */
	readonly keyFile: string | undefined;
	/** -K as given: what it may be depends on -e. */
	readonly newKey: string | undefined;
}

/** What C makes where no key is given. */
const DEFAULT_RSA_BITS = '512';
const DEFAULT_CURVE = 'prime256v1';

export const ENCRYPTION_DEFAULTS: EncryptionOptions = {
	cipher: undefined,
	hash: HashType.SHA1,
	keyExchange: KeyExchange.RSA,
	agreementCurve: curveByName(DEFAULT_CURVE) as Curve,
	wantsKeyExchangeSignatures: false,
	clientAuth: false,
	keyFile: undefined,
	newKey: undefined,
};

/** -Y. "des" is refused with the reason. */
export function cipherOption(text: string): CipherType | undefined {
	if (text === 'none') return undefined;
	const cipher = text === text.toLowerCase() ? cipherByName(text) : undefined;
	if (cipher === CipherType.DES) {
		throw invalid('keytype', 'DES is refused, because it can be broken by trying all keys. Choose -Y aes256-gcm.');
	}
	if (cipher !== undefined) return cipher;
	const names = Object.values(CIPHERS).map(({ name }) => name);
	throw invalid('keytype', `-Y takes none, ${names.filter((name) => name !== 'des').join(', ')}, not "${text}".`);
}

/** -h. */
export function hashOption(text: string): HashType {
	const hash = text === text.toLowerCase() ? hashByName(text) : undefined;
	if (hash !== undefined) return hash;
	const names = Object.values(HASHES).map(({ name }) => name);
	throw invalid('hashtype', `-h takes ${names.join(', ')}, not "${text}".`);
}

/** -w: whether packets are signed with the keys of the key exchange. */
export function signatureOption(text: string): boolean {
	if (text !== 'hmac' && text !== 'keyex') throw invalid('sigtype', `-w takes hmac or keyex, not "${text}".`);
	return text === 'keyex';
}

/** -e KEYEXCHANGE[:CURVE]. As in C a curve behind rsa means nothing. */
export function keyExchangeOption(text: string): Pick<EncryptionOptions, 'keyExchange' | 'agreementCurve'> {
	const [name, curveName] = text.split(':', 2);
	const keyExchange = name === name.toLowerCase() ? keyExchangeByName(name) : undefined;
	if (keyExchange === undefined) {
		throw invalid('keyextype', `-e takes rsa, ecdh_rsa[:CURVE] or ecdh_ecdsa[:CURVE], not "${text}".`);
	}
	if (keyExchange === KeyExchange.RSA || curveName === undefined) {
		return { keyExchange, agreementCurve: ENCRYPTION_DEFAULTS.agreementCurve };
	}
	const agreementCurve = commandLineCurve(curveName);
	if (agreementCurve === undefined) throw invalid('curve', `-e does not know "${curveName}"; ${CURVE_HINT}.`);
	return { keyExchange, agreementCurve };
}

/** -k and -K: by default a new key, of 512 bits or on prime256v1, as in C. */
export function keyWish({ keyExchange, keyFile, newKey }: EncryptionOptions): KeyWish {
	if (keyFile !== undefined && newKey === undefined) return { file: keyFile, spec: undefined };
	if (keyExchange === KeyExchange.ECDH_ECDSA) {
		const spec = ecSpec(newKey ?? DEFAULT_CURVE);
		if (spec === undefined) {
			throw invalid('curve', `with -e ecdh_ecdsa, -K takes a curve, not "${newKey}"; ${CURVE_HINT}.`);
		}
		return { file: keyFile, spec };
	}
	const spec = rsaSpec(newKey ?? DEFAULT_RSA_BITS);
	if (spec !== undefined) return { file: keyFile, spec };
	throw invalid(
		'new key length',
		`-K takes 512 to 2048 bits, not "${newKey}"; only with -e ecdh_ecdsa it takes the name of a curve.`,
	);
}

function invalid(what: string, why: string): CommandError {
	return new CommandError(ExitCode.Parameters, `Invalid ${what}: ${why}`);
}

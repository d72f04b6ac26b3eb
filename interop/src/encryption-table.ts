import type { Pair } from './scenario.ts';
import { cToOurs, oursToC, oursToOurs } from './scenario-parts.ts';

/**
 * What can be agreed on for an encrypted session of UFTP 4, as data: from here come the sessions that are tried, and
 * the reasons for those that are not.
 */

export const pairs: readonly Pair[] = [oursToC, cToOurs, oursToOurs];
export const keyExchanges = ['rsa', 'ecdh_rsa', 'ecdh_ecdsa'] as const;
export const ciphers = [
	'3des',
	'aes128-cbc',
	'aes256-cbc',
	'aes128-gcm',
	'aes256-gcm',
	'aes128-ccm',
	'aes256-ccm',
] as const;
export const hashes = ['sha1', 'sha256', 'sha384', 'sha512'] as const;
/** GCM and CCM sign by themselves. */
export const signatures = ['hmac', 'keyex', 'authenc'] as const;

/** One combination of algorithms. */
export interface Suite {
	readonly keyExchange: (typeof keyExchanges)[number];
	readonly cipher: (typeof ciphers)[number];
	readonly hash: (typeof hashes)[number];
	readonly signature: (typeof signatures)[number];
	/** Receivers prove who they are. */
	readonly clientAuth: boolean;
	/** Key file of the sender; receivers have one of each. */
	readonly key: KeyName;
	/** Curve of the ECDH keys, where it is not prime256v1. */
	readonly curve?: string;
}

/** The keys that both ends have, as `uftp_keymgt -g` takes them. */
export const keys = {
	rsa512: 'rsa:512',
	rsa1024: 'rsa:1024',
	rsa2048: 'rsa:2048',
	p256: 'ec:prime256v1',
	p384: 'ec:secp384r1',
	p521: 'ec:secp521r1',
} as const;
export type KeyName = keyof typeof keys;

/** What 4.10.2 cannot do, so that no session shows it. */
export const impossible: readonly { readonly what: string; readonly why: string }[] = [
	{ what: 'cipher des', why: 'OpenSSL 3 has none: the C sender repeats KEYINFO for ever; ours refuses it' },
	{ what: 'gcm or ccm with hmac or keyex', why: 'they sign by themselves: -w is ignored' },
	{ what: 'keyex without client authentication', why: 'the keys of receivers must be known: -w keyex implies -c' },
	{
		what: 'rsa of 512 bits with sha384 or sha512, where it signs',
		why: 'the hash does not fit into 64 bytes: the C sender hangs, a C receiver aborts; ours refuses it',
	},
	{ what: 'curve secp224k1', why: 'it has a number, but the C programs cannot parse its name' },
	{ what: 'rsa above 2048 bits', why: 'the C programs refuse such sizes' },
];

/** Every suite that there is, with a key of medium size: what the complete run tries for every pair. */
function everySuite(): Suite[] {
	const all: Suite[] = [];
	for (const keyExchange of keyExchanges) {
		for (const cipher of ciphers) {
			for (const hash of hashes) {
				for (const [signature, clientAuth] of signaturesOf(cipher)) {
					const key = keyExchange === 'ecdh_ecdsa' ? 'p256' : 'rsa1024';
					all.push({ keyExchange, cipher, hash, signature, clientAuth, key });
				}
			}
		}
	}
	return all;
}

function signaturesOf(cipher: Suite['cipher']): (readonly [Suite['signature'], boolean])[] {
	if (!cipher.endsWith('cbc') && cipher !== '3des') {
		return [
			['authenc', false],
			['authenc', true],
		];
	}
	return [
		['hmac', false],
		['hmac', true],
		['keyex', true],
	];
}

const strong = { cipher: 'aes256-gcm', hash: 'sha256', signature: 'authenc', clientAuth: true } as const;
const signed = { cipher: 'aes128-cbc', hash: 'sha256', signature: 'keyex', clientAuth: true } as const;

/** Other sizes and curves than those of `everySuite`. */
const otherKeys: readonly Suite[] = [
	{ ...strong, keyExchange: 'rsa', key: 'rsa512' },
	{ ...strong, keyExchange: 'rsa', key: 'rsa2048' },
	{ ...signed, keyExchange: 'rsa', key: 'rsa512' },
	{ ...signed, keyExchange: 'ecdh_rsa', key: 'rsa2048' },
	{ ...strong, keyExchange: 'ecdh_rsa', key: 'rsa2048', curve: 'secp384r1' },
	{ ...strong, keyExchange: 'ecdh_rsa', key: 'rsa512', curve: 'secp521r1' },
	{ ...strong, keyExchange: 'ecdh_ecdsa', key: 'p384', curve: 'secp384r1' },
	{ ...strong, keyExchange: 'ecdh_ecdsa', key: 'p521', curve: 'secp521r1', hash: 'sha512' },
	{ ...signed, keyExchange: 'ecdh_ecdsa', key: 'p256', curve: 'secp521r1', hash: 'sha384' },
	{ ...strong, keyExchange: 'ecdh_ecdsa', key: 'p521', curve: 'prime256v1', hash: 'sha1' },
	{ ...strong, keyExchange: 'ecdh_ecdsa', key: 'p256', curve: 'sect163k1' },
	{ ...strong, keyExchange: 'ecdh_ecdsa', key: 'p256', curve: 'secp256k1' },
];

/** Signatures that take milliseconds each, of both ends for every packet: half a minute for a session. */
const slowSignatures: readonly Suite[] = [
	{ ...signed, keyExchange: 'ecdh_ecdsa', key: 'p384', hash: 'sha384' },
	{ ...signed, keyExchange: 'ecdh_ecdsa', key: 'p521', hash: 'sha512' },
];

/** A suite, and whose programs use it. */
export interface EncryptedSession {
	readonly pair: Pair;
	readonly suite: Suite;
}

/** Every suite with every pair, and all other keys: the complete run. */
export function everySession(): EncryptedSession[] {
	return [...everySuite(), ...otherKeys, ...slowSignatures].flatMap((suite) => pairs.map((pair) => ({ pair, suite })));
}

/** A few sessions in which every two values of different columns occur together, and all of `otherKeys`. */
export function coveringSessions(): EncryptedSession[] {
	const left = everySuite().flatMap((suite) => pairs.map((pair) => ({ pair, suite })));
	const seen = new Set<string>();
	const cover: EncryptedSession[] = [];
	for (;;) {
		let best: EncryptedSession | undefined;
		let most = 0;
		for (const session of left) {
			const fresh = couples(session).filter((couple) => !seen.has(couple)).length;
			if (fresh > most) [best, most] = [session, fresh];
		}
		if (best === undefined) break;
		for (const couple of couples(best)) seen.add(couple);
		cover.push(best);
	}
	return [...cover, ...otherKeys.flatMap((suite) => pairs.map((pair) => ({ pair, suite })))];
}

function couples({ pair, suite: { keyExchange, cipher, hash, signature, clientAuth } }: EncryptedSession): string[] {
	const values = [nameOf(pair), keyExchange, cipher, hash, `${signature} ${clientAuth}`];
	return values.flatMap((a, i) => values.slice(i + 1).map((b, j) => `${i} ${a} ${i + 1 + j} ${b}`));
}

/** "ours to C". */
export function nameOf({ sender, receiver }: Pair): string {
	return `${sender} to ${receiver}`;
}

/** "ecdh_ecdsa, aes256-gcm, sha256, authenc, p256, receivers authenticated". */
export function titleOf({ keyExchange, cipher, hash, signature, clientAuth, key, curve }: Suite): string {
	const exchange = curve === undefined ? keyExchange : `${keyExchange}:${curve}`;
	const words = [exchange, cipher, hash, signature, key];
	return clientAuth ? `${words.join(', ')}, receivers authenticated` : words.join(', ');
}

/** The suite as options of `uftp`; key files lie in that folder. */
export function optionsOf(suite: Suite, keyFolder: string): string[] {
	const { keyExchange, cipher, hash, signature, clientAuth, key, curve } = suite;
	const exchange = curve === undefined ? keyExchange : `${keyExchange}:${curve}`;
	const options = ['-Y', cipher, '-h', hash, '-e', exchange, '-k', `${keyFolder}/${key}.pem`];
	if (signature === 'keyex') options.push('-w', 'keyex');
	else if (clientAuth) options.push('-c');
	return options;
}

import type { Suite } from '../encryption-table.ts';

/** The encrypted sessions that are tried through proxies: each way of agreeing on keys, each way of signing. */
export const suites = {
	rsaHmac: {
		keyExchange: 'rsa',
		cipher: 'aes256-cbc',
		hash: 'sha256',
		signature: 'hmac',
		clientAuth: false,
		key: 'rsa1024',
	},
	rsaHmacKnown: {
		keyExchange: 'rsa',
		cipher: 'aes256-cbc',
		hash: 'sha1',
		signature: 'hmac',
		clientAuth: true,
		key: 'rsa1024',
	},
	ecdsaGcm: {
		keyExchange: 'ecdh_ecdsa',
		cipher: 'aes256-gcm',
		hash: 'sha256',
		signature: 'authenc',
		clientAuth: false,
		key: 'p256',
	},
	ecdsaGcmKnown: {
		keyExchange: 'ecdh_ecdsa',
		cipher: 'aes256-gcm',
		hash: 'sha256',
		signature: 'authenc',
		clientAuth: true,
		key: 'p256',
	},
	ecdhRsaCcm: {
		keyExchange: 'ecdh_rsa',
		cipher: 'aes128-ccm',
		hash: 'sha256',
		signature: 'authenc',
		clientAuth: true,
		key: 'rsa1024',
	},
	otherCurve: {
		keyExchange: 'ecdh_ecdsa',
		cipher: 'aes256-gcm',
		hash: 'sha384',
		signature: 'authenc',
		clientAuth: true,
		key: 'p256',
		curve: 'secp384r1',
	},
	rsaSigned: {
		keyExchange: 'rsa',
		cipher: 'aes256-cbc',
		hash: 'sha256',
		signature: 'keyex',
		clientAuth: true,
		key: 'rsa1024',
	},
	ecdsaSigned: {
		keyExchange: 'ecdh_ecdsa',
		cipher: 'aes128-cbc',
		hash: 'sha256',
		signature: 'keyex',
		clientAuth: true,
		key: 'p256',
	},
} as const satisfies Readonly<Record<string, Suite>>;

/** As fast as two receivers on two cores check signatures of such keys. */
export const signedRate = ['-R', '12000'] as const;

/** Several senders, proxies and receivers at once may stand still for a second on two busy cores. */
export const unhurried = ['-R', '12000', '-r', '0.15:0.15:0.5'] as const;

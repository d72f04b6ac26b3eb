/** Who has what, at best. The self-test takes away what a machine lacks. */
import { CURVES, CurveId } from '../curves.ts';
import type { Backend, BackendName } from '../ports.ts';
import { CipherType, HashType } from '../suites.ts';

/** What a backend offers: the sets of its port. */
export type BackendOffer = Pick<Backend, 'ciphers' | 'hashes' | 'rsa' | 'curves'>;

const AES = [
	CipherType.AES128_CBC,
	CipherType.AES256_CBC,
	CipherType.AES128_GCM,
	CipherType.AES256_GCM,
	CipherType.AES128_CCM,
	CipherType.AES256_CCM,
];
const hashes: ReadonlySet<HashType> = new Set(Object.values(HashType));
const { SECP224R1, SECP256K1, SECP256R1, SECP384R1, SECP521R1 } = CurveId;

export const OFFERS: Readonly<Record<BackendName, BackendOffer>> = {
	libcrypto: {
		ciphers: new Set([CipherType.TRIPLE_DES, ...AES]),
		hashes,
		rsa: true,
		curves: new Set(CURVES.map((curve) => curve.id)),
	},
	// BoringSSL; its CCM is composed of CBC and CTR.
	node: {
		ciphers: new Set([CipherType.TRIPLE_DES, ...AES]),
		hashes,
		rsa: true,
		curves: new Set([SECP224R1, SECP256R1, SECP384R1, SECP521R1]),
	},
	// Its CCM is composed, too. 3DES and RSA are native only.
	noble: {
		ciphers: new Set(AES),
		hashes,
		rsa: false,
		curves: new Set([SECP256K1, SECP256R1, SECP384R1, SECP521R1]),
	},
};

/** Keys and settings for encrypted simulations: everything is drawn from a seed, but RSA keys are made once. */
import {
	type Backend,
	CIPHERS,
	CipherType,
	type Curve,
	CurveId,
	curveById,
	generateEcKey,
	generateRsaKey,
	HashType,
	KeyExchange,
	type PrivateKey,
	type RandomBytes,
	SignatureType,
	type Suite,
} from '@uftp/crypto';
import type { ReceiverSecurityConfig, SenderSecurityConfig } from '@uftp/protocol';
import { Prng } from '../src/prng.ts';
import type { ScenarioSecurity } from '../src/scenario.ts';

export function seededRandom(seed: number): RandomBytes {
	const prng = new Prng(seed);
	return (length) => Uint8Array.from({ length }, () => prng.uint32() & 0xff);
}

export const P256: Curve = curveById(CurveId.SECP256R1)!;

const rsaKeys = new Map<string, PrivateKey>();

/** An RSA key: the same one for the same backend, size and name. */
export function rsaKey(backend: Backend, bits: number, name: string): PrivateKey {
	const id = `${backend.name} ${bits} ${name}`;
	const key = rsaKeys.get(id) ?? generateRsaKey(backend, bits);
	rsaKeys.set(id, key);
	return key;
}

/** The signature that a cipher goes with; of the two for CBC, HMAC unless asked otherwise. */
export function suiteOf(keyExchange: KeyExchange, cipher: CipherType, hash: HashType, signsByKey = false): Suite {
	const cbc = signsByKey ? SignatureType.KEYEX : SignatureType.HMAC;
	return { keyExchange, cipher, hash, signature: CIPHERS[cipher].mode === 'cbc' ? cbc : SignatureType.AUTHENC };
}

export const STRONG = suiteOf(KeyExchange.ECDH_ECDSA, CipherType.AES256_GCM, HashType.SHA256);

export interface SecuredOptions {
	readonly suite?: Suite;
	readonly clientAuth?: boolean;
	readonly seed?: number;
	readonly sender?: Partial<SenderSecurityConfig>;
	readonly receiver?: (index: number) => Partial<ReceiverSecurityConfig>;
}

/** A scenario's security: one own key per node, of the kind that the suite asks for. */
export function secured(backend: Backend, options: SecuredOptions = {}): ScenarioSecurity {
	const { suite = STRONG, clientAuth = false, seed = 1 } = options;
	const random = seededRandom(seed);
	const newKey = (name: string): PrivateKey =>
		suite.keyExchange === KeyExchange.ECDH_ECDSA ? generateEcKey(backend, P256, random) : rsaKey(backend, 1024, name);
	return {
		sender: {
			backend,
			random,
			suite,
			key: newKey('sender'),
			clientAuth,
			fingerprints: new Map(),
			...options.sender,
		},
		receiver: (index) => ({
			backend,
			random: seededRandom(seed * 1000 + index),
			keys: [newKey(`receiver ${index % 3}`)],
			encryptedOnly: false,
			...options.receiver?.(index),
		}),
	};
}

/** The cryptography of a service: which library, and how its keys are told to others. */
import type { NodePublicKey } from '@uftp/bus';
import { type Backend, describeKey, formatFingerprint, type PrivateKey, type RandomBytes } from '@uftp/crypto';
import { selectBackend, systemRandom } from '@uftp/crypto/backends';

export interface Cryptography {
	readonly backend: Backend;
	readonly random: RandomBytes;
	/** Which library was chosen and why, for the log. */
	readonly sentence: string;
}

/** The library that a setting names, or the best that works here. Throws a sentence. */
export function openCryptography(setting: string): Cryptography {
	const { backend, sentence } = selectBackend(setting === 'auto' ? undefined : setting);
	return { backend, random: systemRandom, sentence };
}

/** Own keys as heartbeats carry them: their public halves. */
export function publishedKeys(keys: readonly PrivateKey[]): NodePublicKey[] {
	return keys.map(({ publicKey }) => ({
		kind: describeKey(publicKey),
		fingerprint: formatFingerprint(publicKey.fingerprint),
		publicKey: publicKey.blob.toBase64(),
	}));
}

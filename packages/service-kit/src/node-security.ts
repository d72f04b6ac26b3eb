/** The keys of a service as others get to see them. */
import type { NodePublicKey } from '@uftp/bus';
import { describeKey, formatFingerprint, type PrivateKey } from '@uftp/crypto';

/** Own keys as heartbeats carry them: their public halves. */
export function publishedKeys(keys: readonly PrivateKey[]): NodePublicKey[] {
	return keys.map(({ publicKey }) => ({
		kind: describeKey(publicKey),
		fingerprint: formatFingerprint(publicKey.fingerprint),
		publicKey: publicKey.blob.toBase64(),
	}));
}

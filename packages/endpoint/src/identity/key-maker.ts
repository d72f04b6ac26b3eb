import { describeKey, generateEcKey, generateRsaKey, type PrivateKey, type PublicKey } from '@uftp/crypto';
import type { Cryptography } from './cryptography.ts';

/**
 * Makes keys in memory for senders whose key none of the node's keys fits: of the sender's size or curve, one of each
 * kind for the whole run. `onMade` gets each new key and its kind ("RSA 2048 bits").
 */
export function keyMaker(
	{ backend, random }: Pick<Cryptography, 'backend' | 'random'>,
	onMade: (key: PrivateKey, kind: string) => void = () => {},
): (senderKey: PublicKey) => PrivateKey {
	const made = new Map<string, PrivateKey>();
	return (senderKey) => {
		const kind = describeKey(senderKey);
		const known = made.get(kind);
		if (known !== undefined) return known;
		const key =
			senderKey.kind === 'rsa'
				? generateRsaKey(backend, 8 * senderKey.modulus.length)
				: generateEcKey(backend, senderKey.curve, random);
		made.set(kind, key);
		onMade(key, kind);
		return key;
	};
}

import type { Backend, RandomBytes } from '@uftp/crypto';
import { EndpointError } from '../problems/index.ts';

/** A cryptography library that passed its self-test, and the system's randomness. */
export interface Cryptography {
	readonly backend: Backend;
	readonly random: RandomBytes;
	/** Which library was chosen and why, for the log; without a full stop. */
	readonly sentence: string;
}

/**
 * The library of this name, or the best that works here ("auto", "" or undefined). Loaded only when asked for, because
 * that takes 30 ms. Rejects with an `EndpointError` `cryptography-unavailable`.
 */
export async function openCryptography(wanted?: string): Promise<Cryptography> {
	const { selectBackend, systemRandom } = await import('@uftp/crypto/backends');
	try {
		const isAny = wanted === undefined || wanted === '' || wanted === 'auto';
		const { backend, sentence } = selectBackend(isAny ? undefined : wanted);
		return { backend, random: systemRandom, sentence };
	} catch (error) {
		throw new EndpointError('cryptography-unavailable', { why: (error as Error).message }, error);
	}
}

import { asciiBytes, concatBytes } from './bytes.ts';
import type { Backend, HmacHash } from './ports.ts';
import { HASHES, HashType } from './suites.ts';

/**
 * UFTP's pseudo-random function (docs/protocol.md, section 11.5). It is not that of RFC 5246: each A(i+1) is the output
 * before it, HMAC(secret, A(i) || seed), where TLS has HMAC(secret, A(i)). Only the first hash length is the same.
 *
 * With SHA-1 it is TLS 1.1's construction: MD5 over the first half of the secret XOR SHA-1 over the second half.
 */
export function prf(
	backend: Backend,
	hash: HashType,
	secret: Uint8Array,
	label: string,
	seed: Uint8Array,
	length: number,
): Uint8Array {
	const labelled = concatBytes(asciiBytes(label), seed);
	if (hash !== HashType.SHA1) return expand(backend, hash, secret, labelled, length);
	const half = Math.ceil(secret.length / 2);
	const bytes = expand(backend, 'md5', secret.subarray(0, half), labelled, length);
	const other = expand(backend, HashType.SHA1, secret.subarray(secret.length - half), labelled, length);
	for (let i = 0; i < length; i += 1) bytes[i] ^= other[i];
	return bytes;
}

const MD5_BYTES = 16;

function expand(backend: Backend, hash: HmacHash, secret: Uint8Array, seed: Uint8Array, length: number): Uint8Array {
	const hashBytes = hash === 'md5' ? MD5_BYTES : HASHES[hash].bytes;
	const hmac = backend.hmac(hash, secret);
	const bytes = new Uint8Array(length);
	hmac.compute(seed, 0, seed.length);
	const input = concatBytes(hmac.output.subarray(0, hashBytes), seed);
	for (let at = 0; at < length; at += hashBytes) {
		hmac.compute(input, 0, input.length);
		bytes.set(hmac.output.subarray(0, Math.min(hashBytes, length - at)), at);
		input.set(hmac.output.subarray(0, hashBytes));
	}
	return bytes;
}

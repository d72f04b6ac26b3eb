/** Fingerprints: SHA-1 of a key blob, padding included (docs/protocol.md, section 11.2). */
import { equalBytes } from '../constant-time.ts';
import type { Backend } from '../ports.ts';
import { HashType } from '../suites.ts';

const FINGERPRINT_BYTES = 20;
const FORM = /^[0-9a-f]{1,2}(?::[0-9a-f]{1,2}){19}$/i;

/** The 20 bytes of a key's fingerprint. */
export function fingerprint(backend: Backend, blob: Uint8Array): Uint8Array {
	const hash = backend.hash(HashType.SHA1);
	hash.compute(blob, 0, blob.length);
	return hash.output.slice(0, FINGERPRINT_BYTES);
}

/** "4A:0F:...": 20 upper-case pairs with colons between them. */
export function formatFingerprint(bytes: Uint8Array): string {
	return Array.from(bytes, (byte) => byte.toString(16).padStart(2, '0').toUpperCase()).join(':');
}

/** Reads 20 bytes of one or two digits with colons between them, any case; undefined for anything else. */
export function parseFingerprint(text: string): Uint8Array | undefined {
	if (!FORM.test(text)) return undefined;
	return Uint8Array.from(text.split(':'), (pair) => Number.parseInt(pair, 16));
}

/** Whether two fingerprints are one, in constant time. */
export function sameFingerprint(a: Uint8Array, b: Uint8Array): boolean {
	return a.length === FINGERPRINT_BYTES && equalBytes(a, b);
}

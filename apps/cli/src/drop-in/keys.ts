/** Keys of the drop-in commands: how they are asked for, made, kept in files and shown. */
import {
	type Curve,
	curveByName,
	formatFingerprint,
	generateEcKey,
	generateRsaKey,
	KeyError,
	MAX_RSA_BITS,
	MIN_RSA_BITS,
	type PrivateKey,
	type PublicKey,
} from '@uftp/crypto';
import { loadKeyFile, storeNewKeyFile } from '@uftp/endpoint/identity';
import { describeError, describeProblem, EndpointError } from '@uftp/endpoint/problems';
import { CommandError, ExitCode } from './command-error.ts';
import type { Cryptography } from './cryptography.ts';
import { COMMAND_VOCABULARY } from './vocabulary.ts';

/** A key to be made: so many bits of RSA (512 to 2048), or a curve. */
export type KeySpec = { readonly kind: 'rsa'; readonly bits: number } | { readonly kind: 'ec'; readonly curve: Curve };

/** What -k and -K come to: a file to read, a key to make, a file to make with a key. */
export interface KeyWish {
	readonly file: string | undefined;
	readonly spec: KeySpec | undefined;
}

/** Why a text is no key that can be made, and which part of it. */
export type KeySpecProblem = { readonly wrong: 'size' | 'curve' | 'form' };

/** Reads "rsa:BITS" or "ec:CURVE". */
export function parseKeySpec(text: string): KeySpec | KeySpecProblem {
	const at = text.indexOf(':');
	const kind = at < 0 ? '' : text.slice(0, at);
	if (kind === 'rsa') return rsaSpec(text.slice(at + 1)) ?? { wrong: 'size' };
	if (kind === 'ec') return ecSpec(text.slice(at + 1)) ?? { wrong: 'curve' };
	return { wrong: 'form' };
}

/** Bits of an RSA key, rounded up to whole bytes as C's keys are; undefined outside of 512 to 2048. */
export function rsaSpec(text: string): KeySpec | undefined {
	const bits = /^\d{1,5}$/.test(text) ? Number(text) : 0;
	if (bits < MIN_RSA_BITS || bits > MAX_RSA_BITS) return undefined;
	return { kind: 'rsa', bits: Math.ceil(bits / 8) * 8 };
}

export function ecSpec(text: string): KeySpec | undefined {
	const curve = commandLineCurve(text);
	return curve && { kind: 'ec', curve };
}

/** A curve by its name in lower case. As in C, secp224k1 has a number on the wire but cannot be named. */
export function commandLineCurve(name: string): Curve | undefined {
	if (name !== name.toLowerCase() || name === 'secp224k1') return undefined;
	return curveByName(name);
}

export const CURVE_HINT = 'curves are prime256v1, secp384r1, secp521r1 and the others of UFTP 4 (man uftp_keymgt)';

/** Makes a key in memory. Throws a KeyError. */
export function makeKey({ backend, random }: Cryptography, spec: KeySpec): PrivateKey {
	return spec.kind === 'rsa' ? generateRsaKey(backend, spec.bits) : generateEcKey(backend, spec.curve, random);
}

/**
 * The key of a wish; `warn` hears of files that others may read. Throws a `CommandError` with exit 3, as C does for
 * files that are missing or exist already.
 */
export function keyOfWish(cryptography: Cryptography, wish: KeyWish, warn: (text: string) => void): PrivateKey {
	try {
		if (wish.spec === undefined) {
			const { key, warning } = loadKeyFile(cryptography.backend, wish.file as string);
			if (warning !== undefined) warn(`Warning: ${describeProblem(warning, COMMAND_VOCABULARY)}`);
			return key;
		}
		const key = makeKey(cryptography, wish.spec);
		if (wish.file !== undefined) storeNewKeyFile(wish.file, key);
		return key;
	} catch (error) {
		if (!(error instanceof EndpointError) && !(error instanceof KeyError)) throw error;
		throw new CommandError(
			ExitCode.Keys,
			`Failed to read/generate private key: ${describeError(error, COMMAND_VOCABULARY)}`,
		);
	}
}

/** The name of a curve as OpenSSL has it: "prime256v1". */
export function curveText(curve: Curve): string {
	return curve.alias ?? curve.name;
}

/** C's line about a key that was loaded. */
export function loadedLine(key: PublicKey): string {
	const print = formatFingerprint(key.fingerprint);
	return key.kind === 'rsa'
		? `Loaded ${8 * key.modulus.length} bit RSA key with fingerprint ${print}`
		: `Loaded ECDSA key with curve ${curveText(key.curve)} and fingerprint ${print}`;
}

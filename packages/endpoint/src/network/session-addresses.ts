/** Where a session is announced and where its data goes. */
import { addressFamily, type Family, isMulticast } from '@uftp/wire';
import { EndpointError } from '../problems/index.ts';
import { literalAddress } from './resolve-host.ts';

/** Where a session is announced, and where its data goes. */
export interface SessionAddresses {
	readonly family: Family;
	readonly publicAddress: string;
	/** The public address again in unicast mode. */
	readonly privateAddress: string;
	readonly isUnicast: boolean;
}

/** What private addresses look like unless somebody says otherwise. */
export const PRIVATE_PATTERNS: Readonly<Record<Family, string>> = { 4: '230.5.5.x', 6: 'ff15::5:5:x' };

/**
 * Settles the addresses of a session. `publicAddress` is a literal one. Parts of `pattern`, other than the first, may be
 * the letter x; `random(n)` draws a whole number from 0 to n - 1 for each. Throws an `EndpointError`:
 * `private-address-invalid`, `address-families-differ`.
 */
export function sessionAddresses(
	publicAddress: string,
	pattern: string | undefined,
	random: (below: number) => number = randomBelow,
): SessionAddresses {
	const family = addressFamily(publicAddress);
	if (!isMulticast(publicAddress)) {
		return { family, publicAddress, privateAddress: publicAddress, isUnicast: true };
	}
	const chosen = pattern ?? PRIVATE_PATTERNS[family];
	const privateAddress = fillIn(chosen, random);
	if (privateAddress !== undefined && addressFamily(privateAddress) !== family) {
		throw new EndpointError('address-families-differ', { publicAddress, privateAddress });
	}
	if (privateAddress === undefined || !isMulticast(privateAddress)) {
		throw new EndpointError('private-address-invalid', { pattern: chosen });
	}
	return { family, publicAddress, privateAddress, isUnicast: false };
}

/** Puts a random number for every part that is the letter x; undefined if the outcome is no address. */
function fillIn(pattern: string, random: (below: number) => number): string | undefined {
	const isIPv6 = pattern.includes(':');
	const separator = isIPv6 ? ':' : '.';
	const parts = pattern
		.split(separator)
		.map((part, i) => (part === 'x' && i > 0 ? random(isIPv6 ? 0x1_0000 : 256).toString(isIPv6 ? 16 : 10) : part));
	return literalAddress(parts.join(separator));
}

/** A whole number from 0 to below - 1. */
export function randomBelow(below: number): number {
	return Math.floor(((crypto.getRandomValues(new Uint32Array(1))[0] as number) / 2 ** 32) * below);
}

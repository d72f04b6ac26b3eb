/** Where a session is announced and where its data goes. */
import { isMulticast, parseAddress } from '@uftp/wire';

export interface SessionAddresses {
	readonly family: 4 | 6;
	readonly publicAddress: string;
	/** The public address again in unicast mode. */
	readonly privateAddress: string;
	readonly isUnicast: boolean;
}

export type AddressDecision =
	| { readonly ok: true; readonly value: SessionAddresses }
	| { readonly ok: false; readonly problem: string };

const defaultPatterns = { 4: '230.5.5.x', 6: 'ff15::5:5:x' } as const;

/**
 * Settles the addresses of a session. `pattern` may have parts that are the letter x; `random(n)` draws a whole number
 * from 0 to n - 1 for each.
 */
export function sessionAddresses(
	publicAddress: string,
	pattern: string | undefined,
	random: (below: number) => number,
): AddressDecision {
	const family = publicAddress.includes(':') ? 6 : 4;
	if (!isMulticast(publicAddress)) {
		return { ok: true, value: { family, publicAddress, privateAddress: publicAddress, isUnicast: true } };
	}
	const chosen = pattern ?? defaultPatterns[family];
	const privateAddress = fillIn(chosen, random);
	if (parseAddress(privateAddress) === undefined || !isMulticast(privateAddress)) {
		return { ok: false, problem: `The private address "${chosen}" is not a multicast group.` };
	}
	if (privateAddress.includes(':') !== (family === 6)) {
		return {
			ok: false,
			problem: `The public address ${publicAddress} and the private address ${chosen} are of different IP versions.`,
		};
	}
	return { ok: true, value: { family, publicAddress, privateAddress, isUnicast: false } };
}

function fillIn(pattern: string, random: (below: number) => number): string {
	const isIPv6 = pattern.includes(':');
	const separator = isIPv6 ? ':' : '.';
	return pattern
		.split(separator)
		.map((part) => (part === 'x' ? random(isIPv6 ? 0x1_0000 : 256).toString(isIPv6 ? 16 : 10) : part))
		.join(separator);
}

/** A whole number from 0 to below - 1. */
export function randomBelow(below: number): number {
	return Math.floor(((crypto.getRandomValues(new Uint32Array(1))[0] as number) / 2 ** 32) * below);
}

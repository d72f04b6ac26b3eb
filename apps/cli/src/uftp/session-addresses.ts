/** Where a session is announced and where its data goes: -M and -P. */
import { isMulticast } from '@uftp/wire';
import { literalAddress, resolveAddress } from '../drop-in/addresses.ts';
import { CommandError, ExitCode } from '../drop-in/command-error.ts';

const PRIVATE_PATTERN = '230.5.5.x';

export interface SessionAddresses {
	readonly family: 4 | 6;
	readonly publicAddress: string;
	/** The public address again in unicast mode. */
	readonly privateAddress: string;
	readonly isUnicast: boolean;
}

/** Settles -M and -P; `random(n)` draws a whole number from 0 to n - 1. Throws a `CommandError` (exit 2, as in C). */
export async function sessionAddresses(
	publicAddress: string,
	privatePattern: string | undefined,
	random: (below: number) => number,
): Promise<SessionAddresses> {
	const resolved = await resolveAddress(publicAddress, undefined);
	if ('problem' in resolved) {
		throw new CommandError(
			ExitCode.Network,
			`Invalid public address or port: "${publicAddress}": ${resolved.problem}.`,
		);
	}
	const { address } = resolved;
	const family = address.includes(':') ? 6 : 4;
	if (!isMulticast(address)) return { family, publicAddress: address, privateAddress: address, isUnicast: true };
	if (family === 6 && privatePattern === undefined) {
		throw new CommandError(
			ExitCode.Network,
			'Invalid private address: with an IPv6 group for -M, give one for -P too, such as ff02::5:5:x.',
		);
	}
	const privateAddress = fillIn(privatePattern ?? PRIVATE_PATTERN, random);
	const privateFamily = privateAddress?.includes(':') ? 6 : 4;
	if (privateAddress !== undefined && privateFamily !== family) {
		throw new CommandError(
			ExitCode.Network,
			`IP version mismatch between public and private addresses: ${address} and ${privateAddress}.`,
		);
	}
	if (privateAddress === undefined || !isMulticast(privateAddress)) {
		throw new CommandError(
			ExitCode.Network,
			`Invalid private address: "${privatePattern}" is not a multicast group. Parts other than the first may be the letter x.`,
		);
	}
	return { family, publicAddress: address, privateAddress, isUnicast: false };
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

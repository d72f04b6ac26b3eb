/** Addresses as users write them: literal ones at once, host names through the resolver. */

import type { Family } from '@uftp/wire';
import { formatAddress, parseAddress } from '@uftp/wire';

/** The canonical text of a literal address, or undefined. */
export function literalAddress(text: string): string | undefined {
	const bytes = parseAddress(text);
	return bytes === undefined ? undefined : formatAddress(bytes, 0, bytes.length === 4 ? 4 : 16);
}

/** The address of a literal or a host name (of one family if that is given), or the reason why there is none. */
export async function resolveHost(
	name: string,
	family?: Family,
): Promise<{ readonly address: string } | { readonly problem: string }> {
	const literal = literalAddress(name);
	if (literal !== undefined) return { address: literal };
	// Not worth asking: digits and dots that are no address.
	if (name === '' || /^[\d.]+$/.test(name)) return { problem: 'it is neither an address nor a host name' };
	// Loaded only here: literal addresses are the rule, and a command of 0.1 s notices every module.
	const { promises: dns } = await import('node:dns');
	try {
		const { address } = await dns.lookup(name, { family: family ?? 0 });
		return { address };
	} catch (error) {
		const { code } = error as NodeJS.ErrnoException;
		return { problem: `no host of this name was found (${code ?? String(error)})` };
	}
}

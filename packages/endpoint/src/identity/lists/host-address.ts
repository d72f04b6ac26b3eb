import { formatAddress, parseAddress } from '@uftp/wire';

/** Finds the address of a host name, or says why there is none. */
export type ResolveName = (name: string) => Promise<{ readonly address: string } | { readonly problem: string }>;

/** The address that a text is, in canonical form, or that its host name has. */
export async function addressOf(text: string, resolveName: ResolveName): ReturnType<ResolveName> {
	const bytes = parseAddress(text);
	if (bytes !== undefined) return { address: formatAddress(bytes, 0, bytes.length === 4 ? 4 : 16) };
	// Not worth asking: digits and dots that are no address.
	if (text === '' || /^[\d.]+$/.test(text)) return { problem: 'it is neither an address nor a host name' };
	return resolveName(text);
}

import type { ResponseProxyConfig } from '@uftp/protocol';
import { addressFamily, type Family, isMulticast, isUnspecified } from '@uftp/wire';
import { EndpointError } from '../problems/index.ts';
import { resolveHost } from './resolve-host.ts';

const BROADCAST = '255.255.255.255';

/** Where a response proxy is, as somebody has written it. */
export interface ResponseProxyAddress {
	/** An address or a host name. */
	readonly host: string;
	readonly port: number;
	/** The 20 bytes of the key that it must show. */
	readonly fingerprint: Uint8Array | undefined;
}

/**
 * The response proxy at an address or host name; one of these families, if they are given, because answers need a socket
 * of its family. Rejects with an `EndpointError` `response-proxy-unusable`.
 */
export async function responseProxyAt(
	{ host, port, fingerprint }: ResponseProxyAddress,
	families: readonly Family[] = [4, 6],
): Promise<ResponseProxyConfig> {
	const only = families.length === 1 ? families[0] : undefined;
	const resolved = await resolveHost(host, only);
	const why = 'problem' in resolved ? resolved.problem : unfit(resolved.address, families);
	if ('problem' in resolved || why !== undefined)
		throw new EndpointError('response-proxy-unusable', { host, why: why ?? '' });
	return { endpoint: { host: resolved.address, port }, fingerprint };
}

function unfit(address: string, families: readonly Family[]): string | undefined {
	if (isMulticast(address)) return 'it is a multicast group, and a proxy has an address of its own';
	if (isUnspecified(address) || address === BROADCAST) return 'no host has this address';
	if (families.includes(addressFamily(address))) return undefined;
	return `it has an IPv${addressFamily(address)} address, and the receiver's groups are IPv${families.join(' and IPv')} ones`;
}

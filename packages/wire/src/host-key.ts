import { parseAddress } from './address.ts';

/**
 * The number that `IncomingBatch.sourceKey` gives for datagrams from this host: for IPv4 the address itself, for IPv6 a
 * negative hash of it. A zone ("%eth0") does not count. NaN, which equals nothing, for what is no address.
 */
export function hostKey(host: string): number {
	const zone = host.indexOf('%');
	const bytes = parseAddress(zone < 0 ? host : host.slice(0, zone));
	if (bytes === undefined) return Number.NaN;
	if (bytes.length === 4) return ((bytes[0] << 24) | (bytes[1] << 16) | (bytes[2] << 8) | bytes[3]) >>> 0;
	let high = 0x811c9dc5;
	let low = 0x01000193;
	for (let i = 0; i < bytes.length; i++) {
		high = Math.imul(high ^ bytes[i], 0x01000193);
		low = Math.imul(low ^ bytes[i], 0x5bd1e995) + i;
	}
	return -((high >>> 0) * 0x20_0000 + (low >>> 11)) - 1;
}

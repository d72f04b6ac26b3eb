/** Addresses as events show them: the network only, because an address is somebody's connection. */
import { formatAddress, parseAddress } from '@uftp/wire';

/** Bytes that are left of an address: /24 of IPv4, /48 of IPv6. */
const KEPT_BYTES = { 4: 3, 16: 6 } as const;

/** "203.0.113.0/24", "2001:db8:1::/48". */
export function maskedNetwork(host: string): string {
	const bytes = parseAddress(host.split('%')[0]);
	if (bytes === undefined) return 'unknown';
	const length = bytes.length === 4 ? 4 : 16;
	const kept = KEPT_BYTES[length];
	return `${formatAddress(bytes.fill(0, kept), 0, length)}/${8 * kept}`;
}

/** When two endpoints are one, and how they are written. */
import { addressFamily } from '@uftp/wire';
import type { Endpoint } from '../ports.ts';

/** Whether two endpoints in canonical text are one; see `isSameHost` for those with a zone. */
export function isSameEndpoint(one: Endpoint, other: Endpoint): boolean {
	return one.port === other.port && isSameHost(one.host, other.host);
}

/**
 * Whether two literal addresses are one host's. What a datagram came from has its interface as a number ("fe80::7%2"),
 * what somebody has typed may have it as a name ("fe80::7%eth0") or not at all: zones that are said differently tell
 * nothing, those that are said alike tell links apart.
 */
export function isSameHost(one: string, other: string): boolean {
	if (one === other) return true;
	const [address, zone] = one.split('%');
	const [otherAddress, otherZone] = other.split('%');
	return address === otherAddress && zoneKind(zone) !== zoneKind(otherZone);
}

function zoneKind(zone: string | undefined): 'none' | 'number' | 'name' {
	if (zone === undefined) return 'none';
	return /^\d+$/.test(zone) ? 'number' : 'name';
}

/** "10.0.0.7:1044", "[fd00::7]:1044". */
export function formatEndpoint({ host, port }: Endpoint): string {
	return addressFamily(host) === 6 ? `[${host}]:${port}` : `${host}:${port}`;
}

/** For which sources groups are joined. */
import type { AllowedSender } from '@uftp/protocol';
import { addressFamily, type Family, isSourceSpecificMulticast } from '@uftp/wire';
import { EndpointError } from '../problems/index.ts';

/**
 * Whether groups are source-specific (232.0.0.0/8, ff3x::): all, or none. Throws an `EndpointError` `groups-mixed` for
 * some of both: a list of senders could then not be applied to all of them.
 */
export function areSourceSpecific(groups: readonly string[]): boolean {
	const specific = groups.filter(isSourceSpecificMulticast);
	if (specific.length === 0 || specific.length === groups.length) return specific.length > 0;
	throw new EndpointError('groups-mixed', { specific: specific.join(', ') });
}

/**
 * The addresses of one family that source-specific groups are joined for: those of the senders, and of proxies, which
 * send to the groups of their receivers, too.
 */
export function groupSources(
	senders: readonly Pick<AllowedSender, 'address'>[],
	family: Family,
	proxies: readonly string[] = [],
): readonly string[] {
	const addresses = senders.flatMap(({ address }) => (address === undefined ? [] : [address]));
	return [...new Set([...addresses, ...proxies].filter((address) => addressFamily(address) === family))];
}

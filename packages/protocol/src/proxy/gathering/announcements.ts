/** Which announced sessions a gathering proxy serves, and where they say that their packets go. */

import { type Announce, isMulticast, isUnspecified, parseAddress } from '@uftp/wire';
import { assert } from '../../assert.ts';
import type { GatheringProxyConfig } from '../proxy-config.ts';

/** Why an ANNOUNCE cannot be served, as a sentence; undefined if it may go on to its keys. */
export function announceRefusal(config: GatheringProxyConfig, announce: Announce): string | undefined {
	const { ids, publicAddress, privateAddress } = announce;
	if (ids.length > 0 && !ids.includes(config.proxyId)) return 'A closed group that does not list this proxy';
	if (isUnspecified(publicAddress) || isUnspecified(privateAddress)) {
		const cure = 'proxies serve multicast sessions only: give the sender a multicast address';
		return `The session is sent to one address and names no group; ${cure}`;
	}
	for (const address of [publicAddress, privateAddress]) {
		if (isForwardable(address)) continue;
		return `The session names ${address}, which is no multicast address that is sent to; it is not served`;
	}
	if (config.kind === 'response' && !config.publicGroups.includes(publicAddress)) {
		return `The session is announced to ${publicAddress}, which is not among the public addresses of this proxy`;
	}
	return undefined;
}

/** Multicast, and not of the groups that control a network: 224.0.0.0/24, and ff01:: and ff02:: up to 255. */
function isForwardable(address: string): boolean {
	if (!isMulticast(address)) return false;
	const bytes = parseAddress(address);
	assert(bytes !== undefined, 'a multicast address is an address');
	if (bytes.length === 4) return bytes[0] !== 224 || bytes[1] !== 0 || bytes[2] !== 0;
	const scope = bytes[1] & 0xf;
	if (scope > 2) return true;
	return bytes.subarray(2, 15).some((byte) => byte !== 0);
}

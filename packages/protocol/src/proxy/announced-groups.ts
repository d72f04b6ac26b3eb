/** Which groups an ANNOUNCE may name: what a proxy carries there it sends, or has others send, in the sender's place. */
import { type Announce, isMulticast, isSourceSpecificMulticast, isUnspecified, parseAddress } from '@uftp/wire';

/**
 * Why a proxy does not carry a session with these addresses, as a sentence; undefined if it does. Both are multicast, or
 * both are zero in unicast mode. `sourceSpecific`: the private one must be joinable for one source only.
 */
export function groupsRefusal(announce: Announce, sourceSpecific: boolean): string | undefined {
	const { publicAddress, privateAddress } = announce;
	if (isUnspecified(publicAddress) && isUnspecified(privateAddress)) return undefined;
	for (const address of [publicAddress, privateAddress]) {
		if (!isMulticast(address)) return `Invalid multicast address: the announcement points to ${address}`;
		if (isForRouters(address)) return `Invalid multicast address: ${address} belongs to the network itself`;
	}
	if (sourceSpecific && !isSourceSpecificMulticast(privateAddress)) {
		return `Invalid multicast address: ${privateAddress} is not source-specific (232.0.0.0/8, ff3x::), as this proxy asks for`;
	}
	return undefined;
}

/** 224.0.0.0/24, and its like in IPv6: ff0x:: to ff0x::ff, where the routers, name services and clocks of a network talk. */
function isForRouters(address: string): boolean {
	const bytes = parseAddress(address);
	if (bytes === undefined) return false;
	if (bytes.length === 4) return bytes[0] === 224 && bytes[1] === 0 && bytes[2] === 0;
	return bytes[1] <= 0x0f && bytes.subarray(2, 15).every((byte) => byte === 0);
}

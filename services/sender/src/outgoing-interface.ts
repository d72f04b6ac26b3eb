/** By which interface sessions leave, why, and which UID that makes. */
import {
	addressesOf,
	defaultInterface,
	describeInterface,
	findInterface,
	listInterfaces,
	type NetworkInterface,
	TransportError,
} from '@uftp/transport';
import { formatUid, uidFromAddress } from '@uftp/wire';

export interface OutgoingInterface {
	readonly networkInterface: NetworkInterface;
	/** Its address of the family. */
	readonly address: string;
	/** Default UID of a sender with this address. */
	readonly uid: string;
	/** A sentence for the log. */
	readonly reason: string;
}

/** Finds the configured interface, else the one that leads to `group`. Rejects with a sentence. */
export async function outgoingInterface(
	wanted: string | undefined,
	family: 4 | 6,
	group: string,
): Promise<OutgoingInterface> {
	const { networkInterface, reason } = await choose(wanted, family, group);
	const own = addressesOf(networkInterface, family);
	const address = own.find((each) => each === wanted) ?? (own[0] as string);
	return { networkInterface, address, reason, uid: formatUid(uidFromAddress(address) as number) };
}

async function choose(
	wanted: string | undefined,
	family: 4 | 6,
	group: string,
): Promise<{ networkInterface: NetworkInterface; reason: string }> {
	if (wanted !== undefined) {
		const networkInterface = await findInterface(wanted, family);
		return { networkInterface, reason: `Interface ${describeInterface(networkInterface)}: configured.` };
	}
	// The loopback multicasts only when it is named, but what is sent to it can leave by nothing else.
	if (/^(127\.|::1$)/.test(group)) {
		const loopback = listInterfaces().find((each) => each.isLoopback && addressesOf(each, family).length > 0);
		if (loopback !== undefined) {
			return {
				networkInterface: loopback,
				reason: `Interface ${describeInterface(loopback)}: ${group} is on this machine.`,
			};
		}
	}
	try {
		return defaultInterface(family, group);
	} catch (error) {
		if (!(error instanceof TransportError)) throw error;
		throw new TransportError(`${error.message} Set UFTP_INTERFACE (uftpctl up: --interface).`, error.code);
	}
}

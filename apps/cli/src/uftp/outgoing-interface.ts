/** Which interface a session leaves by, why, and which UID that makes. */
import {
	addressesOf,
	defaultInterface,
	describeInterface,
	findInterface,
	listInterfaces,
	type NetworkInterface,
	TransportError,
} from '@uftp/transport';
import { uidFromAddress } from '@uftp/wire';
import { literalAddress } from '../drop-in/addresses.ts';
import { CommandError, ExitCode } from '../drop-in/command-error.ts';
import type { SessionAddresses } from './session-addresses.ts';

export interface OutgoingInterface {
	readonly networkInterface: NetworkInterface;
	/** Its address that gives the default UID. */
	readonly address: string;
	/** A sentence for the log. */
	readonly reason: string;
}

/** Finds the interface of -I (exit 1 if there is none, as in C), else the one that leads to the public address (exit 2). */
export async function outgoingInterface(
	wanted: string | undefined,
	addresses: SessionAddresses,
): Promise<OutgoingInterface> {
	const { family } = addresses;
	const chosen = wanted === undefined ? unnamed(addresses) : await named(wanted, family);
	const own = addressesOf(chosen.networkInterface, family);
	const literal = wanted === undefined ? undefined : literalAddress(wanted);
	return { ...chosen, address: literal !== undefined && own.includes(literal) ? literal : own[0] };
}

/** The default UID of an address, as the C programs derive it. */
export function defaultUid(address: string): number {
	const uid = uidFromAddress(address);
	if (uid !== undefined) return uid;
	throw new CommandError(ExitCode.Network, `No UID can be derived from the address ${address}: name one with -U.`);
}

type Chosen = Pick<OutgoingInterface, 'networkInterface' | 'reason'>;

async function named(wanted: string, family: 4 | 6): Promise<Chosen> {
	try {
		const networkInterface = await findInterface(wanted, family);
		return { networkInterface, reason: `Interface ${describeInterface(networkInterface)}: named with -I.` };
	} catch (error) {
		if (!(error instanceof TransportError)) throw error;
		throw new CommandError(ExitCode.Parameters, `Invalid name/address ${wanted}: ${error.message}`);
	}
}

function unnamed(addresses: SessionAddresses): Chosen {
	const interfaces = listInterfaces();
	const { family, publicAddress, isUnicast } = addresses;
	// The loopback multicasts only when it is named, but what is sent to it can leave by nothing else.
	if (isUnicast && /^(127\.|::1$)/.test(publicAddress)) {
		const loopback = interfaces.find((each) => each.isLoopback && addressesOf(each, family).length > 0);
		if (loopback !== undefined) {
			return {
				networkInterface: loopback,
				reason: `Interface ${describeInterface(loopback)}: ${publicAddress} is on this machine.`,
			};
		}
	}
	try {
		return defaultInterface(family, publicAddress, interfaces);
	} catch (error) {
		if (!(error instanceof TransportError)) throw error;
		throw new CommandError(ExitCode.Network, `Error getting an outgoing interface: ${error.message} Use -I for that.`);
	}
}

/** On which interfaces a receiver joins its groups, why, and which UID the first of them makes. */
import {
	addressesOf,
	describeInterface,
	findInterface,
	listInterfaces,
	type NetworkInterface,
	TransportError,
	usableInterfaces,
} from '@uftp/transport';
import { uidFromAddress } from '@uftp/wire';
import { literalAddress } from '../drop-in/addresses.ts';
import { CommandError, ExitCode } from '../drop-in/command-error.ts';
import type { Family } from './groups.ts';

export interface ListeningInterfaces {
	readonly byFamily: ReadonlyMap<Family, readonly NetworkInterface[]>;
	/** The address that makes the default UID: of the first interface, IPv4 before IPv6. */
	readonly firstAddress: string;
	/** One sentence per interface for the log. */
	readonly reasons: readonly string[];
}

/**
 * The interfaces of -I for each address family of the groups (exit 1 for one that does not exist, as in C), or all that
 * are up, multicast and are not the loopback (exit 2 if there is none).
 */
export async function listeningInterfaces(
	wanted: readonly string[],
	families: readonly Family[],
): Promise<ListeningInterfaces> {
	const interfaces = listInterfaces();
	const byFamily = new Map<Family, readonly NetworkInterface[]>();
	for (const family of families) {
		const found =
			wanted.length === 0 ? usableInterfaces(family, interfaces) : await namedInterfaces(wanted, family, interfaces);
		if (found.length === 0) throw noInterface(wanted, family, interfaces);
		byFamily.set(family, found);
	}
	const used = [...new Set([...byFamily.values()].flat())];
	const why = wanted.length === 0 ? 'up, multicasts and is not the loopback' : 'named with -I';
	return {
		byFamily,
		firstAddress: firstAddress(wanted, families, byFamily),
		reasons: used.map((each) => `Listening on ${describeInterface(each)}: ${why}`),
	};
}

/** The default UID of an address, as the C programs derive it. */
export function defaultUid(address: string): number {
	const uid = uidFromAddress(address);
	if (uid !== undefined) return uid;
	throw new CommandError(ExitCode.Network, `No UID can be derived from the address ${address}: name one with -U.`);
}

async function namedInterfaces(
	wanted: readonly string[],
	family: Family,
	interfaces: readonly NetworkInterface[],
): Promise<NetworkInterface[]> {
	const found: NetworkInterface[] = [];
	for (const name of wanted) {
		try {
			const each = await findInterface(name, family, interfaces);
			if (!found.includes(each) && addressesOf(each, family).length > 0) found.push(each);
		} catch (error) {
			if (!(error instanceof TransportError)) throw error;
			// It has addresses of the other family only: it serves the groups of that one.
			if (error.code === 'EADDRNOTAVAIL') continue;
			throw new CommandError(ExitCode.Parameters, `Invalid name/address ${name}: ${error.message}`);
		}
	}
	return found;
}

function noInterface(wanted: readonly string[], family: Family, interfaces: readonly NetworkInterface[]): CommandError {
	const list = interfaces.map(describeInterface).join('; ');
	const what = wanted.length === 0 ? 'No interface is up, multicasts and' : `None of ${wanted.join(', ')}`;
	return new CommandError(
		ExitCode.Network,
		`${what} has an IPv${family} address for the IPv${family} groups of -M. This machine has: ${list}. Name the interfaces with -I (the loopback only takes part when it is named).`,
	);
}

function firstAddress(
	wanted: readonly string[],
	families: readonly Family[],
	byFamily: ReadonlyMap<Family, readonly NetworkInterface[]>,
): string {
	const family = families.includes(4) ? 4 : 6;
	const own = addressesOf((byFamily.get(family) as readonly NetworkInterface[])[0], family);
	const literal = wanted.length === 0 ? undefined : literalAddress(wanted[0]);
	return literal !== undefined && own.includes(literal) ? literal : own[0];
}

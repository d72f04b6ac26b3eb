/** Which address families a proxy speaks, on which interfaces it hears groups, and by which its multicast leaves. */
import type { DownstreamSite, Endpoint } from '@uftp/protocol';
import {
	addressesOf,
	defaultInterface,
	describeInterface,
	findInterface,
	type NetworkInterface,
	TransportError,
	usableInterfaces,
} from '@uftp/transport';
import { CommandError, ExitCode } from '../drop-in/command-error.ts';
import type { Family } from '../uftpd/groups.ts';
import { listeningInterfaces } from '../uftpd/listening-interfaces.ts';
import type { ProxyArguments } from './arguments.ts';

const DEFAULT_GROUPS = { 4: '230.4.4.1', 6: 'ff15::4:4:1' } as const;
const FAMILIES: readonly Family[] = [4, 6];

export interface ProxyInterfaces {
	readonly families: readonly Family[];
	/** Spoken as well, if the system has them. */
	readonly optionalFamilies: readonly Family[];
	readonly listening: ReadonlyMap<Family, readonly NetworkInterface[]>;
	readonly outgoing: ReadonlyMap<Family, NetworkInterface>;
	/** The address that makes the default UID. */
	readonly firstAddress: string;
	/** Sentences for the log. */
	readonly reasons: readonly string[];
}

/** Settles all that. Throws a `CommandError`: 1 for an interface that does not exist, 2 where there is none. */
export async function proxyInterfaces(
	options: ProxyArguments,
	groups: ReadonlyMap<Family, readonly string[]>,
	sites: readonly DownstreamSite[],
	heartbeats: readonly Endpoint[],
): Promise<ProxyInterfaces> {
	const peers = sites.flatMap((site) => (site.kind === 'address' ? [site.endpoint] : [])).concat(heartbeats);
	const ofPeers = FAMILIES.filter((family) => peers.some(({ host }) => host.includes(':') === (family === 6)));
	if (options.mode === 'client') return clientInterfaces(options, ofPeers);
	const { byFamily, firstAddress, reasons } = await listeningInterfaces(options.networkInterfaces, [...groups.keys()]);
	const families = FAMILIES.filter((family) => groups.has(family) || ofPeers.includes(family));
	const outgoing = new Map<Family, NetworkInterface>();
	// A response proxy's own multicast is its key, for those who share its groups.
	if (options.mode === 'response') {
		for (const [family, [first]] of byFamily) {
			const { networkInterface } = await outgoingInterface(options, family, first);
			outgoing.set(family, networkInterface);
		}
	}
	return { families, optionalFamilies: [], listening: byFamily, outgoing, firstAddress, reasons };
}

/** It hears no groups: its interfaces say who it is, and where the receivers are. */
async function clientInterfaces(options: ProxyArguments, ofPeers: readonly Family[]): Promise<ProxyInterfaces> {
	const outgoing = new Map<Family, NetworkInterface>();
	const reasons: string[] = [];
	let failure: unknown;
	for (const family of FAMILIES) {
		try {
			const chosen = await outgoingInterface(options, family, undefined);
			outgoing.set(family, chosen.networkInterface);
			reasons.push(`To receivers over IPv${family}: ${chosen.reason}`);
		} catch (error) {
			failure ??= error;
		}
	}
	if (outgoing.size === 0) throw failure;
	const wanted = options.networkInterfaces;
	const own = FAMILIES.filter((family) => usableInterfaces(family).length > 0);
	const first = own[0] ?? ([...outgoing.keys()][0] as Family);
	const listening = await listeningInterfaces(wanted.length > 0 || own.length > 0 ? wanted : ['lo'], [first]);
	const families = FAMILIES.filter((family) => family === first || ofPeers.includes(family));
	return {
		families,
		optionalFamilies: FAMILIES.filter((family) => outgoing.has(family) && !families.includes(family)),
		listening: listening.byFamily,
		outgoing,
		firstAddress: listening.firstAddress,
		reasons,
	};
}

/** -O (exit 1 if there is none, as in C), else `initial`, else the one that the route to a group leads to (exit 2). */
async function outgoingInterface(
	{ outgoingInterface: wanted }: ProxyArguments,
	family: Family,
	initial: NetworkInterface | undefined,
): Promise<{ readonly networkInterface: NetworkInterface; readonly reason: string }> {
	try {
		if (wanted !== undefined) {
			const networkInterface = await findInterface(wanted, family);
			return { networkInterface, reason: `${describeInterface(networkInterface)}: named with -O` };
		}
		if (initial !== undefined && addressesOf(initial, family).length > 0) {
			return { networkInterface: initial, reason: describeInterface(initial) };
		}
		return defaultInterface(family, DEFAULT_GROUPS[family]);
	} catch (error) {
		if (!(error instanceof TransportError)) throw error;
		if (wanted !== undefined) {
			throw new CommandError(ExitCode.Parameters, `Invalid name/address ${wanted}: ${error.message}`);
		}
		throw new CommandError(ExitCode.Network, `Error getting an outgoing interface: ${error.message} Use -O for that.`);
	}
}

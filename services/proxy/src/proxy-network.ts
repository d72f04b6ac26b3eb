/** The interfaces of a proxy: where it hears groups, by which its multicast leaves, and the address that names it. */
import type { DownstreamSite, Endpoint } from '@uftp/protocol';
import {
	addressesOf,
	defaultInterface,
	findInterface,
	type InterfaceChoice,
	type NetworkInterface,
	usableInterfaces,
} from '@uftp/transport';
import type { ProxyServiceConfig } from './config.ts';

type Family = 4 | 6;

export interface ProxyNetwork {
	/** Address families of its sockets. */
	readonly families: readonly Family[];
	readonly listening: ReadonlyMap<Family, NetworkInterface>;
	readonly outgoing: ReadonlyMap<Family, NetworkInterface>;
	readonly networkInterface: NetworkInterface;
	/** The address of `networkInterface` that stands for the proxy. */
	readonly address: string;
	readonly family: Family;
	/** What to log at the start. */
	readonly notes: readonly string[];
}

/** Settles the interfaces. Rejects with a sentence: there is no such interface, or none at all. */
export async function proxyNetwork(
	config: ProxyServiceConfig,
	sites: readonly DownstreamSite[],
	heartbeatTo: readonly Endpoint[],
): Promise<ProxyNetwork> {
	const family = config.publicAddress[0].includes(':') ? 6 : 4;
	const own = await chosen(config.interface, family, config.publicAddress[0]);
	const peers = [...sites.flatMap((site) => (site.kind === 'address' ? [site.endpoint] : [])), ...heartbeatTo];
	const families = new Set<Family>([family, ...peers.map(({ host }): Family => (host.includes(':') ? 6 : 4))]);
	const notes = [own.reason];
	const outgoing = new Map<Family, NetworkInterface>();
	if (config.mode !== 'server') {
		// Receivers of the other family hear a client proxy where its interface has such addresses.
		const wanted: readonly Family[] = config.mode === 'client' ? [4, 6] : [family];
		for (const each of wanted) {
			const isOptional = each !== family;
			if (isOptional && config.outgoingInterface === undefined && usableInterfaces(each).length === 0) continue;
			const name = config.outgoingInterface ?? (config.mode === 'response' ? own.networkInterface.name : undefined);
			const found = await chosen(name, each, each === family ? config.publicAddress[0] : undefined).catch(
				(error: unknown) => {
					if (isOptional) return undefined;
					throw error;
				},
			);
			if (found === undefined) continue;
			outgoing.set(each, found.networkInterface);
			families.add(each);
			notes.push(`To receivers over IPv${each}: ${found.networkInterface.name}.`);
		}
	}
	const { networkInterface } = own;
	const address = ownAddress(config.interface, networkInterface, family);
	const listening = new Map([[family, networkInterface] as const]);
	return { families: [...families], listening, outgoing, networkInterface, address, family, notes };
}

async function chosen(
	name: string | undefined,
	family: Family,
	group: string | undefined,
): Promise<Pick<InterfaceChoice, 'networkInterface' | 'reason'>> {
	if (name === undefined) return defaultInterface(family, group);
	const networkInterface = await findInterface(name, family);
	return { networkInterface, reason: `Interface ${networkInterface.name}: configured.` };
}

/** The address that was configured, if it is one of the interface; else its first. */
function ownAddress(name: string | undefined, networkInterface: NetworkInterface, family: Family): string {
	const addresses = addressesOf(networkInterface, family);
	return addresses.find((address) => address === name) ?? addresses[0];
}

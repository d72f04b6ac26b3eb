/** Which address families a proxy speaks, on which interfaces it hears groups, and by which its multicast leaves. */
import { type Problem, type ProblemFacts, problem } from '@uftp/protocol';
import { describeInterface, type NetworkInterface, usableInterfaces } from '@uftp/transport';
import { addressFamily, type Family } from '@uftp/wire';
import { EndpointError, type ProblemCode } from '../problems/index.ts';
import { chooseInterface, listeningInterfaces, ownAddress } from './interface-choice.ts';

const FAMILIES: readonly Family[] = [4, 6];
/** Groups that a route is asked for where the proxy's groups are of the other family. */
const SOME_GROUP: Readonly<Record<Family, string>> = { 4: '230.4.4.1', 6: 'ff15::4:4:1' };

/** What settles them. */
export interface ProxyInterfacesQuestion {
	readonly mode: 'server' | 'client' | 'response';
	/** Names of interfaces to hear groups on; none: the one that the route leads to. */
	readonly interfaces: readonly string[] | 'all';
	readonly outgoingInterface: string | undefined;
	readonly groups: readonly string[];
	/** Addresses of sites, and of proxies that get heartbeats. */
	readonly peers: readonly string[];
}

/** Where a proxy listens and sends. */
export interface ProxyInterfaces {
	/** Families that must work, and those that are spoken if the system has them. */
	readonly families: readonly Family[];
	readonly optionalFamilies: readonly Family[];
	readonly listening: ReadonlyMap<Family, readonly NetworkInterface[]>;
	readonly outgoing: ReadonlyMap<Family, NetworkInterface>;
	/** The address that stands for the proxy, and the interface that has it. */
	readonly address: string;
	readonly addressOwner: NetworkInterface;
	/** Why these, for the log (`describeProblem`). */
	readonly reasons: readonly Problem<ProblemCode>[];
}

/** Settles all that. Rejects with an `EndpointError` for an interface that does not exist, or where there is none. */
export async function proxyInterfaces(question: ProxyInterfacesQuestion): Promise<ProxyInterfaces> {
	const { mode, groups, peers } = question;
	const ofPeers = FAMILIES.filter((family) => peers.some((address) => addressFamily(address) === family));
	if (mode === 'client') return clientInterfaces(question, ofPeers);
	const ofGroups = FAMILIES.filter((family) => groups.some((group) => addressFamily(group) === family));
	const listening = await listeningOn(question, ofGroups);
	const families = FAMILIES.filter((family) => ofGroups.includes(family) || ofPeers.includes(family));
	const outgoing = new Map<Family, NetworkInterface>();
	// A response proxy's own multicast is its key, for those who share its groups.
	if (mode === 'response') {
		for (const [family, [first]] of listening.byFamily) {
			const { outgoingInterface: wanted } = question;
			outgoing.set(family, wanted === undefined ? first : (await outgoingTo(wanted, family)).networkInterface);
		}
	}
	return { families, optionalFamilies: [], outgoing, ...listening.settled };
}

/** It hears no groups: its interfaces say who it is, and where the receivers are. */
async function clientInterfaces(
	question: ProxyInterfacesQuestion,
	ofPeers: readonly Family[],
): Promise<ProxyInterfaces> {
	const outgoing = new Map<Family, NetworkInterface>();
	const reasons: Problem<ProblemCode>[] = [];
	const failures: unknown[] = [];
	for (const family of FAMILIES) {
		try {
			const { networkInterface, facts } = await outgoingTo(question.outgoingInterface, family);
			outgoing.set(family, networkInterface);
			reasons.push(problem('interface-outgoing', { family, ...facts }));
		} catch (error) {
			failures.push(error);
		}
	}
	const [initial] = outgoing.keys();
	if (initial === undefined) throw failures[0];
	const own = FAMILIES.find((family) => usableInterfaces(family).length > 0);
	const first = own ?? initial;
	const isNamed = question.interfaces !== 'all' && question.interfaces.length > 0;
	const interfaces = isNamed || own !== undefined ? question.interfaces : ['lo'];
	const { settled } = await listeningOn({ ...question, interfaces }, [first]);
	const families = FAMILIES.filter((family) => family === first || ofPeers.includes(family));
	return {
		...settled,
		families,
		optionalFamilies: FAMILIES.filter((family) => outgoing.has(family) && !families.includes(family)),
		outgoing,
		reasons,
	};
}

interface Listening {
	readonly byFamily: ReadonlyMap<Family, readonly [NetworkInterface, ...NetworkInterface[]]>;
	readonly settled: Pick<ProxyInterfaces, 'listening' | 'address' | 'addressOwner' | 'reasons'>;
}

async function listeningOn(question: ProxyInterfacesQuestion, families: readonly Family[]): Promise<Listening> {
	const { interfaces, groups } = question;
	const wanted = interfaces === 'all' ? [] : interfaces;
	const byFamily = new Map<Family, [NetworkInterface, ...NetworkInterface[]]>();
	const reasons: Problem<ProblemCode>[] = [];
	if (wanted.length > 0 || interfaces === 'all') {
		const found = await listeningInterfaces(wanted, families);
		reasons.push(...found.reasons);
		for (const [family, [first, ...others]] of found.byFamily) if (first) byFamily.set(family, [first, ...others]);
	} else {
		for (const family of families) {
			const group = groups.find((each) => addressFamily(each) === family) ?? SOME_GROUP[family];
			const { networkInterface, reason } = await chooseInterface(undefined, family, group);
			byFamily.set(family, [networkInterface]);
			reasons.push(reason);
		}
	}
	const named = nameOf(byFamily, wanted[0]);
	return { byFamily, settled: { listening: byFamily, reasons, ...named } };
}

/** The address of the first interface, IPv4 before IPv6. */
function nameOf(
	byFamily: ReadonlyMap<Family, readonly NetworkInterface[]>,
	wanted: string | undefined,
): Pick<ProxyInterfaces, 'address' | 'addressOwner'> {
	const family = byFamily.has(4) ? 4 : 6;
	const [addressOwner] = byFamily.get(family) ?? [];
	if (addressOwner === undefined) throw new Error('a proxy without an interface');
	return { addressOwner, address: ownAddress(wanted, addressOwner, family) };
}

/** The one that is named, else the one that the route to a group leads to; and what the log may tell of it. */
async function outgoingTo(
	wanted: string | undefined,
	family: Family,
): Promise<{ readonly networkInterface: NetworkInterface; readonly facts: ProblemFacts }> {
	try {
		const { networkInterface } = await chooseInterface(wanted, family, SOME_GROUP[family]);
		const facts = { interface: describeInterface(networkInterface), isNamed: wanted !== undefined };
		return { networkInterface, facts };
	} catch (error) {
		if (!(error instanceof EndpointError)) throw error;
		const code = wanted === undefined ? 'outgoing-interface-missing' : 'outgoing-interface-unknown';
		throw new EndpointError(code, error.facts, error);
	}
}

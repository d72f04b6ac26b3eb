/** Which interfaces a node listens on and sends by, why, and which of their addresses stands for the node. */
import { type Problem, problem } from '@uftp/protocol';
import {
	addressesOf,
	defaultInterface,
	describeInterface,
	findInterface,
	listInterfaces,
	type NetworkInterface,
	TransportError,
	usableInterfaces,
} from '@uftp/transport';
import type { Family } from '@uftp/wire';
import { EndpointError, type ProblemCode } from '../problems/index.ts';
import { literalAddress } from './resolve-host.ts';

/** One interface. */
export interface ChosenInterface {
	readonly networkInterface: NetworkInterface;
	/** Its address that stands for the node: the one that was named, else the first of the family. */
	readonly address: string;
	/** Why this one, for the log (`describeProblem`). */
	readonly reason: Problem<ProblemCode>;
}

/** Those on which groups are joined. */
export interface ListeningInterfaces {
	readonly byFamily: ReadonlyMap<Family, readonly NetworkInterface[]>;
	/** The address that makes the default UID: of the first interface, IPv4 before IPv6. */
	readonly firstAddress: string;
	/** One for each interface. */
	readonly reasons: readonly Problem<ProblemCode>[];
}

/**
 * The interface that is named (name, number, address, network, host name), else the one that leads to `destination`, an
 * address or group. Rejects with an `EndpointError`: `interface-unknown` for a name that fits none, `interface-missing`
 * where none can be chosen.
 */
export async function chooseInterface(
	wanted: string | undefined,
	family: Family,
	destination: string | undefined,
): Promise<ChosenInterface> {
	const { networkInterface, reason } =
		wanted === undefined ? unnamed(family, destination) : await named(wanted, family);
	return { networkInterface, reason, address: ownAddress(wanted, networkInterface, family) };
}

/**
 * The interfaces that are named for each family, or all that are up, multicast and are not the loopback. Rejects with an
 * `EndpointError`: `interface-unknown`, or `interface-without-family` if none has addresses of a family.
 */
export async function listeningInterfaces(
	wanted: readonly string[],
	families: readonly Family[],
): Promise<ListeningInterfaces> {
	const interfaces = listInterfaces();
	const byFamily = new Map<Family, readonly NetworkInterface[]>();
	for (const family of families) {
		const found =
			wanted.length === 0 ? usableInterfaces(family, interfaces) : await allNamed(wanted, family, interfaces);
		if (found.length === 0) throw noInterface(wanted, family, interfaces);
		byFamily.set(family, found);
	}
	const used = [...new Set([...byFamily.values()].flat())];
	const family = families.includes(4) ? 4 : 6;
	const [first] = byFamily.get(family) ?? [];
	const code = wanted.length === 0 ? 'interface-listening' : 'interface-listening-named';
	return {
		byFamily,
		firstAddress: ownAddress(wanted[0], first as NetworkInterface, family),
		reasons: used.map((each) => problem(code, { interface: describeInterface(each) })),
	};
}

/** The address that was named, if the interface has it; else its first one of the family. */
export function ownAddress(wanted: string | undefined, networkInterface: NetworkInterface, family: Family): string {
	const own = addressesOf(networkInterface, family);
	const literal = wanted === undefined ? undefined : literalAddress(wanted);
	return literal !== undefined && own.includes(literal) ? literal : (own[0] as string);
}

type Chosen = Omit<ChosenInterface, 'address'>;

async function named(wanted: string, family: Family): Promise<Chosen> {
	const networkInterface = await findInterface(wanted, family).catch((error: unknown) => {
		throw unknownInterface(wanted, error);
	});
	return { networkInterface, reason: problem('interface-named', { interface: describeInterface(networkInterface) }) };
}

function unnamed(family: Family, destination: string | undefined): Chosen {
	const interfaces = listInterfaces();
	// The loopback multicasts only when it is named, but what is sent to it can leave by nothing else.
	if (destination !== undefined && /^(127\.|::1$)/.test(destination)) {
		const loopback = interfaces.find((each) => each.isLoopback && addressesOf(each, family).length > 0);
		if (loopback !== undefined) {
			const why = `Interface ${describeInterface(loopback)}: ${destination} is on this machine.`;
			return { networkInterface: loopback, reason: problem('interface-chosen', { why }) };
		}
	}
	try {
		const { networkInterface, reason } = defaultInterface(family, destination, interfaces);
		return { networkInterface, reason: problem('interface-chosen', { why: reason }) };
	} catch (error) {
		if (!(error instanceof TransportError)) throw error;
		throw new EndpointError('interface-missing', { why: error.message }, error);
	}
}

async function allNamed(
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
			// It has addresses of the other family only: it serves the groups of that one.
			if (error instanceof TransportError && error.code === 'EADDRNOTAVAIL') continue;
			throw unknownInterface(name, error);
		}
	}
	return found;
}

function unknownInterface(wanted: string, error: unknown): unknown {
	if (!(error instanceof TransportError)) return error;
	return new EndpointError('interface-unknown', { wanted, why: error.message }, error);
}

function noInterface(
	wanted: readonly string[],
	family: Family,
	interfaces: readonly NetworkInterface[],
): EndpointError {
	const tried = wanted.length === 0 ? 'No interface is up, multicasts and' : `None of ${wanted.join(', ')}`;
	const available = interfaces.map(describeInterface).join('; ');
	return new EndpointError('interface-without-family', { tried, family, available });
}

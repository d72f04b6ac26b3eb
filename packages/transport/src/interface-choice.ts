import { readFileSync } from 'node:fs';
import { setTimeout as delay } from 'node:timers/promises';
import { parseIpv4, parseIpv6 } from '@uftp/native';
import type { Family } from '@uftp/wire';
import { canonicalAddress } from './errors/bind-error.ts';
import { TransportError } from './errors/transport-error.ts';
import { addressesOf, describeInterface, listInterfaces, type NetworkInterface } from './interfaces.ts';

/** A name server that does not answer must not hold up the sentence that there is no such interface. */
const MAX_LOOKUP_MS = 2000;

/** An interface, and why it and no other. */
export interface InterfaceChoice {
	readonly networkInterface: NetworkInterface;
	/** A sentence for the log: which interface, why, which ones were passed over. */
	readonly reason: string;
	/** Names of the interfaces that would have done as well, or were not fit. */
	readonly ignored: readonly string[];
}

/**
 * Finds the interface that a user names: by name (`eth0`), number (`2`), address (`10.0.0.7`), network (`10.0.0.0/8`),
 * host name, or any of these with the family (`eth0/6`, `eth0/4`), which is returned separately by `splitFamily`.
 * Throws `TransportError` with the list of interfaces when there is none, or several: never takes another one silently.
 */
export async function findInterface(
	wanted: string,
	family: Family,
	interfaces: readonly NetworkInterface[] = listInterfaces(),
): Promise<NetworkInterface> {
	const { name, family: stated } = splitFamily(wanted);
	const wantedFamily = stated ?? family;
	const exact =
		interfaces.find((each) => each.name === name) ??
		(/^\d+$/.test(name) ? interfaces.find((each) => each.index === Number(name)) : undefined) ??
		findByAddress(name, interfaces) ??
		findByNetwork(name, interfaces);
	const found = exact ?? (isHostName(name) ? await findByHostName(name, interfaces) : undefined);
	if (found === undefined) {
		const list = interfaces.map(describeInterface).join('; ');
		throw new TransportError(`There is no interface "${wanted}". This machine has: ${list}.`, 'ENODEV');
	}
	if (!found.isUp) {
		throw new TransportError(
			`Interface ${found.name} is down: "ip link set ${found.name} up", or choose another.`,
			'ENETDOWN',
		);
	}
	if (addressesOf(found, wantedFamily).length === 0) {
		throw new TransportError(
			`Interface ${found.name} has no IPv${wantedFamily} address: ` + `${describeInterface(found)}.`,
			'EADDRNOTAVAIL',
		);
	}
	return found;
}

/** Splits "eth0/6" into the interface and the address family; a network such as "10.0.0.0/8" stays whole. */
export function splitFamily(wanted: string): { readonly name: string; readonly family: Family | undefined } {
	const match = /^(.+)\/([46])$/.exec(wanted);
	if (match === null || canonicalAddress(match[1]) !== undefined) return { name: wanted, family: undefined };
	return { name: match[1], family: match[2] === '4' ? 4 : 6 };
}

/**
 * The interface to use when the user names none: the one through which the kernel routes `group` if there is such a
 * route, else the first that is up, multicasts, has an address of the family and is not the loopback. Throws
 * `TransportError` when there is none: the loopback is used only when it is named.
 */
export function defaultInterface(
	family: Family,
	group?: string,
	interfaces: readonly NetworkInterface[] = listInterfaces(),
): InterfaceChoice {
	const usable = usableInterfaces(family, interfaces);
	if (usable.length === 0) {
		const list = interfaces.map(describeInterface).join('; ');
		throw new TransportError(
			`No interface of this machine is up, multicasts and has an IPv${family} address besides ` +
				`the loopback. It has: ${list}. Name one, for example the loopback for a trial on this machine alone.`,
			'ENODEV',
		);
	}
	const routed = group === undefined || family === 6 ? undefined : routedInterface(group);
	const preferred = usable.find((each) => each.name === routed);
	const chosen = preferred ?? usable[0];
	const why =
		preferred !== undefined
			? `the route to ${group} leads there`
			: usable.length === 1
				? 'the only one that is up and multicasts'
				: 'the first that is up and multicasts';
	const ignored = interfaces.filter((each) => each !== chosen).map((each) => each.name);
	const others = ignored.length === 0 ? '' : `; not used: ${ignored.join(', ')}`;
	return { networkInterface: chosen, reason: `Interface ${describeInterface(chosen)}: ${why}${others}.`, ignored };
}

/** The interfaces on which a receiver listens when the user names none: all that are fit, without the loopback. */
export function usableInterfaces(
	family: Family,
	interfaces: readonly NetworkInterface[] = listInterfaces(),
): NetworkInterface[] {
	return interfaces.filter((each) => {
		return each.isUp && each.isMulticast && !each.isLoopback && addressesOf(each, family).length > 0;
	});
}

function findByAddress(text: string, interfaces: readonly NetworkInterface[]): NetworkInterface | undefined {
	const address = canonicalAddress(text.split('%')[0]);
	if (address === undefined) return undefined;
	return interfaces.find(
		(each) => each.ipv4.includes(address) || each.ipv6.some((own) => canonicalAddress(own) === address),
	);
}

function findByNetwork(text: string, interfaces: readonly NetworkInterface[]): NetworkInterface | undefined {
	const match = /^(.+)\/(\d{1,3})$/.exec(text);
	if (match === null) return undefined;
	const network = addressBytes(match[1]);
	const bits = Number(match[2]);
	if (network === undefined || bits > network.length * 8) return undefined;
	const isInside = (address: string): boolean => {
		const bytes = addressBytes(address);
		return bytes !== undefined && bytes.length === network.length && haveSamePrefix(bytes, network, bits);
	};
	const found = interfaces.filter((each) => each.ipv4.some(isInside) || each.ipv6.some(isInside));
	if (found.length > 1) {
		const list = found.map(describeInterface).join('; ');
		throw new TransportError(`Several interfaces are in ${text}: ${list}. Name one of them.`);
	}
	return found[0];
}

async function findByHostName(
	name: string,
	interfaces: readonly NetworkInterface[],
): Promise<NetworkInterface | undefined> {
	try {
		const { lookup } = await import('node:dns/promises');
		const addresses = await Promise.race([lookup(name, { all: true }), delay(MAX_LOOKUP_MS, [], { ref: false })]);
		for (const { address } of addresses) {
			const found = findByAddress(address, interfaces);
			if (found !== undefined) return found;
		}
	} catch {
		// Not a host name either: the caller's sentence lists what there is.
	}
	return undefined;
}

function isHostName(text: string): boolean {
	return /^[A-Za-z0-9]([A-Za-z0-9.-]*[A-Za-z0-9])?$/.test(text) && !/^\d+$/.test(text);
}

function addressBytes(text: string): Uint8Array | undefined {
	return parseIpv4(text) ?? parseIpv6(text);
}

function haveSamePrefix(a: Uint8Array, b: Uint8Array, bits: number): boolean {
	for (let bit = 0; bit < bits; bit += 1) {
		const mask = 0x80 >> (bit & 7);
		if (((a[bit >> 3] ^ b[bit >> 3]) & mask) !== 0) return false;
	}
	return true;
}

/** Name of the interface of the longest route that covers an IPv4 address, by the kernel's table. */
function routedInterface(address: string): string | undefined {
	const bytes = parseIpv4(address);
	if (bytes === undefined) return undefined;
	// The table shows addresses as numbers of the machine's byte order, which is little-endian here.
	const target = (bytes[0] | (bytes[1] << 8) | (bytes[2] << 16) | (bytes[3] << 24)) >>> 0;
	let best: { readonly name: string; readonly bits: number; readonly metric: number } | undefined;
	for (const line of readRoutes()) {
		const [name, destination, , , , , metricText, maskText] = line.trim().split(/\s+/);
		if (maskText === undefined) continue;
		const mask = Number.parseInt(maskText, 16);
		if ((target & mask) >>> 0 !== Number.parseInt(destination, 16)) continue;
		const bits = countBits(mask);
		const metric = Number(metricText);
		if (best === undefined || bits > best.bits || (bits === best.bits && metric < best.metric)) {
			best = { name, bits, metric };
		}
	}
	return best?.name;
}

function countBits(mask: number): number {
	let bits = 0;
	for (let rest = mask >>> 0; rest !== 0; rest >>>= 1) bits += rest & 1;
	return bits;
}

function readRoutes(): string[] {
	try {
		return readFileSync('/proc/net/route', 'utf8').split('\n').slice(1);
	} catch {
		return [];
	}
}

import { readFileSync } from 'node:fs';
import { networkInterfaces } from 'node:os';
import { loadLibc, readInterfaceFacts } from '@uftp/native';
import type { Family } from '@uftp/wire';

/** A network interface as the kernel describes it. */
export interface NetworkInterface {
	readonly name: string;
	/** The kernel's number, as `ip link` shows it. */
	readonly index: number;
	readonly ipv4: readonly string[];
	readonly ipv6: readonly string[];
	readonly mtu: number;
	readonly isUp: boolean;
	readonly isMulticast: boolean;
	readonly isLoopback: boolean;
}

/** Assumed where the system does not tell: Ethernet's. Too small costs speed only. */
const USUAL_MTU = 1500;

/** The interfaces of this machine (of this network namespace), in the kernel's order, also those that are down. */
export function listInterfaces(): NetworkInterface[] {
	const addresses = networkInterfaces();
	const names = [...new Set([...kernelNames(), ...Object.keys(addresses)])];
	const { libc } = loadLibc();
	const facts = libc === undefined ? [] : readInterfaceFacts(libc, names);
	return names.map((name, i) => {
		const own = addresses[name] ?? [];
		const known = facts[i];
		const isInternal = own.some((address) => address.internal);
		return {
			name,
			index: known?.index ?? scopeNumber(own) ?? i + 1,
			ipv4: own.filter((address) => address.family === 'IPv4').map((address) => address.address),
			ipv6: own.filter((address) => address.family === 'IPv6').map((address) => address.address.split('%')[0]),
			mtu: known?.mtu ?? USUAL_MTU,
			isUp: known?.isUp ?? own.length > 0,
			isMulticast: known?.isMulticast ?? !isInternal,
			isLoopback: known?.isLoopback ?? isInternal,
		};
	});
}

/** The interface's addresses of one family. */
export function addressesOf(networkInterface: NetworkInterface, family: Family): readonly string[] {
	return family === 4 ? networkInterface.ipv4 : networkInterface.ipv6;
}

/** One line for a log or an error: "eth0 (10.0.0.7, fe80::1; mtu 1500, up, multicast)". */
export function describeInterface(networkInterface: NetworkInterface): string {
	const { name, ipv4, ipv6, mtu, isUp, isMulticast, isLoopback } = networkInterface;
	const addresses = [...ipv4, ...ipv6].join(', ') || 'no address';
	const words = [`mtu ${mtu}`, isUp ? 'up' : 'down'];
	if (isLoopback) words.push('loopback');
	else if (!isMulticast) words.push('no multicast');
	return `${name} (${addresses}; ${words.join(', ')})`;
}

function scopeNumber(addresses: readonly { readonly scopeid?: number }[]): number | undefined {
	return addresses.find((address) => (address.scopeid ?? 0) > 0)?.scopeid;
}

/** Names from /proc, which also has interfaces without an address; empty on other systems. */
function kernelNames(): string[] {
	try {
		const lines = readFileSync('/proc/net/dev', 'utf8').split('\n').slice(2);
		return lines.map((line) => line.split(':')[0].trim()).filter((name) => name !== '');
	} catch {
		return [];
	}
}

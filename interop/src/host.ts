import { readFileSync } from 'node:fs';
import { type HeldNamespace, runInside } from './namespace.ts';

/** One host of a topology. */
export interface Host {
	readonly index: number;
	readonly ipv4: string;
	readonly ipv6: string;
	/** The UID that UFTP takes from the address unless told otherwise, as `-H` wants it: "0x0A630002". */
	readonly uid: string;
	/** Name of the other end of its cable, in the hub. */
	readonly port: string;
	readonly namespace: HeldNamespace;
	readonly hub: HeldNamespace;
	/** Drops that share of what arrives at this host, each packet by itself; 0 to 100. */
	setLossPercent(percent: number): void;
	cut(): void;
	mend(): void;
	/** Bytes that left this host's interface, Ethernet headers included. */
	transmittedBytes(): number;
	/** Datagrams that this host's sockets had no room for. */
	receiveBufferErrors(): number;
	/** Largest receive and send buffer of any UDP socket on this host, as the kernel accounts them; 0 if there is none. */
	socketBufferBytes(): { readonly receive: number; readonly send: number };
}

/** Where a host stands: its number, its addresses, and the name of its port in the hub. */
export interface HostPlace {
	readonly index: number;
	readonly ipv4: string;
	readonly ipv6: string;
	readonly port: string;
}

/** A host whose interface and addresses are there already. */
export function makeHost(place: HostPlace, namespace: HeldNamespace, hub: HeldNamespace): Host {
	const { port } = place;
	return {
		...place,
		uid: `0x${place.ipv4
			.split('.')
			.map((byte) => hex(Number(byte)))
			.join('')}`,
		namespace,
		hub,
		setLossPercent(percent) {
			const share = Math.round(percent * 100);
			const rule = `nft add rule inet faults ingress iifname eth0 numgen random mod 10000 '<' ${share} drop`;
			runInside(namespace, `nft flush chain inet faults ingress\n${share > 0 ? rule : ''}\n`);
		},
		cut: () => void runInside(hub, `ip link set ${port} down`),
		mend: () => void runInside(hub, `ip link set ${port} up`),
		transmittedBytes: () => transmittedBytes(namespace.pid),
		receiveBufferErrors: () => receiveBufferErrors(namespace.pid),
		socketBufferBytes() {
			const said = runInside(namespace, 'ss -H -u -a -n -m');
			const largest = (field: string): number =>
				Math.max(0, ...[...said.matchAll(new RegExp(`[(,]${field}(\\d+)`, 'g'))].map(([, digits]) => Number(digits)));
			return { receive: largest('rb'), send: largest('tb') };
		},
	};
}

function transmittedBytes(pid: number): number {
	const line = readFileSync(`/proc/${pid}/net/dev`, 'utf8')
		.split('\n')
		.find((text) => text.includes('eth0:'));
	// After the name come eight counters of what was received, then the bytes sent.
	return Number(line?.split(':')[1]?.trim().split(/\s+/)[8] ?? 0);
}

function receiveBufferErrors(pid: number): number {
	const rows = readFileSync(`/proc/${pid}/net/snmp`, 'utf8')
		.split('\n')
		.filter((text) => text.startsWith('Udp:'));
	const column = rows[0]?.split(' ').indexOf('RcvbufErrors') ?? -1;
	return column < 0 ? 0 : Number(rows[1]?.split(' ')[column] ?? 0);
}

function hex(byte: number): string {
	return byte.toString(16).toUpperCase().padStart(2, '0');
}

/** Shell lines that make the place for rules that drop what arrives. */
export const faultsScript: readonly string[] = [
	'nft add table inet faults',
	"nft 'add chain inet faults ingress { type filter hook prerouting priority -300; }'",
];

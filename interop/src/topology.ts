import { readFileSync } from 'node:fs';
import { type HeldNamespace, holdHost, holdHub, runInside } from './namespace.ts';

/**
 * One private Ethernet: a bridge without multicast snooping and N hosts on it, each a network namespace with one
 * veth, MTU 1500. Loss is made by nftables where a host receives (there is no netem in every kernel), an outage by
 * taking the host's port on the bridge down, as pulling a cable does.
 */

export interface TopologyOptions {
	/** How many hosts. Host 0 is the sender's by habit. */
	readonly hosts: number;
	/** No super-packets on the links, so that one drop is one datagram. Default false. */
	readonly segmented?: boolean;
}

/** One host of a topology. */
export interface Host {
	readonly index: number;
	/** 10.99.0.<index + 1> */
	readonly ipv4: string;
	/** fd99::<index + 1> */
	readonly ipv6: string;
	/** The UID that UFTP takes from the address unless told otherwise, as `-H` wants it: "0x0A630002". */
	readonly uid: string;
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

/** A bridge with its hosts, until `close`. */
export interface Topology {
	readonly hosts: readonly Host[];
	close(): void;
}

/** Makes a topology. Throws a sentence where the kernel or the user's rights do not allow it. */
export async function createTopology(options: TopologyOptions): Promise<Topology> {
	const held: HeldNamespace[] = [];
	const close = (): void => {
		for (const namespace of held.reverse()) namespace.release();
	};
	try {
		const hub = await holdHub();
		held.push(hub);
		const namespaces = await Promise.all(Array.from({ length: options.hosts }, () => holdHost(hub)));
		held.push(...namespaces);
		runInside(hub, bridgeScript(namespaces, options.segmented === true));
		namespaces.map((namespace, index) => runInside(namespace, hostScript(index, options.segmented === true)));
		return { hosts: namespaces.map((namespace, index) => makeHost(index, namespace, hub)), close };
	} catch (error) {
		close();
		throw error;
	}
}

function bridgeScript(namespaces: readonly HeldNamespace[], segmented: boolean): string {
	const lines = ['ip link set lo up', 'ip link add uplink type bridge mcast_snooping 0', 'ip link set uplink up'];
	for (const [index, { pid }] of namespaces.entries()) {
		lines.push(`ip link add name port${index} mtu 1500 type veth peer name eth0 mtu 1500 netns ${pid}`);
		lines.push(`ip link set dev port${index} master uplink ${segmented ? 'gso_max_segs 1' : ''} up`);
	}
	if (segmented) lines.push('ip link set dev uplink gso_max_segs 1');
	return lines.join('\n');
}

function hostScript(index: number, segmented: boolean): string {
	return [
		'ip link set lo up',
		// Duplicate detection would keep the link-local address unusable for a second or two.
		'echo 0 >/proc/sys/net/ipv6/conf/eth0/accept_dad || true',
		`ip link set dev eth0 ${segmented ? 'gso_max_segs 1' : ''} up`,
		`ip address add 10.99.0.${index + 1}/24 dev eth0`,
		`ip address add fd99::${index + 1}/64 dev eth0 nodad`,
		'ip route add default dev eth0',
		'nft add table inet faults',
		"nft 'add chain inet faults ingress { type filter hook prerouting priority -300; }'",
	].join('\n');
}

function makeHost(index: number, namespace: HeldNamespace, hub: HeldNamespace): Host {
	const port = `port${index}`;
	return {
		index,
		ipv4: `10.99.0.${index + 1}`,
		ipv6: `fd99::${index + 1}`,
		uid: `0x0A6300${(index + 1).toString(16).toUpperCase().padStart(2, '0')}`,
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

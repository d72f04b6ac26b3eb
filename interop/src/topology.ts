import { faultsScript, type Host, type HostPlace, makeHost } from './host.ts';
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
		return { hosts: namespaces.map((namespace, index) => makeHost(placeOf(index), namespace, hub)), close };
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
		...faultsScript,
	].join('\n');
}

function placeOf(index: number): HostPlace {
	return { index, ipv4: `10.99.0.${index + 1}`, ipv6: `fd99::${index + 1}`, port: `port${index}` };
}

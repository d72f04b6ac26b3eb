import { faultsScript, type Host, makeHost } from '../host.ts';
import { type HeldNamespace, holdHost, holdHub, runInside } from '../namespace.ts';
import { Router, type RouterOptions, routesTo, wide } from './router.ts';

/**
 * Several Ethernets that multicast does not cross: site 0 is the head office, the others are branches. Each has a
 * router to a network between them, on which further hosts may stand that everybody reaches.
 */

export interface SiteOptions extends RouterOptions {
	readonly hosts: number;
}

export interface SitesOptions {
	readonly sites: readonly SiteOptions[];
	/** Hosts on the network between the sites. Default 0. */
	readonly publicHosts?: number;
	/** No super-packets on any link, so that one drop is one datagram. Default false. */
	readonly segmented?: boolean;
}

/** One Ethernet with its hosts and its router. */
export interface Site {
	readonly hosts: readonly Host[];
	readonly router: Router;
}

/** All of them, until `close`. */
export interface Sites {
	readonly sites: readonly Site[];
	readonly publicHosts: readonly Host[];
	close(): void;
}

/** A namespace's end of a link: which Ethernet it is on, and what its interface is called there. */
interface Link {
	readonly bridge: string;
	readonly port: string;
	readonly namespace: HeldNamespace;
	readonly name: 'eth0' | 'wan0';
}

/** Makes the sites. Throws a sentence where the kernel or the user's rights do not allow it. */
export async function createSites(options: SitesOptions): Promise<Sites> {
	const held: HeldNamespace[] = [];
	const close = (): void => {
		for (const namespace of held.reverse()) namespace.release();
	};
	try {
		const hub = await holdHub();
		held.push(hub);
		const hold = async (count: number): Promise<HeldNamespace[]> => {
			const namespaces = await Promise.all(Array.from({ length: count }, () => holdHost(hub)));
			held.push(...namespaces);
			return namespaces;
		};
		const routers = await hold(options.sites.length);
		const publicOnes = await hold(options.publicHosts ?? 0);
		const hosts: HeldNamespace[][] = [];
		for (const site of options.sites) hosts.push(await hold(site.hosts));
		runInside(hub, cables(linksOf(routers, publicOnes, hosts), options.segmented === true));
		return { ...furnish(options, hub, routers, publicOnes, hosts), close };
	} catch (error) {
		close();
		throw error;
	}
}

function linksOf(routers: HeldNamespace[], publicOnes: HeldNamespace[], hosts: HeldNamespace[][]): Link[] {
	return [
		...routers.map((namespace, s): Link => ({ bridge: 'between', port: `w${s}`, namespace, name: 'wan0' })),
		...routers.map((namespace, s): Link => ({ bridge: `site${s}`, port: `r${s}`, namespace, name: 'eth0' })),
		...publicOnes.map((namespace, i): Link => ({ bridge: 'between', port: `p${i}`, namespace, name: 'eth0' })),
		...hosts.flatMap((ofSite, s) =>
			ofSite.map((namespace, i): Link => ({ bridge: `site${s}`, port: `h${s}x${i}`, namespace, name: 'eth0' })),
		),
	];
}

function cables(links: readonly Link[], segmented: boolean): string {
	const whole = segmented ? 'gso_max_segs 1' : '';
	const lines = ['ip link set lo up'];
	for (const bridge of new Set(links.map((link) => link.bridge))) {
		lines.push(`ip link add ${bridge} type bridge mcast_snooping 0`, `ip link set dev ${bridge} ${whole} up`);
	}
	for (const { bridge, port, namespace, name } of links) {
		lines.push(`ip link add name ${port} mtu 1500 type veth peer name ${name} mtu 1500 netns ${namespace.pid}`);
		lines.push(`ip link set dev ${port} master ${bridge} ${whole} up`);
	}
	return lines.join('\n');
}

function furnish(
	options: SitesOptions,
	hub: HeldNamespace,
	routers: HeldNamespace[],
	publicOnes: HeldNamespace[],
	hosts: HeldNamespace[][],
): Omit<Sites, 'close'> {
	const whole = options.segmented === true ? 'gso_max_segs 1' : '';
	const openSites = options.sites.flatMap(({ nat }, site) => (nat === true ? [] : [site]));
	const enter = (namespace: HeldNamespace, place: Parameters<typeof makeHost>[0], ways: readonly string[]): Host => {
		runInside(namespace, hostScript(place.ipv4, place.ipv6, whole, ways));
		return makeHost(place, namespace, hub);
	};
	const sites = hosts.map((ofSite, s): Site => {
		const namespace = routers[s];
		const site = options.sites[s];
		if (namespace === undefined || site === undefined) throw new RangeError(`site ${s} has no router`);
		if (whole !== '')
			runInside(namespace, ['eth0', 'wan0'].map((name) => `ip link set dev ${name} ${whole}`).join('\n'));
		const router = new Router(s, site, namespace, openSites);
		const ways = [`ip route add default via ${wide.inner4(s)}`, `ip -6 route add default via ${wide.inner6(s)}`];
		return {
			router,
			hosts: ofSite.map((each, i) => {
				const [ipv4, ipv6] = [`10.99.${s}.${i + 1}`, `fd99:0:0:${s}::${i + 1}`];
				return enter(each, { index: i, ipv4, ipv6, port: `h${s}x${i}` }, ways);
			}),
		};
	});
	const publicHosts = publicOnes.map((each, i) =>
		enter(each, { index: i, ipv4: wide.host4(i), ipv6: wide.host6(i), port: `p${i}` }, routesTo(openSites)),
	);
	return { sites, publicHosts };
}

function hostScript(ipv4: string, ipv6: string, whole: string, ways: readonly string[]): string {
	return [
		'ip link set lo up',
		// Duplicate detection would keep the link-local address unusable for a second or two.
		'echo 0 >/proc/sys/net/ipv6/conf/eth0/accept_dad || true',
		`ip link set dev eth0 ${whole} up`,
		`ip address add ${ipv4}/24 dev eth0`,
		`ip address add ${ipv6}/64 dev eth0 nodad`,
		'ip route add 224.0.0.0/4 dev eth0',
		...ways,
		...faultsScript,
	].join('\n');
}

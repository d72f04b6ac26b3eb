import type { HeldNamespace } from '../namespace.ts';
import { runInside } from '../namespace.ts';

/** What a site's router does besides forwarding. */
export interface RouterOptions {
	/** Hides the site behind the router's own address, with ports that are not the senders'. */
	readonly nat?: boolean;
	/** Lets in only what answers something that went out. */
	readonly firewall?: boolean;
}

/** The network between the sites, and how a router takes part in it. */
export const wide = {
	/** Address of the router of site `site`; `epoch` counts its reconnections. */
	ipv4: (site: number, epoch = 0): string => `198.18.0.${1 + site + 20 * epoch}`,
	ipv6: (site: number): string => `fd98::${1 + site}`,
	lan4: (site: number): string => `10.99.${site}.0/24`,
	lan6: (site: number): string => `fd99:0:0:${site}::/64`,
	inner4: (site: number): string => `10.99.${site}.254`,
	inner6: (site: number): string => `fd99:0:0:${site}::fe`,
	/** Host number `index` of the network between the sites. */
	host4: (index: number): string => `198.18.0.${101 + index}`,
	host6: (index: number): string => `fd98::${101 + index}`,
} as const;

/** Ports of a NAT's outer side: a thousand for each time that it connects. */
const firstOuterPort = 20_000;

/** Forwards between one site (eth0) and the network between the sites (wan0). Never forwards multicast. */
export class Router {
	readonly site: number;
	readonly options: RouterOptions;
	readonly #namespace: HeldNamespace;
	readonly #routes: readonly string[];
	#epoch = 0;

	/** @param openSites the sites that can be reached by their own addresses, as every router knows them. */
	constructor(site: number, options: RouterOptions, namespace: HeldNamespace, openSites: readonly number[]) {
		this.site = site;
		this.options = options;
		this.#namespace = namespace;
		this.#routes = routesTo(openSites.filter((other) => other !== site));
		runInside(namespace, this.#startScript());
	}

	/** The address under which the network between the sites knows it now. */
	get ipv4(): string {
		return wide.ipv4(this.site, this.#epoch);
	}

	/** Drops that share of what passes in either direction, each packet by itself; 0 to 100. */
	setLossPercent(percent: number): void {
		const share = Math.round(percent * 100);
		const rules = ['wan0', 'eth0'].map(
			(from) => `nft add rule inet faults forward iifname ${from} numgen random mod 10000 '<' ${share} drop`,
		);
		runInside(this.#namespace, ['nft flush chain inet faults forward', ...(share > 0 ? rules : [])].join('\n'));
	}

	/**
	 * Connects anew, as a line does that is given another address every night: all mappings of the NAT are forgotten,
	 * the outer address and the outer ports are others.
	 */
	reconnect(): void {
		const before = this.ipv4;
		this.#epoch++;
		const lines: string[] = [];
		// In one transaction: whatever passed without a rule would go on to pass as it is.
		if (this.options.nat === true) {
			const rules = this.#hidingRules().map((rule) => rule.replace(/^nft /, ''));
			lines.push(["nft -f - <<'END'", 'flush chain inet hiding out', ...rules, 'END'].join('\n'));
		}
		lines.push(`ip address del ${before}/24 dev wan0`, `ip address add ${this.ipv4}/24 dev wan0`, ...this.#routes);
		runInside(this.#namespace, lines.join('\n'));
	}

	/** Takes the line to the network between the sites down, or up again. */
	setLine(state: 'up' | 'down'): void {
		const lines = [`ip link set wan0 ${state}`, ...(state === 'up' ? this.#routes : [])];
		runInside(this.#namespace, lines.join('\n'));
	}

	#startScript(): string {
		const { site, options } = this;
		const lines = [
			'ip link set lo up',
			// Duplicate detection would keep the link-local addresses unusable for a second or two.
			'echo 0 >/proc/sys/net/ipv6/conf/eth0/accept_dad || true',
			'echo 0 >/proc/sys/net/ipv6/conf/wan0/accept_dad || true',
			'echo 1 >/proc/sys/net/ipv4/ip_forward',
			'echo 1 >/proc/sys/net/ipv6/conf/all/forwarding',
			`ip address add ${wide.inner4(site)}/24 dev eth0`,
			`ip address add ${wide.inner6(site)}/64 dev eth0 nodad`,
			`ip address add ${wide.ipv4(site)}/24 dev wan0`,
			`ip address add ${wide.ipv6(site)}/64 dev wan0 nodad`,
			'ip link set eth0 up',
			'ip link set wan0 up',
			...this.#routes,
			'nft add table inet faults',
			"nft 'add chain inet faults forward { type filter hook forward priority 10; }'",
		];
		if (options.nat === true) {
			lines.push(
				'nft add table inet hiding',
				"nft 'add chain inet hiding out { type nat hook postrouting priority 100; }'",
				...this.#hidingRules(),
			);
		}
		if (options.nat === true || options.firewall === true) {
			lines.push(
				'nft add table inet wall',
				"nft 'add chain inet wall forward { type filter hook forward priority 0; }'",
				'nft add rule inet wall forward ct state established,related accept',
				'nft add rule inet wall forward iifname wan0 counter drop',
			);
		}
		return lines.join('\n');
	}

	#hidingRules(): string[] {
		const first = firstOuterPort + 1000 * this.#epoch;
		const ports = `meta l4proto udp masquerade to :${first}-${first + 999} random`;
		return [
			`nft add rule inet hiding out oifname wan0 ${ports}`,
			'nft add rule inet hiding out oifname wan0 masquerade',
		];
	}
}

/** Shell lines for the routes to those sites, by their routers' addresses on the network between the sites. */
export function routesTo(sites: readonly number[]): string[] {
	return sites.flatMap((site) => [
		`ip route replace ${wide.lan4(site)} via ${wide.ipv4(site)}`,
		`ip -6 route replace ${wide.lan6(site)} via ${wide.ipv6(site)}`,
	]);
}

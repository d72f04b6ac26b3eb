import type { Host } from '../host.ts';
import { branchesOf, type ProxyScenario } from './proxy-scenario.ts';
import { createSites, type SiteOptions, type Sites } from './sites.ts';

/** One receiver: its host, and what stands between it and the sender. */
export interface PlacedReceiver {
	readonly host: Host;
	/** Which branch, or which response proxy; undefined for one that answers the sender itself. */
	readonly branch: number | undefined;
}

/** Which host has which part in a scenario. */
export interface Placement {
	readonly sites: Sites;
	readonly senders: readonly Host[];
	/** One for each branch, or one for all (one to many). */
	readonly serverProxies: readonly Host[];
	/** Those on public addresses (two NATs), one for each branch. */
	readonly publicProxies: readonly Host[];
	readonly clientProxies: readonly Host[];
	readonly responseProxies: readonly Host[];
	readonly receivers: readonly PlacedReceiver[];
}

/** Makes the sites for a scenario and gives every part a host. */
export async function place(scenario: ProxyScenario): Promise<Placement> {
	const { way, sessions = 1, directReceivers = 0 } = scenario;
	const branches = branchesOf(scenario);
	const proxies = way === 'one to many' ? 1 : branches.length;
	const local = way === 'response' ? branches.reduce((sum, { receivers }) => sum + receivers, 0) : 0;
	const remote: SiteOptions[] =
		way === 'response' ? [] : branches.map(({ receivers, ...router }) => ({ ...router, hosts: 1 + receivers }));
	const sites = await createSites({
		sites: [{ hosts: sessions + proxies + directReceivers + local, nat: way === 'two nats' }, ...remote],
		publicHosts: way === 'two nats' ? branches.length : 0,
		segmented: scenario.lossPercent !== undefined,
	});
	const office = [...(sites.sites[0]?.hosts ?? [])];
	const senders = office.splice(0, sessions);
	const proxyHosts = office.splice(0, proxies);
	const direct = office.splice(0, directReceivers).map((host): PlacedReceiver => ({ host, branch: undefined }));
	const behind = branches.flatMap(({ receivers }, branch) => {
		const hosts = way === 'response' ? office.splice(0, receivers) : (sites.sites[1 + branch]?.hosts.slice(1) ?? []);
		return hosts.map((host): PlacedReceiver => ({ host, branch }));
	});
	return {
		sites,
		senders,
		serverProxies: way === 'response' ? [] : proxyHosts,
		publicProxies: sites.publicHosts,
		clientProxies: sites.sites.slice(1).flatMap(({ hosts }) => hosts.slice(0, 1)),
		responseProxies: way === 'response' ? proxyHosts : [],
		receivers: [...direct, ...behind],
	};
}

/** Makes the losses that a scenario wants. */
export function lose(placement: Placement, { way, lossPercent }: ProxyScenario): void {
	for (const { router } of placement.sites.sites.slice(1)) router.setLossPercent(lossPercent?.tunnel ?? 0);
	const percent = lossPercent?.site ?? 0;
	const hosts = placement.receivers.map(({ host }) => host);
	for (const host of way === 'response' ? [...hosts, ...placement.responseProxies] : hosts)
		host.setLossPercent(percent);
}

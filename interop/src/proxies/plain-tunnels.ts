import { tunnel } from './cast.ts';
import type { ProxyScenario } from './proxy-scenario.ts';
import { unhurried } from './suites.ts';

/** Casts by what they show: our proxies between C programs, C proxies between ours, one proxy of each, all ours. */
export const around = { C: tunnel('CooC'), ours: tunnel('oCCo'), all: tunnel('oooo') } as const;
export const mixed = tunnel('CoCC', 'CCoC', 'oCoo', 'ooCo');
/** The other ways to cast four parts, and what the C programs make of it alone. */
const others = tunnel('oCCC', 'CCCo', 'ooCC', 'CCoo', 'Cooo', 'oooC', 'CoCo', 'oCoC');
export const onlyC = tunnel('CCCC');

export const hidden = [{ receivers: 2, nat: true }] as const;
export const twoBranches = [{ receivers: 2 }, { receivers: 1, firewall: false }] as const;

/** Unencrypted sessions through tunnels. */
export const plainTunnels: readonly ProxyScenario[] = [
	{
		name: 'a file reaches a branch through a tunnel',
		way: 'address',
		group: 'closed',
		casts: [...around.C, ...around.ours, ...tunnel('CoCC', 'CCoC'), ...around.all],
		more: [...tunnel('oCoo', 'ooCo'), ...others, ...onlyC],
	},
	{
		name: 'an open group behind a tunnel gets a file',
		way: 'address',
		group: 'open',
		casts: [...around.C, ...around.all],
		more: [...around.ours, ...mixed, ...onlyC],
	},
	{
		name: 'a branch behind a NAT is found by the fingerprint of its heartbeats',
		way: 'fingerprint',
		branches: hidden,
		group: 'closed',
		casts: [...around.C, ...around.ours, ...tunnel('CoCC', 'CCoC'), ...around.all],
		more: [...tunnel('oCoo', 'ooCo'), ...onlyC],
	},
	{
		name: 'two branches behind firewalls are found by fingerprints, each by a server proxy of its own',
		way: 'fingerprint',
		branches: [
			{ receivers: 1, firewall: true },
			{ receivers: 1, firewall: true },
		],
		group: 'closed',
		casts: around.all,
		more: [...around.C, ...around.ours, ...onlyC],
	},
	{
		name: 'two NATs are crossed by a second server proxy on a public address',
		way: 'two nats',
		branches: hidden,
		group: 'closed',
		casts: [...around.C, ...around.all],
		more: [...around.ours, ...mixed, ...onlyC],
	},
	{
		name: 'receivers at hand and two branches get a file in one session',
		way: 'address',
		branches: twoBranches,
		directReceivers: 2,
		group: 'closed',
		casts: [...around.C, ...around.all],
		more: [...around.ours, ...mixed, ...onlyC],
	},
	{
		name: 'an open group at hand and in two branches gets a file',
		way: 'address',
		branches: twoBranches,
		directReceivers: 1,
		group: 'open',
		casts: around.all,
		more: [...around.C, ...around.ours, ...onlyC],
	},
	{
		name: 'a file arrives though 3 % are lost between the sites and 3 % in the branch',
		way: 'address',
		group: 'closed',
		lossPercent: { tunnel: 3, site: 3 },
		casts: [...around.C, ...around.ours, ...around.all],
		more: [...mixed, ...onlyC],
	},
	{
		name: 'a file arrives though 3 % are lost between the sites',
		way: 'address',
		group: 'closed',
		lossPercent: { tunnel: 3 },
		casts: [],
		more: [...around.C, ...around.ours, ...mixed, ...around.all, ...onlyC],
	},
	{
		name: 'a file arrives though 3 % are lost in the branch',
		way: 'address',
		group: 'closed',
		lossPercent: { site: 3 },
		casts: [],
		more: [...around.C, ...around.ours, ...mixed, ...around.all, ...onlyC],
	},
	{
		name: 'a file reaches a branch over IPv6',
		way: 'address',
		family: 6,
		group: 'closed',
		casts: [...around.C, ...around.all],
		more: [...around.ours, ...mixed, ...onlyC],
	},
	{
		name: 'a branch gets a file in groups of one source (232/8)',
		way: 'address',
		sourceSpecific: true,
		group: 'closed',
		casts: [...around.C, ...around.all],
		more: [...around.ours, ...mixed, ...onlyC],
	},
	{
		name: 'three sessions at once go through one tunnel',
		way: 'address',
		sessions: 3,
		senderOptions: unhurried,
		group: 'closed',
		casts: [...around.C, ...around.all],
		more: [...around.ours, ...mixed, ...onlyC],
	},
	{
		name: 'one server proxy serves three branches',
		way: 'one to many',
		branches: [{ receivers: 1 }, { receivers: 1 }, { receivers: 1 }],
		group: 'closed',
		casts: [...tunnel('CoCC'), ...around.all],
		more: tunnel('CooC', 'ooCo', 'oooC'),
	},
	{
		name: 'a file reaches a branch under congestion control (-C tfmcc)',
		way: 'address',
		group: 'closed',
		senderOptions: ['-C', 'tfmcc:max=60000'],
		casts: [...around.C, ...around.all],
		more: [...around.ours, ...tunnel('CCoC', 'ooCo', 'CCCo')],
		timeoutSeconds: 90,
	},
	{
		name: 'a file reaches a branch under congestion control though 3 % are lost on both hops',
		way: 'address',
		group: 'closed',
		fileBytes: 1_200_000,
		senderOptions: ['-C', 'tfmcc:max=60000'],
		lossPercent: { tunnel: 3, site: 3 },
		casts: [],
		more: [...around.C, ...around.ours, ...tunnel('CCoC', 'ooCo'), ...around.all],
		timeoutSeconds: 90,
	},
];

import { response, tunnel } from './cast.ts';
import { around, hidden } from './plain-tunnels.ts';
import type { Disturbance, ProxyScenario } from './proxy-scenario.ts';
import { suites } from './suites.ts';

/** Slow enough for something to happen midway, and round trips long enough to stand a second of silence. */
const patient = ['-R', '8000', '-r', '0.15:0.15:0.5'];
const midway = (kill: 'serverProxy' | 'clientProxy' | 'responseProxy'): Disturbance => ({
	afterShare: 0.4,
	do: { kill },
});

/** Sessions in which a line gets another address, or a proxy is killed. */
export const disturbedProxies: readonly ProxyScenario[] = [
	{
		name: 'a branch whose NAT gets another address and other ports in mid-session gets its file',
		way: 'fingerprint',
		branches: hidden,
		group: 'closed',
		senderOptions: patient,
		disturbance: { afterShare: 0.5, do: 'reconnect' },
		casts: around.all,
		more: [...around.C, ...around.ours],
	},
	{
		name: 'an encrypted session stands another address of the branch in its middle',
		way: 'fingerprint',
		branches: hidden,
		group: 'closed',
		suite: suites.ecdsaGcmKnown,
		senderOptions: patient,
		disturbance: { afterShare: 0.5, do: 'reconnect' },
		casts: [],
		more: [...around.C, ...around.all],
	},
	{
		name: 'a session whose server proxy is killed ends clearly for everybody, and well for receivers at hand',
		way: 'address',
		directReceivers: 1,
		group: 'closed',
		disturbance: midway('serverProxy'),
		expect: 'outcome',
		casts: tunnel('CooC', 'oooC'),
		more: [...tunnel('CoCC', 'ooCo'), ...around.all],
	},
	{
		name: 'a session whose client proxy is killed ends clearly for everybody, and well for receivers at hand',
		way: 'address',
		directReceivers: 1,
		group: 'closed',
		disturbance: midway('clientProxy'),
		expect: 'outcome',
		casts: tunnel('CooC', 'oooC'),
		more: [...tunnel('CCoC', 'oCoo'), ...around.all],
	},
	{
		name: 'an encrypted session whose client proxy is killed ends clearly for everybody',
		way: 'address',
		directReceivers: 1,
		group: 'closed',
		suite: suites.ecdsaGcmKnown,
		disturbance: midway('clientProxy'),
		expect: 'outcome',
		casts: [],
		more: [...around.C, ...around.all],
	},
	{
		name: 'a session whose response proxy is killed ends clearly for everybody, and well for receivers without one',
		way: 'response',
		directReceivers: 1,
		group: 'closed',
		disturbance: midway('responseProxy'),
		expect: 'outcome',
		casts: response('CoC', 'ooC'),
		more: response('Coo', 'ooo'),
	},
	{
		name: 'an encrypted session whose response proxy is killed ends clearly for everybody',
		way: 'response',
		directReceivers: 1,
		group: 'closed',
		suite: suites.rsaHmac,
		disturbance: midway('responseProxy'),
		expect: 'outcome',
		casts: [],
		more: response('ooo', 'CoC'),
	},
];

import { response } from './cast.ts';
import type { ProxyScenario } from './proxy-scenario.ts';
import { signedRate, suites, unhurried } from './suites.ts';

const around = { C: response('CoC'), ours: response('oCo'), all: response('ooo') } as const;
const mixed = response('oCC', 'CCo', 'Coo', 'ooC');
const onlyC = response('CCC');
const closed = { way: 'response', group: 'closed' } as const;
const twoProxies = [{ receivers: 2 }, { receivers: 2 }] as const;

/** Sessions whose receivers answer to response proxies. */
export const responses: readonly ProxyScenario[] = [
	{
		...closed,
		name: 'a response proxy gathers what receivers answer',
		casts: [...around.C, ...around.ours, ...around.all],
		more: [...mixed, ...onlyC],
	},
	{
		...closed,
		name: 'a response proxy gathers what an open group answers',
		group: 'open',
		casts: around.all,
		more: [...around.C, ...around.ours, ...mixed, ...onlyC],
	},
	{
		...closed,
		name: 'two response proxies have receivers of their own, and one receiver has none',
		branches: twoProxies,
		directReceivers: 1,
		casts: [...around.C, ...around.all],
		more: [...around.ours, ...mixed, ...onlyC],
	},
	{
		...closed,
		name: 'a response proxy gathers what is missing where 3 % are lost',
		lossPercent: { site: 3 },
		casts: [...around.C, ...around.all],
		more: [...around.ours, ...mixed, ...onlyC],
	},
	{
		...closed,
		name: 'a response proxy gathers answers over IPv6',
		family: 6,
		casts: [],
		more: [...around.C, ...around.ours, ...mixed, ...around.all, ...onlyC],
	},
	{
		...closed,
		name: 'a response proxy gathers answers in groups of one source (232/8)',
		sourceSpecific: true,
		casts: [],
		more: [...around.C, ...around.ours, ...mixed, ...around.all, ...onlyC],
	},
	{
		...closed,
		name: 'three sessions at once have one response proxy',
		sessions: 3,
		senderOptions: unhurried,
		casts: [],
		more: [...around.C, ...around.ours, ...around.all, ...onlyC],
	},
	{
		...closed,
		name: 'a response proxy passes what congestion control needs (-C tfmcc)',
		senderOptions: ['-C', 'tfmcc:max=60000'],
		casts: around.all,
		more: [...around.C, ...around.ours, ...response('ooC', 'CCo')],
		timeoutSeconds: 90,
	},
	{
		...closed,
		name: 'receivers take their keys from a response proxy (RSA, AES-256-CBC, HMAC)',
		suite: suites.rsaHmac,
		casts: [...around.C, ...around.ours],
		more: [...mixed, ...around.all, ...onlyC],
	},
	{
		...closed,
		name: 'receivers prove who they are to a response proxy (ECDH, ECDSA, AES-256-GCM)',
		suite: suites.ecdsaGcmKnown,
		casts: [...around.C, ...around.ours, ...around.all],
		more: [...mixed, ...onlyC],
	},
	{
		...closed,
		name: 'an open group takes its keys from a response proxy (ECDH, ECDSA, AES-256-GCM)',
		group: 'open',
		suite: suites.ecdsaGcm,
		casts: [],
		more: [...around.C, ...around.ours, ...mixed, ...around.all, ...onlyC],
	},
	{
		...closed,
		name: 'a response proxy signs packets itself (RSA)',
		suite: suites.rsaSigned,
		senderOptions: signedRate,
		casts: around.C,
		more: [...around.ours, ...mixed, ...around.all, ...onlyC],
	},
	{
		...closed,
		name: 'a response proxy signs packets itself (ECDSA)',
		suite: suites.ecdsaSigned,
		senderOptions: signedRate,
		casts: around.all,
		more: [...around.C, ...around.ours, ...mixed, ...onlyC],
	},
	{
		...closed,
		name: 'a response proxy of ours agrees on ECDH keys signed by RSA',
		suite: suites.ecdhRsaCcm,
		casts: around.C,
		more: [...around.all, ...response('Coo', 'ooC')],
	},
	{
		...closed,
		name: 'a response proxy of ours agrees on keys of another curve than those that sign',
		suite: suites.otherCurve,
		casts: [],
		more: [...around.C, ...around.all, ...response('Coo', 'ooC')],
	},
	{
		...closed,
		name: 'two response proxies and a receiver without one share an encrypted session',
		branches: twoProxies,
		directReceivers: 1,
		suite: suites.ecdsaGcmKnown,
		casts: [],
		more: [...around.C, ...around.ours, ...mixed, ...around.all, ...onlyC],
	},
	{
		...closed,
		name: 'an encrypted session with a response proxy stands 3 % of losses',
		suite: suites.rsaHmac,
		lossPercent: { site: 3 },
		casts: [],
		more: [...around.C, ...around.ours, ...mixed, ...around.all, ...onlyC],
	},
	{
		...closed,
		name: 'lists of senders name keys, in groups of one source, with a response proxy',
		sourceSpecific: true,
		suite: suites.ecdsaGcmKnown,
		casts: [],
		more: [...around.C, ...around.ours, ...mixed, ...around.all, ...onlyC],
	},
];

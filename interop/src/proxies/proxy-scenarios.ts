import { disturbedProxies } from './disturbed-proxies.ts';
import { encryptedTunnels } from './encrypted-tunnels.ts';
import { plainTunnels } from './plain-tunnels.ts';
import type { ProxyScenario } from './proxy-scenario.ts';
import { responses } from './responses.ts';

/** Every session through proxies that is tried. */
export const proxyScenarios: readonly ProxyScenario[] = [
	...plainTunnels,
	...encryptedTunnels,
	...responses,
	...disturbedProxies,
];

/** What 4.10.2 cannot do, so that no cast above shows it. */
export const impossibleProxies: readonly { readonly what: string; readonly why: string }[] = [
	{
		what: 'congestion control with C receivers behind C proxies that gather',
		why: 'the proxy merges the extension of their STATUS into the bitmap: they ask for blocks that they have, for ever',
	},
	{
		what: 'encrypted congestion control from a C sender through any proxy',
		why: 'the sender crashes on the first forwarded CC_ACK (SIGSEGV)',
	},
	{
		what: 'proofs of receivers or proxies (-c, -w keyex) to a C sender over a lossy way',
		why: 'where REGISTER is lost its CLIENT_KEY comes first, and the sender crashes (SIGSEGV)',
	},
	{
		what: 'a C response proxy with ECDH signed by RSA, or with another curve than that of the keys that sign',
		why: 'it compares its ECDH key with the sender\'s signing key and gives up: "Proxy ECDH key not compatible"',
	},
	{
		what: 'a C client or response proxy that always gives every receiver its key where packets are lost',
		why: 'C alone loses a receiver in every sixth session at 3 % on both hops, so these rows may be repeated',
	},
	{ what: 'one C server proxy for several branches', why: 'it takes one -s' },
];

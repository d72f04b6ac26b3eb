import type { Suite } from '../encryption-table.ts';
import { type Cast, type Part, responseParts, tunnelParts } from './cast.ts';
import type { RouterOptions } from './router.ts';

/** How packets get to a branch and answers back. */
export type Way =
	/** One server proxy per branch is told the address of the branch's client proxy. */
	| 'address'
	/** It is told the fingerprint instead, and learns the address from an authenticated heartbeat. */
	| 'fingerprint'
	/** The head office has a NAT as well: its server proxy sends to a second one on a public address. */
	| 'two nats'
	/** One server proxy sends to all branches, by address (`-s` several times: ours only). */
	| 'one to many'
	/** Everybody is on one Ethernet, and receivers answer to a response proxy. */
	| 'response';

/** A site that multicast does not reach, with a client proxy and receivers. */
export interface Branch extends RouterOptions {
	readonly receivers: number;
}

/** Something that happens once the sender's interface has sent this share of the file. */
export interface Disturbance {
	readonly afterShare: number;
	/** `kill` is SIGKILL to a proxy; `reconnect` gives branch 0 another address and other ports. */
	readonly do: { readonly kill: 'serverProxy' | 'clientProxy' | 'responseProxy' } | 'reconnect';
}

/** One row of the table. */
export interface ProxyScenario {
	/** A sentence about behaviour. */
	readonly name: string;
	readonly way: Way;
	/** Default: one branch with two receivers. For `response` the receivers of each response proxy. */
	readonly branches?: readonly Branch[];
	/** Receivers on the sender's Ethernet that answer it themselves. Default 0. */
	readonly directReceivers?: number;
	readonly group: 'open' | 'closed';
	readonly family?: 4 | 6;
	/** Groups in 232/8, joined from one source (`-S` everywhere). */
	readonly sourceSpecific?: boolean;
	/**
	 * Encrypted sessions. Where receivers prove who they are, the lists of a closed group (`-C` of proxies, `-j` of the
	 * sender) name their keys.
	 */
	readonly suite?: Suite;
	readonly fileBytes?: number;
	readonly senderOptions?: readonly string[];
	/** Share that is lost between the sites (both ways), and where receivers and client proxies hear their site. */
	readonly lossPercent?: { readonly tunnel?: number; readonly site?: number };
	/** Sessions at once, each by a sender of its own. Default 1. */
	readonly sessions?: number;
	readonly heartbeatSeconds?: number;
	readonly disturbance?: Disturbance;
	/**
	 * `complete`: every receiver has every file and both ends say so (default). `outcome`: every receiver has said how
	 * the session ended for it, so has the sender, and they agree.
	 */
	readonly expect?: 'complete' | 'outcome';
	/** Who plays it in the default run, and who besides in the complete one. */
	readonly casts: readonly Cast[];
	readonly more?: readonly Cast[];
	readonly timeoutSeconds?: number;
}

/** The parts that a scenario needs, from the sender on. */
export function partsOf({ way }: ProxyScenario): readonly Part[] {
	return way === 'response' ? responseParts : tunnelParts;
}

/** The branches of a scenario. */
export function branchesOf({ branches }: ProxyScenario): readonly Branch[] {
	return branches ?? [{ receivers: 2 }];
}

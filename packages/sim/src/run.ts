import type { NetworkCounters } from './network.ts';
import type { Scenario } from './scenario.ts';
import type { SimulatedProxy } from './simulated-proxy.ts';
import type { SimulatedReceiver } from './simulated-receiver.ts';
import type { SimulatedSender } from './simulated-sender.ts';

/** Everything that a checker may look at. */
export interface Run {
	readonly scenario: Scenario;
	readonly sender: SimulatedSender;
	/** The sender of the second run, and what it sent, in a scenario with a restart. */
	readonly again?: { readonly sender: SimulatedSender; readonly forwardBytes: number } | undefined;
	readonly receivers: readonly SimulatedReceiver[];
	/** The server proxy first, if there is one. */
	readonly proxies: readonly SimulatedProxy[];
	readonly network: NetworkCounters;
	/** Names of the messages that travelled in the clear, of either side. */
	readonly clearFunctions: ReadonlySet<string>;
	/** Virtual milliseconds until the sender's session ended; NaN when it did not. */
	readonly sessionMs: number;
	/** Bytes of the files over the time of the session. */
	readonly goodputBytesPerSecond: number;
	/** Sentences of the checkers; empty when all is well. */
	readonly violations: readonly string[];
}

export interface Checker {
	readonly name: string;
	/** Sentences about what is wrong; empty when all is well. */
	check(run: Omit<Run, 'violations'>): string[];
}

/** Runs one scenario to its end and has the checkers judge it. */
import type { SenderConfig } from '@uftp/protocol';
import { CHECKERS, type Checker } from './checkers/checkers.ts';
import { EventQueue } from './event-queue.ts';
import { Network, type NetworkCounters, SENDER_LAN } from './network.ts';
import { Prng } from './prng.ts';
import { catalogueOf, type Scenario } from './scenario.ts';
import type { SimulatedProxy } from './simulated-proxy.ts';
import type { SimulatedReceiver } from './simulated-receiver.ts';
import { SimulatedSender } from './simulated-sender.ts';
import { NO_PATH, placeProxies, placeReceivers, planDeaths, restartConfig, SENDER, senderConfig } from './stage.ts';

/** What still travels when the session is over is given this long to arrive. */
const AFTERMATH_MS = 200_000;

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

export function run(scenario: Scenario, checkers: readonly Checker[] = CHECKERS): Run {
	const queue = new EventQueue();
	const random = new Prng(scenario.seed);
	const network = new Network(queue, random, scenario.uplink);
	const catalogue = catalogueOf(scenario);
	const files = new Map(catalogue.map((entry, index) => [entry.name, index]));
	const proxies = placeProxies(queue, network, scenario, random);
	const receivers = placeReceivers(queue, network, scenario, random, files);
	planDeaths(queue, scenario, proxies, receivers);
	const newSender = (config: SenderConfig): SimulatedSender => {
		const sender = new SimulatedSender(queue, network, SENDER, config, catalogue);
		network.attach(SENDER.host, SENDER_LAN, NO_PATH, (from, bytes, at, length) =>
			sender.receive(from, bytes, at, length),
		);
		return sender;
	};
	const sender = newSender(senderConfig(scenario));
	scenario.strangers?.(queue, network);
	for (const proxy of proxies) proxy.start();
	const { interruptAtMs } = scenario.restart ?? {};
	if (interruptAtMs !== undefined) queue.at(interruptAtMs, () => sender.abort());
	sender.start();
	while (sender.end === undefined && queue.nextAt <= scenario.limitMs && queue.step());
	let again: Run['again'];
	if (scenario.restart !== undefined && sender.end !== undefined) {
		const beginAt = queue.now + scenario.restart.afterMs;
		while (queue.nextAt <= beginAt && queue.step());
		const sentBefore = network.counters.forwardBytes;
		const current = newSender(restartConfig(scenario, sender.end));
		current.start();
		while (current.end === undefined && queue.nextAt <= scenario.limitMs && queue.step());
		again = { sender: current, forwardBytes: network.counters.forwardBytes - sentBefore };
	}
	const end = queue.now + AFTERMATH_MS;
	while (queue.nextAt <= end && queue.step());
	const sessionMs = sender.endedAt;
	const bytes = scenario.fileBytes.reduce((sum, size) => sum + size, 0);
	const result = {
		scenario,
		sender,
		again,
		receivers,
		proxies,
		network: network.counters,
		clearFunctions: network.clearFunctions,
		sessionMs,
		goodputBytesPerSecond: (bytes / sessionMs) * 1000,
	};
	const violations = checkers.flatMap((checker) => checker.check(result).map((text) => `${checker.name}: ${text}`));
	return { ...result, violations };
}

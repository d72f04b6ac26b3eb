/** Runs one scenario to its end and has the checkers judge it. */
import type { SenderConfig } from '@uftp/protocol';
import { CHECKERS } from './checkers/checkers.ts';
import { EventQueue } from './event-queue.ts';
import { Network, SENDER_LAN } from './network.ts';
import { Prng } from './prng.ts';
import type { Checker, Run } from './run.ts';
import { catalogueOf, type Scenario } from './scenario.ts';
import { SimulatedSender } from './simulated-sender.ts';
import { NO_PATH, placeProxies, placeReceivers, planDeaths, restartConfig, SENDER, senderConfig } from './stage.ts';

/** What still travels when the session is over is given this long to arrive. */
const AFTERMATH_MS = 200_000;

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

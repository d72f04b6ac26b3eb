/** Runs one scenario to its end and has the checkers judge it. */
import type { ReceiverConfig, SenderConfig, SenderEnd } from '@uftp/protocol';
import { CHECKERS, type Checker } from './checkers/checkers.ts';
import { EventQueue } from './event-queue.ts';
import { Network, type NetworkCounters } from './network.ts';
import { Prng } from './prng.ts';
import { catalogueOf, type Scenario } from './scenario.ts';
import { SimulatedReceiver } from './simulated-receiver.ts';
import { SimulatedSender } from './simulated-sender.ts';

const PORT = 1044;
/** What still travels when the session is over is given this long to arrive. */
const AFTERMATH_MS = 200_000;

/** Everything that a checker may look at. */
export interface Run {
	readonly scenario: Scenario;
	readonly sender: SimulatedSender;
	/** The sender of the second run, and what it sent, in a scenario with a restart. */
	readonly again?: { readonly sender: SimulatedSender; readonly forwardBytes: number } | undefined;
	readonly receivers: readonly SimulatedReceiver[];
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
	const sender = new SimulatedSender(queue, network, senderConfig(scenario), catalogue);
	let current = sender;
	const files = new Map(catalogue.map((entry, index) => [entry.name, index]));
	const receivers: SimulatedReceiver[] = [];
	for (let i = 0; i < scenario.receivers; i++) {
		const receiver = new SimulatedReceiver(queue, receiverConfig(scenario, i, random), files);
		const path = {
			...scenario.path,
			cuts: [...scenario.path.cuts, ...(scenario.cuts[i] ?? [])],
			loss: scenario.losses[i] ?? scenario.path.loss,
		};
		receiver.sendBack = network.connect(
			path,
			(bytes, at, length, isMarked) => receiver.receive(bytes, at, length, isMarked),
			(bytes, at, length) => current.receive(hostOf(i), PORT, bytes, at, length),
		);
		receivers.push(receiver);
	}
	const { interruptAtMs } = scenario.restart ?? {};
	if (interruptAtMs !== undefined) queue.at(interruptAtMs, () => sender.abort());
	sender.start();
	while (sender.end === undefined && queue.nextAt <= scenario.limitMs && queue.step());
	let again: Run['again'];
	if (scenario.restart !== undefined && sender.end !== undefined) {
		const beginAt = queue.now + scenario.restart.afterMs;
		while (queue.nextAt <= beginAt && queue.step());
		const sentBefore = network.counters.forwardBytes;
		current = new SimulatedSender(queue, network, restartConfig(scenario, sender.end), catalogue);
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
		network: network.counters,
		clearFunctions: network.clearFunctions,
		sessionMs,
		goodputBytesPerSecond: (bytes / sessionMs) * 1000,
	};
	const violations = checkers.flatMap((checker) => checker.check(result).map((text) => `${checker.name}: ${text}`));
	return { ...result, violations };
}

/** The id of receiver `i`. */
export function receiverId(i: number): number {
	return 0x0a000100 + i;
}

function hostOf(i: number): string {
	return `10.0.${1 + (i >> 8)}.${i & 255}`;
}

function senderConfig(scenario: Scenario): SenderConfig {
	const ids = Array.from({ length: scenario.receivers }, (_, i) => receiverId(i));
	return {
		groupId: 0x5eed0000 + (scenario.seed & 0xffff) + 1,
		groupInstance: 0,
		sourceId: 0x0a000001,
		family: 4,
		publicEndpoint: { host: '230.4.4.1', port: PORT },
		privateEndpoint: { host: '230.5.5.1', port: PORT },
		isUnicast: false,
		blockBytes: scenario.blockBytes,
		robust: scenario.robust,
		grttMs: scenario.grttMs,
		rateBytesPerSecond: scenario.rateBytesPerSecond,
		congestion: scenario.congestion,
		targets: scenario.isClosed ? ids : [],
		proxies: [],
		expected: [],
		openPolicy: 'settled',
		graceMs: scenario.graceMs,
		quitOnError: false,
		burstMax: 64,
		epochMs: 1_700_000_000_000,
		seed: scenario.seed,
		security: scenario.security?.sender,
	};
}

/** The same session once more, for those that it failed. */
function restartConfig(scenario: Scenario, { results }: SenderEnd): SenderConfig {
	const failed = results.filter(({ outcome, filesMissing }) => FAILURES.has(outcome) || filesMissing > 0);
	const targets = failed.map((result) => result.receiverId);
	return { ...senderConfig(scenario), groupInstance: 1, targets };
}

const FAILURES: ReadonlySet<string> = new Set(['mute', 'lost', 'aborted']);

function receiverConfig(scenario: Scenario, i: number, random: Prng): ReceiverConfig {
	return {
		receiverId: receiverId(i),
		instance: [random.uint32(), random.uint32()],
		graceMs: scenario.graceMs,
		sessionsMax: 100,
		bitmapBytesMax: 64 * 1024 * 1024,
		security: (scenario.security?.receiver ?? scenario.receiverSecurity)?.(i),
	};
}

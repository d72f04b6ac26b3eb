/** Puts the programs of a scenario on its networks: the sender, the receivers, and proxies between them. */
import { type Endpoint, PROXY_DEFAULTS, type ReceiverConfig, type SenderConfig, type SenderEnd } from '@uftp/protocol';
import { GatheringProxy, ServerProxy } from '@uftp/protocol/proxies';
import type { EventQueue } from './event-queue.ts';
import { type Network, SENDER_LAN } from './network.ts';
import type { Prng } from './prng.ts';
import { QUIET_PATH, type Scenario } from './scenario.ts';
import { SimulatedProxy } from './simulated-proxy.ts';
import { SimulatedReceiver } from './simulated-receiver.ts';

const PORT = 1044;
const PUBLIC_GROUP = '230.4.4.1';
const PRIVATE_GROUP = '230.5.5.1';

export const SENDER: Endpoint = { host: '10.0.0.1', port: 40000 };
const SERVER_PROXY: Endpoint = { host: '10.0.0.2', port: PORT };
const SERVER_PROXY_ID = 0x0a000002;
/** The sender's line to its own network: what the uplink says is all there is. */
export const NO_PATH = { ...QUIET_PATH, delayMs: 0 };

/** The id of receiver `i`, and of proxy `i`. */
export function receiverId(i: number): number {
	return 0x0a000100 + i;
}

export function proxyId(i: number): number {
	return 0x0b000100 + i;
}

function receiverEndpoint(i: number): Endpoint {
	return { host: `10.0.${1 + (i >> 8)}.${i & 255}`, port: PORT };
}

function proxyEndpoint(i: number): Endpoint {
	return { host: `10.9.${i >> 8}.${i & 255}`, port: PORT };
}

/** The proxies of a scenario, the server proxy first if there is one. */
export function placeProxies(queue: EventQueue, network: Network, scenario: Scenario, random: Prng): SimulatedProxy[] {
	const { proxies, path } = scenario;
	if (proxies === undefined) return [];
	const { kind, count } = proxies;
	const placed: SimulatedProxy[] = [];
	const place = (self: Endpoint, lan: number, line: typeof path, node: GatheringProxy | ServerProxy): void => {
		const proxy = new SimulatedProxy(queue, network, self, node);
		network.attach(self.host, lan, line, (from, bytes, at, length) => proxy.receive(from, bytes, at, length));
		placed.push(proxy);
	};
	const common = (self: Endpoint) => ({
		ownAddresses: [self.host],
		ownPort: self.port,
		instance: [random.uint32(), random.uint32()] as const,
		sessionsMax: PROXY_DEFAULTS.sessionsMax,
		seed: random.uint32(),
	});
	if (kind === 'client') {
		const sites = Array.from({ length: count }, (_, i) => ({ kind: 'address' as const, endpoint: proxyEndpoint(i) }));
		const config = { ...common(SERVER_PROXY), proxyId: SERVER_PROXY_ID, sites, publicGroups: [PUBLIC_GROUP] };
		const { pinholeMs } = PROXY_DEFAULTS;
		place(SERVER_PROXY, SENDER_LAN, QUIET_PATH, new ServerProxy({ ...config, kind: 'server', pinholeMs }, queue.now));
	}
	for (let i = 0; i < count; i++) {
		const self = proxyEndpoint(i);
		const node = new GatheringProxy(
			{
				...common(self),
				kind,
				proxyId: proxyId(i),
				publicGroups: kind === 'response' ? [PUBLIC_GROUP] : [],
				receiverPort: PORT,
				holdPercent: PROXY_DEFAULTS.holdPercent,
				receiversMax: PROXY_DEFAULTS.receiversMax,
				security: scenario.security?.proxy?.(i),
			},
			queue.now,
		);
		place(self, lanOf(scenario, i), path, node);
	}
	return placed;
}

/** The network of proxy `i`, and of the receivers behind it. */
function lanOf({ proxies }: Scenario, i: number): number {
	return proxies?.kind === 'client' ? SENDER_LAN + 1 + i : SENDER_LAN;
}

export function placeReceivers(
	queue: EventQueue,
	network: Network,
	scenario: Scenario,
	random: Prng,
	files: ReadonlyMap<string, number>,
): SimulatedReceiver[] {
	return Array.from({ length: scenario.receivers }, (_, i) => {
		const self = receiverEndpoint(i);
		const receiver = new SimulatedReceiver(queue, network, self, receiverConfig(scenario, i, random), files);
		const path = {
			...scenario.path,
			cuts: [...scenario.path.cuts, ...(scenario.cuts[i] ?? [])],
			loss: scenario.losses[i] ?? scenario.path.loss,
		};
		const lan = scenario.proxies === undefined ? SENDER_LAN : lanOf(scenario, i % scenario.proxies.count);
		network.attach(self.host, lan, path, (from, bytes, at, length, isMarked) =>
			receiver.receive(from, bytes, at, length, isMarked),
		);
		return receiver;
	});
}

function receiverConfig(scenario: Scenario, i: number, random: Prng): ReceiverConfig {
	const { proxies } = scenario;
	return {
		receiverId: receiverId(i),
		instance: [random.uint32(), random.uint32()],
		graceMs: scenario.graceMs,
		sessionsMax: 100,
		bitmapBytesMax: 64 * 1024 * 1024,
		security: (scenario.security?.receiver ?? scenario.receiverSecurity)?.(i),
		...(proxies?.kind === 'response' ? { responseProxy: { endpoint: proxyEndpoint(i % proxies.count) } } : {}),
	};
}

/** Kills the proxies that are to die; some time later their receivers are told, as a registry does, and given another one. */
export function planDeaths(
	queue: EventQueue,
	{ proxies }: Scenario,
	placed: readonly SimulatedProxy[],
	receivers: readonly SimulatedReceiver[],
): void {
	if (proxies?.deaths === undefined) return;
	const { count, deaths, noticedMs = 3000, kind } = proxies;
	const isLive = (i: number, now: number) => !(deaths[i] <= now);
	for (const [name, dieAtMs] of Object.entries(deaths)) {
		const index = Number(name);
		queue.at(dieAtMs, () => placed[index + (kind === 'client' ? 1 : 0)].die());
		if (kind !== 'response') continue;
		queue.at(dieAtMs + noticedMs, () => {
			const others = Array.from({ length: count }, (_, i) => i).filter((i) => isLive(i, queue.now));
			for (const [i, receiver] of receivers.entries()) {
				if (i % count !== index) continue;
				const other = others.length === 0 ? undefined : { endpoint: proxyEndpoint(others[i % others.length]) };
				receiver.node.setResponseProxy(queue.now, other);
				receiver.node.responseProxyLost(queue.now, proxyEndpoint(index));
				receiver.settle();
			}
		});
	}
}

export function senderConfig(scenario: Scenario): SenderConfig {
	const ids = Array.from({ length: scenario.receivers }, (_, i) => receiverId(i));
	const proxies = Array.from({ length: scenario.proxies?.count ?? 0 }, (_, i) => proxyId(i));
	return {
		groupId: 0x5eed0000 + (scenario.seed & 0xffff) + 1,
		groupInstance: 0,
		sourceId: 0x0a000001,
		family: 4,
		publicEndpoint: { host: PUBLIC_GROUP, port: PORT },
		privateEndpoint: { host: PRIVATE_GROUP, port: PORT },
		isUnicast: false,
		blockBytes: scenario.blockBytes,
		robust: scenario.robust,
		grttMs: scenario.grttMs,
		rateBytesPerSecond: scenario.rateBytesPerSecond,
		congestion: scenario.congestion,
		targets: scenario.isClosed ? ids : [],
		proxies: scenario.isClosed ? proxies : [],
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

const FAILURES: ReadonlySet<string> = new Set(['mute', 'lost', 'aborted']);

/** The same session once more, for those that it failed. */
export function restartConfig(scenario: Scenario, { results }: SenderEnd): SenderConfig {
	const failed = results.filter(({ outcome, filesMissing }) => FAILURES.has(outcome) || filesMissing > 0);
	const targets = failed.map((result) => result.receiverId);
	return { ...senderConfig(scenario), groupInstance: 1, targets };
}

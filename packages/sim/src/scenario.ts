/** What is simulated: files, receivers, network and faults; every field has a default, and a seed decides the rest. */
import {
	type CatalogueEntry,
	type CongestionConfig,
	FileType,
	type ProxySecurityConfig,
	type ReceiverSecurityConfig,
	SENDER_DEFAULTS,
	type SenderSecurityConfig,
} from '@uftp/protocol';
import type { EventQueue } from './event-queue.ts';
import type { Cut, Network, PathOptions, UplinkOptions } from './network.ts';

/** How a simulated session is secured. */
export interface ScenarioSecurity {
	readonly sender: SenderSecurityConfig;
	receiver(index: number): ReceiverSecurityConfig;
	proxy?(index: number): ProxySecurityConfig;
}

/** Proxies between the sender and its receivers, who are spread over them evenly. */
export interface ScenarioProxies {
	/** Response proxies on the sender's network, or one client proxy for each of as many sites behind one server proxy. */
	readonly kind: 'response' | 'client';
	readonly count: number;
	/** When single ones die, by index, in virtual milliseconds. */
	readonly deaths?: Readonly<Record<number, number>> | undefined;
	/** How long after it the receivers of a response proxy are told, and given another one. */
	readonly noticedMs?: number;
}

export interface RestartOptions {
	/** How long after the end of the first run the second one begins. */
	readonly afterMs: number;
	/** When the first run is interrupted at its sender; undefined: it ends by itself. */
	readonly interruptAtMs?: number;
}

export interface Scenario {
	readonly name: string;
	readonly seed: number;
	readonly receivers: number;
	/** Sizes in bytes of the files of the session. */
	readonly fileBytes: readonly number[];
	readonly blockBytes: number;
	/** Bytes per second; Infinity: as fast as the receivers can take it. */
	readonly rateBytesPerSecond: number;
	readonly isClosed: boolean;
	readonly grttMs: { readonly initial: number; readonly min: number; readonly max: number };
	readonly robust: number;
	readonly graceMs: number;
	readonly path: PathOptions;
	readonly uplink: UplinkOptions;
	/** Cuts of single receivers, by index. */
	readonly cuts: Readonly<Record<number, readonly Cut[]>>;
	/** Shares of datagrams that single receivers lose, by index. */
	readonly losses: Readonly<Record<number, number>>;
	readonly proxies?: ScenarioProxies | undefined;
	/** The rate follows what the receivers report. */
	readonly congestion?: CongestionConfig | undefined;
	/** Encrypts the session; each receiver has its own. */
	readonly security?: ScenarioSecurity | undefined;
	/** What receivers are told in a session in the clear. */
	readonly receiverSecurity?: ScenarioSecurity['receiver'] | undefined;
	/** Runs the session again for the receivers that it failed. */
	readonly restart?: RestartOptions | undefined;
	/** Puts hosts on the network that have no part in the session, before it begins. */
	readonly strangers?: ((queue: EventQueue, network: Network) => void) | undefined;
	/** Virtual time after which a run that is not over has failed. */
	readonly limitMs: number;
}

export const QUIET_PATH: PathOptions = {
	delayMs: 0.1,
	jitterMs: 0,
	loss: 0,
	lossBack: 0,
	duplicate: 0,
	reorder: 0,
	reorderMs: 0,
	cuts: [],
};

const BASE: Scenario = {
	name: 'lan',
	seed: 1,
	receivers: 3,
	fileBytes: [1_000_000],
	blockBytes: SENDER_DEFAULTS.blockBytes,
	rateBytesPerSecond: 12_500_000,
	isClosed: true,
	grttMs: SENDER_DEFAULTS.grttMs,
	robust: SENDER_DEFAULTS.robust,
	graceMs: SENDER_DEFAULTS.graceMs,
	path: QUIET_PATH,
	uplink: { rateBytesPerSecond: Number.POSITIVE_INFINITY, queueBytes: 1_000_000 },
	cuts: {},
	losses: {},
	limitMs: 600_000,
};

const MBIT = 125_000;

/** TFMCC without bounds. */
const TFMCC: CongestionConfig = { kind: 'tfmcc', minBytesPerSecond: 0, maxBytesPerSecond: Number.POSITIVE_INFINITY };

/** Named scenarios for the command line and the tests. */
export const SCENARIOS: Readonly<Record<string, Partial<Scenario>>> = {
	lan: {},
	lossy: { path: { ...QUIET_PATH, loss: 0.05, lossBack: 0.05 } },
	chaos: {
		fileBytes: [400_000, 0, 1, 1300, 700_001],
		receivers: 8,
		path: {
			delayMs: 5,
			jitterMs: 4,
			loss: 0.08,
			lossBack: 0.1,
			duplicate: 0.02,
			reorder: 0.05,
			reorderMs: 20,
			cuts: [],
		},
	},
	thousand: { receivers: 1000, fileBytes: [1_300_000], path: { ...QUIET_PATH, loss: 0.01, lossBack: 0.01 } },
	/** The same with ten response proxies that gather the answers. */
	gathered: {
		receivers: 1000,
		fileBytes: [1_300_000],
		path: { ...QUIET_PATH, loss: 0.01, lossBack: 0.01 },
		proxies: { kind: 'response', count: 10 },
	},
	/** Twenty sites with a client proxy each, behind one server proxy. */
	sites: {
		receivers: 100,
		path: { ...QUIET_PATH, delayMs: 5, loss: 0.02, lossBack: 0.02 },
		proxies: { kind: 'client', count: 20 },
	},
	satellite: {
		fileBytes: [40_000_000],
		rateBytesPerSecond: 10 * MBIT,
		grttMs: { initial: 1000, min: 10, max: 15000 },
		path: { ...QUIET_PATH, delayMs: 300, loss: 0.01 },
		uplink: { rateBytesPerSecond: 10 * MBIT, queueBytes: 64_000 },
	},
	/** A bottleneck of 20 Mbit/s that falls to 5 and rises again; its queue holds 30 ms of 20 Mbit/s. */
	bottleneck: {
		fileBytes: [100_000_000],
		congestion: TFMCC,
		path: { ...QUIET_PATH, delayMs: 2 },
		uplink: {
			rateBytesPerSecond: 20 * MBIT,
			queueBytes: 75_000,
			steps: [
				{ fromMs: 20_000, rateBytesPerSecond: 5 * MBIT },
				{ fromMs: 40_000, rateBytesPerSecond: 20 * MBIT },
			],
		},
	},
	outage: { fileBytes: [20_000_000], cuts: { 1: [{ fromMs: 800, toMs: 10_800 }] } },
};

/** A scenario by name, with changes. Undefined for a name that there is not. */
export function scenarioNamed(name: string, changes: Partial<Scenario> = {}): Scenario | undefined {
	const named = Object.hasOwn(SCENARIOS, name) ? SCENARIOS[name] : undefined;
	return named === undefined ? undefined : { ...BASE, ...named, name, ...changes };
}

/** The catalogue of a scenario's session. */
export function catalogueOf(scenario: Scenario): CatalogueEntry[] {
	return scenario.fileBytes.map((size, index) => ({
		type: FileType.Regular,
		name: `file-${index}.bin`,
		size,
		modifiedSeconds: 1_000_000_000,
		link: '',
	}));
}

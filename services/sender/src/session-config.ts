/** What a session is told: the options of the job, else the sender's configuration, else UFTP's own defaults. */
import type { Job } from '@uftp/bus';
import {
	type CongestionConfig,
	congestionForm,
	parseCongestion,
	SENDER_DEFAULTS,
	type SenderConfig,
	type SenderLimits,
	type SenderSecurityConfig,
} from '@uftp/protocol';
import { monotonicMs } from '@uftp/transport';
import { parseUid } from '@uftp/wire';
import type { SenderServiceConfig } from './config.ts';
import type { JobProxy } from './job-proxies.ts';
import type { SessionAddresses } from './session-addresses.ts';

/** Bytes per second of one Kbps (1024 bit/s). */
const BYTES_PER_KBPS = 128;
/** What a rate of -1 counts as where a longest time is reckoned: 100 Mbit/s, as in UFTP 2.x. */
const NOMINAL_BYTES_PER_SECOND = 100_000_000 / 8;
/** A file may take so long, however small it is: UFTP 2.x's own minimum. */
const MIN_TIME_SECONDS = 10;

export interface SessionSetting {
	readonly job: Job;
	readonly config: SenderServiceConfig;
	readonly addresses: SessionAddresses;
	/** UID of the sender. */
	readonly sourceId: number;
	/** Open group: who is expected. */
	readonly expected: readonly number[];
	/** Through whom receivers may answer. */
	readonly proxies: readonly JobProxy[];
	/** Undefined: in the clear. */
	readonly security: SenderSecurityConfig | undefined;
}

export function sessionConfig(setting: SessionSetting): SenderConfig {
	const { job, config, addresses, sourceId, expected, proxies, security } = setting;
	const options = job.options ?? {};
	const port = options.port ?? config.port;
	const rateKbps = options.rateKbps ?? config.rateKbps;
	const congestion = congestionOf(job, config);
	const limits = limitsOf(job);
	const { grttMs } = SENDER_DEFAULTS;
	const [groupId, seed] = crypto.getRandomValues(new Uint32Array(2)) as unknown as [number, number];
	return {
		groupId: groupId === 0 ? 1 : groupId,
		groupInstance: 0,
		sourceId,
		family: addresses.family,
		publicEndpoint: { host: addresses.publicAddress, port },
		privateEndpoint: { host: addresses.privateAddress, port },
		isUnicast: addresses.isUnicast,
		blockBytes: options.blockSize ?? config.blockSize,
		robust: options.robust ?? config.robust,
		grttMs: {
			initial: milliseconds(options.grttSeconds, grttMs.initial),
			min: milliseconds(options.minGrttSeconds, grttMs.min),
			max: milliseconds(options.maxGrttSeconds, grttMs.max),
		},
		rateBytesPerSecond: rateKbps < 0 ? Number.POSITIVE_INFINITY : rateKbps * BYTES_PER_KBPS,
		...(congestion === undefined ? {} : { congestion }),
		...(limits === undefined ? {} : { limits }),
		targets: targetsOf(job),
		proxies: proxies.map(({ proxyId }) => proxyId),
		expected,
		openPolicy: 'settled',
		graceMs: (options.graceSeconds ?? config.graceSeconds) * 1000,
		quitOnError: false,
		burstMax: SENDER_DEFAULTS.burstMax,
		epochMs: Date.now() - monotonicMs(),
		seed,
		security,
	};
}

/** The receivers that the job names; none for an open group. */
export function targetsOf(job: Job): number[] {
	return (job.to?.uids ?? []).map((uid) => parseUid(uid) as number);
}

/** What the job says, else the sender's setting unless the job has a rate of its own. The words have been checked. */
export function congestionOf({ options }: Job, config: SenderServiceConfig): CongestionConfig | undefined {
	if (options?.congestion === undefined) return options?.rateKbps === undefined ? config.congestion : undefined;
	const read = parseCongestion(options.congestion);
	return read.ok ? read.value : undefined;
}

function limitsOf({ options }: Job): SenderLimits | undefined {
	if (options?.maxTimePercent === undefined) return undefined;
	return {
		transferPercentMax: options.maxTimePercent,
		transferSecondsMin: options.minTimeSeconds ?? MIN_TIME_SECONDS,
		nominalBytesPerSecond: NOMINAL_BYTES_PER_SECOND,
	};
}

/** What contradicts itself among the options of a job, as a sentence, or undefined. */
export function optionsProblem(job: Job, config: SenderServiceConfig): string | undefined {
	return paceProblem(job, config) ?? roundTripProblem(job);
}

function paceProblem(job: Job, config: SenderServiceConfig): string | undefined {
	const { congestion, rateKbps, maxTimePercent, minTimeSeconds } = job.options ?? {};
	const read = parseCongestion(congestion ?? 'none');
	if (!read.ok) return `${read.problem}: the job's congestion must be ${congestionForm}, not "${congestion}".`;
	if (read.value !== undefined && rateKbps !== undefined)
		return 'The job\'s rateKbps and congestion contradict each other: congestion "tfmcc:max=KBPS" bounds the rate.';
	if (minTimeSeconds !== undefined && maxTimePercent === undefined)
		return "The job's minTimeSeconds needs maxTimePercent: nothing ends a transfer without a longest time.";
	if (maxTimePercent !== undefined && congestionOf(job, config) !== undefined)
		return "The job's maxTimePercent needs a rate to reckon with, and congestion control has none: give rateKbps.";
	return undefined;
}

function roundTripProblem(job: Job): string | undefined {
	const { grttSeconds = 0.5, minGrttSeconds = 0.01, maxGrttSeconds = 15 } = job.options ?? {};
	if (minGrttSeconds > maxGrttSeconds) {
		return `The job's minGrttSeconds (${minGrttSeconds}) is above its maxGrttSeconds (${maxGrttSeconds}).`;
	}
	if (grttSeconds < minGrttSeconds || grttSeconds > maxGrttSeconds) {
		return `The job's grttSeconds (${grttSeconds}) is not between its bounds ${minGrttSeconds} and ${maxGrttSeconds}.`;
	}
	return undefined;
}

function milliseconds(value: number | undefined, fallback: number): number {
	return value === undefined ? fallback : value * 1000;
}

/** What a session is told: the options of the job, else the sender's configuration, else UFTP's own defaults. */
import type { Job } from '@uftp/bus';
import type { SendSettings } from '@uftp/endpoint/sending';
import { BYTES_PER_KBPS, type CongestionConfig, SENDER_DEFAULTS, type SenderLimits } from '@uftp/protocol';
import { congestionForm, parseCongestion } from '@uftp/protocol/sender';
import { parseUid } from '@uftp/wire';
import type { SenderServiceConfig } from '../config.ts';
import type { JobOrder } from './job-order.ts';
import type { JobPlan } from './job-plan.ts';

/** What a rate of -1 counts as where a longest time is reckoned: 100 Mbit/s, as in UFTP 2.x. */
const NOMINAL_BYTES_PER_SECOND = 100_000_000 / 8;
/** A file may take so long, however small it is: UFTP 2.x's own minimum. */
const MIN_TIME_SECONDS = 10;
const SAMPLE_MS = 250;

export function sendSettings(
	{ job, addresses, targets }: Pick<JobOrder, 'job' | 'addresses' | 'targets'>,
	config: SenderServiceConfig,
	{ expected, proxies, security, pinnedProxies, pinnedIn }: JobPlan,
): SendSettings {
	const options = job.options ?? {};
	const { grttMs } = SENDER_DEFAULTS;
	return {
		addresses,
		port: options.port ?? config.port,
		interface: config.interface,
		uid: config.uid === undefined ? undefined : parseUid(config.uid),
		ttl: options.ttl ?? config.ttl,
		socketDriver: config.socketDriver,
		receivers: targets,
		proxies: proxies.map(({ proxyId }) => proxyId),
		expected: targets.length === 0 ? [...expected.keys()] : [],
		rateBytesPerSecond: bytesPerSecond(rateKbpsOf(job, config)),
		congestion: congestionOf(job, config),
		limits: limitsOf(job),
		blockBytes: options.blockSize ?? config.blockSize,
		robust: options.robust ?? config.robust,
		grttMs: {
			initial: milliseconds(options.grttSeconds, grttMs.initial),
			min: milliseconds(options.minGrttSeconds, grttMs.min),
			max: milliseconds(options.maxGrttSeconds, grttMs.max),
		},
		graceMs: (options.graceSeconds ?? config.graceSeconds) * 1000,
		security: security.kind === 'encrypted' ? security.config : undefined,
		pinnedIn,
		pinnedProxies,
		progressMs: SAMPLE_MS,
	};
}

/** The rate in Kbps; -1: as fast as the receivers can. */
export function rateKbpsOf({ options }: Job, config: SenderServiceConfig): number {
	return options?.rateKbps ?? config.rateKbps;
}

function bytesPerSecond(kbps: number): number {
	return kbps < 0 ? Number.POSITIVE_INFINITY : kbps * BYTES_PER_KBPS;
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

/** What a session is told: the options of the job, else the sender's configuration, else UFTP's own defaults. */
import type { Job } from '@uftp/bus';
import { SENDER_DEFAULTS, type SenderConfig, type SenderSecurityConfig } from '@uftp/protocol';
import { monotonicMs } from '@uftp/transport';
import { parseUid } from '@uftp/wire';
import type { SenderServiceConfig } from './config.ts';
import type { SessionAddresses } from './session-addresses.ts';

/** Bytes per second of one Kbps (1024 bit/s). */
const BYTES_PER_KBPS = 128;

export interface SessionSetting {
	readonly job: Job;
	readonly config: SenderServiceConfig;
	readonly addresses: SessionAddresses;
	/** UID of the sender. */
	readonly sourceId: number;
	/** Open group: who is expected. */
	readonly expected: readonly number[];
	/** Undefined: in the clear. */
	readonly security: SenderSecurityConfig | undefined;
}

export function sessionConfig({ job, config, addresses, sourceId, expected, security }: SessionSetting): SenderConfig {
	const options = job.options ?? {};
	const port = options.port ?? config.port;
	const rateKbps = options.rateKbps ?? config.rateKbps;
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
		targets: targetsOf(job),
		proxies: [],
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

/** What contradicts itself among the options of a job, as a sentence, or undefined. */
export function optionsProblem(job: Job): string | undefined {
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

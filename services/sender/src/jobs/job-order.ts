/** A job that has been checked, and what all its events say. */
import type { EventDataByKind, Job, SessionEncryption } from '@uftp/bus';
import type { SessionAddresses } from '@uftp/endpoint/network';
import type { EventPublisher, ServiceContext } from '@uftp/service-kit';
import type { Catalogue } from '@uftp/storage';
import { parseUid } from '@uftp/wire';
import type { SenderServiceConfig } from '../config.ts';
import type { HeardProxies } from '../heard-proxies.ts';
import type { SenderKeys } from '../sender-security.ts';

/** Most files that the events of a job list. */
const LISTED_FILES = 1000;

export interface JobOrder {
	readonly id: string;
	readonly job: Job;
	readonly catalogue: Catalogue;
	readonly addresses: SessionAddresses;
	/** The receivers that the job names; none for an open group. */
	readonly targets: readonly number[];
	/** As its answer has promised; settled when its session starts. */
	encryption: SessionEncryption;
}

/** What jobs are run with. */
export interface JobContext {
	readonly config: SenderServiceConfig;
	readonly service: ServiceContext;
	readonly events: EventPublisher;
	readonly keys: SenderKeys;
	readonly heardProxies: HeardProxies;
}

/** The receivers that the job names, by id. */
export function targetsOf(job: Job): number[] {
	return (job.to?.uids ?? []).map((uid) => parseUid(uid)).filter((uid) => uid !== undefined);
}

type JobEvent = EventDataByKind['job'];

/** What every event of a job says about it. */
export function jobFacts({ id, job, catalogue, encryption }: JobOrder): Omit<JobEvent, 'phase'> {
	return {
		job: id,
		...(job.labels === undefined ? {} : { labels: job.labels }),
		fileCount: catalogue.entries.length,
		totalBytes: catalogue.totalBytes,
		...(job.to?.uids === undefined ? {} : { targets: job.to.uids }),
		encryption,
	};
}

/** The files of a job, as many as an event lists. */
export function listedFiles({ catalogue }: JobOrder): NonNullable<JobEvent['files']> {
	return catalogue.entries.slice(0, LISTED_FILES).map(({ name, size }) => ({ name, size }));
}

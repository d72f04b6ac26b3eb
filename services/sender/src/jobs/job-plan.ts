/** What has to be known before a job's session can start: who is there, through whom they answer, how it is secured. */
import { type ExpectedReceiver, expectedReceivers, knownProxies } from '../expected-receivers.ts';
import { type SecurityDecision, sessionSecurity } from '../sender-security.ts';
import type { Refusal } from './job-files.ts';
import type { JobContext, JobOrder } from './job-order.ts';
import { allProxies, type JobProxy, namedProxies } from './job-proxies.ts';

/** A job whose encryption is not settled yet. */
export type Asked<Order extends JobOrder> = Omit<Order, 'encryption'> & Partial<Pick<Order, 'encryption'>>;

export interface JobPlan {
	/** Whom the registry knows, of the receivers that the job names, or of the group. */
	readonly expected: ReadonlyMap<number, ExpectedReceiver>;
	/** Through whom receivers may answer. */
	readonly proxies: readonly JobProxy[];
	readonly security: Exclude<SecurityDecision, { readonly kind: 'refused' }>;
	/** Where the keys of receivers are pinned at their first use, and those of these proxies. */
	readonly pinnedIn: string;
	readonly pinnedProxies: readonly number[];
}

/** Asks the registry and decides; a job that was taken keeps what its answer has promised. */
export async function planJob(
	order: Asked<JobOrder>,
	context: JobContext,
): Promise<JobPlan | { readonly refusal: Refusal }> {
	const { job, addresses } = order;
	const { config, service, keys, heardProxies } = context;
	const { bus, subjects, logger } = service;
	const port = job.options?.port ?? config.port;
	const rendezvous = { publicAddress: addresses.publicAddress, port, isUnicast: addresses.isUnicast };
	// Also where the job names its receivers: their hosts are worth knowing.
	const [{ receivers: expected, unasked }, knownHere] = await Promise.all([
		expectedReceivers(bus, subjects, logger, rendezvous, order.targets),
		knownProxies(bus, subjects, rendezvous, heardProxies.heartbeats()),
	]);
	const named = namedProxies(job, config.proxies);
	const proxies = allProxies(job, named, knownHere);
	const { targets, encryption: promised } = order;
	const mode = config.encryption;
	const security = sessionSecurity(keys, { job, mode, targets, expected, unasked, promised, proxies });
	if (security.kind === 'refused') return security;
	return {
		expected,
		proxies,
		security,
		pinnedIn: keys.stateFolder,
		pinnedProxies: named.map(({ proxyId }) => proxyId),
	};
}

/** A proxy: carries or gathers what sessions say, and says that it is there and what it did. */
import type { Fault } from '@uftp/endpoint';
import { describeSite } from '@uftp/endpoint/identity';
import { describeError, describeProblem, EndpointError } from '@uftp/endpoint/problems';
import { openProxy, type RunningProxy } from '@uftp/endpoint/relaying';
import {
	EventPublisher,
	type HeartbeatFacts,
	HeartbeatPublisher,
	type Logger,
	type NodeIdentity,
	newIdentity,
	type RunningService,
	type ServiceContext,
} from '@uftp/service-kit';
import { addressesOf } from '@uftp/transport';
import { addressFamily, formatUid } from '@uftp/wire';
import type { ProxyServiceConfig } from './config.ts';
import { PinholeTable } from './pinhole-table.ts';
import { formatSessionId, ProxyReports } from './proxy-reports.ts';
import { type ServiceSettings, serviceSettings } from './settings.ts';
import { SERVICE_VOCABULARY } from './vocabulary.ts';

/** How often the totals of sessions under way are published. */
const TOTALS_MS = 5000;
const FAREWELL = 'The proxy is shutting down';

/** What is open while it runs. */
interface Parts {
	readonly proxy: RunningProxy;
	readonly reports: ProxyReports;
	readonly heartbeat: HeartbeatPublisher;
	readonly totals: ReturnType<typeof setInterval>;
}

export class ProxyService implements RunningService {
	readonly uid: string;
	readonly id: string;
	/** Resolves with a sentence if the proxy has ended by itself. */
	readonly failed: Promise<string>;
	readonly #parts: Parts;
	readonly #stopMs: number;

	private constructor(id: string, stopMs: number, parts: Parts) {
		this.uid = formatUid(parts.proxy.uid);
		this.id = id;
		this.#stopMs = stopMs;
		this.#parts = parts;
		const { promise, resolve } = Promise.withResolvers<string>();
		this.failed = promise;
		void parts.proxy.closed.then(({ problem }) => {
			if (problem === undefined) return;
			const sentence = describeProblem(problem, SERVICE_VOCABULARY);
			this.#end(sentence);
			resolve(sentence);
		});
	}

	/** Rejects with a sentence: no site, the port is held, there is no such interface, ... */
	static async start(config: ProxyServiceConfig, context: ServiceContext): Promise<ProxyService> {
		const { logger } = context;
		try {
			const prepared = await serviceSettings(config, logger);
			const start = newIdentity('proxy', config.id ?? '');
			const settings = { ...prepared.settings, instance: start.instanceBits };
			const proxy = await openProxy(settings, { onFault: (fault) => logFault(fault, logger) });
			const identity = { ...start, id: config.id ?? formatUid(proxy.uid) };
			try {
				const parts = assemble({ config, prepared, proxy, identity, context });
				return new ProxyService(identity.id, config.stopSeconds * 1000, parts);
			} catch (error) {
				await proxy.stop(FAREWELL);
				throw error;
			}
		} catch (error) {
			if (!(error instanceof EndpointError)) throw error;
			throw new Error(describeError(error, SERVICE_VOCABULARY), { cause: error });
		}
	}

	/** Sessions that it serves at the moment. */
	get sessionCount(): number {
		return this.#parts.proxy.sessionCount;
	}

	async stop(): Promise<void> {
		const { proxy, heartbeat } = this.#parts;
		heartbeat.drain();
		await proxy.drain(this.#stopMs);
		await proxy.stop(FAREWELL);
		this.#end();
	}

	#end(reason?: string): void {
		const { reports, heartbeat, totals } = this.#parts;
		clearInterval(totals);
		reports.own('down', reason);
		heartbeat.stop();
	}
}

function logFault({ error, groupId }: Fault, logger: Logger): void {
	const where = groupId === undefined ? 'the proxy' : `the session ${formatSessionId(groupId)}`;
	logger.error(`A fault in ${where}: ${error instanceof Error ? (error.stack ?? error.message) : String(error)}`);
}

interface Assembly {
	readonly config: ProxyServiceConfig;
	readonly prepared: ServiceSettings;
	readonly proxy: RunningProxy;
	readonly identity: NodeIdentity;
	readonly context: ServiceContext;
}

/** Connects the proxy with the bus and the log. */
function assemble({ config, prepared, proxy, identity, context }: Assembly): Parts {
	const { bus, subjects, logger } = context;
	const { mode } = proxy;
	const uid = formatUid(proxy.uid);
	for (const reason of proxy.interfaces.reasons) logger.info(describeProblem(reason, SERVICE_VOCABULARY));
	for (const warning of proxy.warnings) logger.warn(warning);
	const events = new EventPublisher(bus, subjects, identity, logger);
	const ttlMs = config.pinholeSeconds * 1000;
	const pinholes = new PinholeTable({
		bus,
		subjects,
		events,
		logger,
		id: identity.id,
		uid,
		ttlMs,
		file: prepared.pinholes,
	});
	const reports = new ProxyReports({ uid, mode, events, logger, pinholes });
	const heartbeat = new HeartbeatPublisher({
		bus,
		subjects,
		identity,
		intervalMs: config.heartbeatSeconds * 1000,
		logger,
		facts: () => ({ ...placeOf(config, proxy), keys: [...prepared.published] }),
	});
	proxy.events.on((event) => {
		reports.take(event);
		if (event.kind === 'sessionStarted' || event.kind === 'sessionEnded') heartbeat.beat();
	});
	const totals = setInterval(() => reports.sample(proxy.sessions), TOTALS_MS);
	totals.unref();
	const { sites = [] } = prepared.settings;
	const what = mode === 'server' ? `forwards to ${sites.map(describeSite).join(', ')}` : 'gathers answers';
	logger.info(`The ${mode} proxy ${uid} ${what}; port ${config.port}.`);
	reports.own('up');
	return { proxy, reports, heartbeat, totals };
}

/** What its heartbeats say of it, besides its keys. */
function placeOf(config: ProxyServiceConfig, proxy: RunningProxy): HeartbeatFacts {
	const { mode, interfaces, sessions } = proxy;
	const { address, addressOwner } = interfaces;
	const { name, mtu, isMulticast } = addressOwner;
	const addresses = [...addressesOf(addressOwner, addressFamily(address))];
	// Receivers that it answers for, counted in every session.
	const receivers = sessions.reduce((sum, { totals }) => sum + totals.receivers, 0);
	return {
		uid: formatUid(proxy.uid),
		addresses: [address],
		interfaces: [{ name, addresses, mtu, multicast: isMulticast }],
		groups: mode === 'client' ? [] : [...config.publicAddress],
		port: config.port,
		load: { sessions: sessions.length },
		proxy: {
			mode,
			...(mode === 'response' ? { pool: config.pool } : {}),
			...(mode === 'server' ? {} : { receivers }),
		},
		caps: ['encryption'],
	};
}

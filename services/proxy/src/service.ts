/** A proxy: carries or gathers what sessions say, and says that it is there and what it did. */

import { describeSite, readDownstreamSites, splitHostAndPort } from '@uftp/endpoint/identity';
import type { DownstreamSite, Endpoint, ProxyConfig, Proxy as ProxyNode } from '@uftp/protocol';
import { GatheringProxy, ServerProxy } from '@uftp/protocol/proxies';
import {
	EventPublisher,
	HeartbeatPublisher,
	type NodeIdentity,
	newIdentity,
	type RunningService,
	type ServiceContext,
} from '@uftp/service-kit';
import {
	addressesOf,
	bufferWarning,
	type DatagramSocket,
	LossWatch,
	listInterfaces,
	monotonicMs,
	openProxySockets,
	ProxyDriver,
} from '@uftp/transport';
import { DEFAULT_PORT, formatUid, parseUid, uidFromAddress } from '@uftp/wire';
import type { ProxyServiceConfig } from './config.ts';
import { PinholeBook } from './pinhole-book.ts';
import { PinholeFile } from './pinhole-file.ts';
import { type ProxyNetwork, proxyNetwork } from './proxy-network.ts';
import { ProxyReports } from './proxy-reports.ts';
import { type ProxySecurity, proxySecurity, resolveName, statePath } from './proxy-security.ts';

/** How often the totals of sessions under way are told, and losses if there were any. */
const TOTALS_MS = 5000;
/** How often a stop looks whether the sessions are over. */
const STOP_POLL_MS = 20;
/** Receivers that chose this proxy just before it said that it leaves have registered by then. */
const LATE_MS = 1000;
const FAREWELL = 'The proxy is shutting down';

/** What was settled before anything runs. */
interface Settled {
	readonly config: ProxyServiceConfig;
	readonly sites: readonly DownstreamSite[];
	readonly heartbeatTo: readonly Endpoint[];
	readonly network: ProxyNetwork;
	readonly security: ProxySecurity;
	readonly uid: string;
	readonly pinholes: PinholeFile;
}

/** What is open while it runs. */
interface Parts {
	readonly sockets: readonly DatagramSocket[];
	readonly proxy: ProxyNode;
	readonly driver: ProxyDriver;
	readonly reports: ProxyReports;
	readonly heartbeat: HeartbeatPublisher;
	readonly totals: ReturnType<typeof setInterval>;
}

export class ProxyService implements RunningService {
	readonly uid: string;
	readonly id: string;
	readonly #parts: Parts;
	readonly #mode: ProxyServiceConfig['mode'];
	readonly #stopMs: number;

	private constructor(uid: string, identity: NodeIdentity, config: ProxyServiceConfig, parts: Parts) {
		this.uid = uid;
		this.id = identity.id;
		this.#mode = config.mode;
		this.#stopMs = config.stopSeconds * 1000;
		this.#parts = parts;
	}

	/** Rejects with a sentence: no site, the port is held, there is no such interface, ... */
	static async start(config: ProxyServiceConfig, context: ServiceContext): Promise<ProxyService> {
		const settled = await settle(config, context);
		const { network, security, sites } = settled;
		const sockets = await openProxySockets({
			port: config.port,
			families: network.families,
			groups: config.mode === 'client' ? [] : config.publicAddress,
			sources: security.sources,
			interfaces: (family) => listeningOn(network, family),
			outgoing: (family) => network.outgoing.get(family),
			ttl: config.ttl,
			sites: sites.length,
			driver: config.socketDriver,
		});
		try {
			const warning = bufferWarning(sockets[0]);
			if (warning !== undefined) context.logger.warn(warning);
			const identity = newIdentity('proxy', config.id ?? settled.uid);
			const parts = assemble(settled, identity, sockets, context);
			parts.driver.start();
			parts.reports.own('up');
			return new ProxyService(settled.uid, identity, config, parts);
		} catch (error) {
			for (const socket of sockets) socket.close();
			throw error;
		}
	}

	/** Sessions that it serves at the moment. */
	get sessionCount(): number {
		return this.#parts.proxy.sessionCount;
	}

	async stop(): Promise<void> {
		const { sockets, proxy, driver, reports, heartbeat, totals } = this.#parts;
		heartbeat.drain();
		const startedMs = monotonicMs();
		while (this.#isNeeded(monotonicMs() - startedMs) && monotonicMs() - startedMs < this.#stopMs) {
			await new Promise((resume) => setTimeout(resume, STOP_POLL_MS));
		}
		proxy.abort(monotonicMs(), FAREWELL);
		driver.flush();
		driver.close();
		clearInterval(totals);
		reports.own('down');
		heartbeat.stop();
		for (const socket of sockets) socket.close();
	}

	/** Whether somebody would miss it, so long after it has said that it leaves. */
	#isNeeded(leavingMs: number): boolean {
		const { proxy } = this.#parts;
		if (this.#mode === 'server' || leavingMs < LATE_MS) return proxy.sessionCount > 0;
		// It hears of every session of its groups, and has receivers in some of them.
		return proxy.sessions.some(({ totals }) => totals.receivers > 0);
	}
}

async function settle(config: ProxyServiceConfig, { logger }: ServiceContext): Promise<Settled> {
	if (config.mode === 'server' && config.sites.length === 0) {
		throw new Error('UFTP_SITES names no site: a server proxy needs at least one, as host[:port] or fp=FINGERPRINT.');
	}
	if (config.mode !== 'server' && config.sites.length > 0) {
		throw new Error(`UFTP_SITES is for server proxies, and this is a ${config.mode} proxy: leave it out.`);
	}
	const named = await readDownstreamSites(config.sites, config.downstreamPort, resolveName);
	const pinholes = new PinholeFile(statePath(config, 'pinholes.json'));
	if (pinholes.problem !== undefined) logger.warn(pinholes.problem);
	const sites = pinholes.remembering(named);
	const heartbeatTo = await heartbeatTargets(config.heartbeatTo);
	const network = await proxyNetwork(config, sites, heartbeatTo);
	for (const note of network.notes) logger.info(note);
	const security = await proxySecurity(config, logger);
	return { config, sites, heartbeatTo, network, security, uid: chooseUid(config, network), pinholes };
}

async function heartbeatTargets(words: readonly string[]): Promise<Endpoint[]> {
	const targets: Endpoint[] = [];
	for (const word of words) {
		const { name, port } = splitHostAndPort(word, DEFAULT_PORT);
		const [site] = port === undefined ? [] : await readDownstreamSites([name], port, resolveName);
		if (site?.kind !== 'address') throw new Error(`UFTP_HEARTBEAT_TO: "${word}" is not host[:port].`);
		targets.push(site.endpoint);
	}
	return targets;
}

function chooseUid(config: ProxyServiceConfig, { address, networkInterface }: ProxyNetwork): string {
	if (config.uid !== undefined) return config.uid;
	const uid = networkInterface.isLoopback ? undefined : uidFromAddress(address);
	if (uid !== undefined) return formatUid(uid);
	throw new Error(`The address ${address} gives no UID that is this proxy's alone: set UFTP_UID.`);
}

function listeningOn({ listening }: ProxyNetwork, family: 4 | 6) {
	const networkInterface = listening.get(family);
	return networkInterface === undefined ? [] : [networkInterface];
}

function configOf({ config, sites, heartbeatTo, security, uid }: Settled, identity: NodeIdentity): ProxyConfig {
	const [seed] = crypto.getRandomValues(new Uint32Array(1)) as unknown as [number];
	const common = {
		proxyId: parseUid(uid) as number,
		ownAddresses: listInterfaces().flatMap((each) => [...addressesOf(each, 4), ...addressesOf(each, 6)]),
		ownPort: config.port,
		instance: identity.instanceBits,
		sessionsMax: config.sessionsMax,
		seed,
		...(heartbeatTo.length === 0
			? {}
			: { heartbeats: { to: heartbeatTo, intervalMs: config.heartbeatToSeconds * 1000 } }),
		security: security.config,
	};
	if (config.mode === 'server') {
		const pinholeMs = config.pinholeSeconds * 1000;
		return { ...common, kind: config.mode, sites, publicGroups: config.publicAddress, pinholeMs };
	}
	return {
		...common,
		kind: config.mode,
		publicGroups: config.mode === 'response' ? config.publicAddress : [],
		receiverPort: config.downstreamPort,
		receivers: security.receivers,
		holdPercent: config.holdPercent,
		receiversMax: config.receiversMax,
	};
}

/** Receivers that it answers for, counted in every session. */
function receiversOf({ sessions }: ProxyNode): number {
	return sessions.reduce((sum, { totals }) => sum + totals.receivers, 0);
}

function assemble(
	settled: Settled,
	identity: NodeIdentity,
	sockets: readonly DatagramSocket[],
	{ bus, subjects, logger }: ServiceContext,
): Parts {
	const { config, network, security, sites, uid } = settled;
	const { mode, port } = config;
	const proxyConfig = configOf(settled, identity);
	const now = monotonicMs();
	const proxy =
		proxyConfig.kind === 'server' ? new ServerProxy(proxyConfig, now) : new GatheringProxy(proxyConfig, now);
	const events = new EventPublisher(bus, subjects, identity, logger);
	const ttlMs = config.pinholeSeconds * 1000;
	const pinholes = new PinholeBook({
		bus,
		subjects,
		events,
		logger,
		id: identity.id,
		uid,
		ttlMs,
		file: settled.pinholes,
	});
	const reports = new ProxyReports({ uid, mode, events, logger, pinholes });
	const { networkInterface, address, family } = network;
	const { name, mtu, isMulticast } = networkInterface;
	const heartbeat = new HeartbeatPublisher({
		bus,
		subjects,
		identity,
		intervalMs: config.heartbeatSeconds * 1000,
		logger,
		facts: () => ({
			uid,
			addresses: [address],
			interfaces: [{ name, addresses: [...addressesOf(networkInterface, family)], mtu, multicast: isMulticast }],
			groups: mode === 'client' ? [] : [...config.publicAddress],
			port,
			load: { sessions: proxy.sessionCount },
			keys: [...security.published],
			proxy: {
				mode,
				...(mode === 'response' ? { pool: config.pool } : {}),
				...(mode === 'server' ? {} : { receivers: receiversOf(proxy) }),
			},
			caps: ['encryption'],
		}),
	});
	const driver = new ProxyDriver({
		proxy,
		sockets,
		interfaces: (each) => listeningOn(network, each),
		onEvent: (event) => {
			reports.take(event);
			if (event.kind === 'sessionStarted' || event.kind === 'sessionEnded') heartbeat.beat();
		},
	});
	const losses = new LossWatch(driver, sockets);
	const totals = setInterval(() => {
		reports.sample(proxy.sessions);
		const news = losses.news();
		if (news !== undefined) logger.warn(news);
	}, TOTALS_MS);
	totals.unref();
	const what = mode === 'server' ? `forwards to ${sites.map(describeSite).join(', ')}` : 'gathers answers';
	logger.info(`The ${mode} proxy ${uid} ${what}; port ${port}.`);
	return { sockets, proxy, driver, reports, heartbeat, totals };
}

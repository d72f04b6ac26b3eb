/** `uftpproxyd`: a server, client or response proxy with the flags, the lines and the exit codes of UFTP 4.10.2. */

import { describeSite } from '@uftp/endpoint/identity';
import { type DownstreamSite, type Endpoint, PROXY_DEFAULTS, type ProxyConfig } from '@uftp/protocol';
import { GatheringProxy, ServerProxy } from '@uftp/protocol/proxies';
import {
	addressesOf,
	bufferWarning,
	type DatagramSocket,
	LossWatch,
	listInterfaces,
	monotonicMs,
	openProxySockets,
	ProxyDriver,
	selectDriver,
	TransportError,
} from '@uftp/transport';
import { CommandError, ExitCode } from '../drop-in/command-error.ts';
import { type Starter, startDaemon, starterOfDaemon } from '../drop-in/daemon.ts';
import { interruption, openDaemonLog, setPriority, settleDaemon } from '../drop-in/daemon-life.ts';
import { hexId, Level, type Log } from '../drop-in/log.ts';
import { openLogFile } from '../drop-in/log-file.ts';
import { VERSION_LINE } from '../drop-in/version-line.ts';
import { type Family, publicGroups } from '../uftpd/groups.ts';
import { heartbeatTargets } from '../uftpd/heartbeats.ts';
import { defaultUid } from '../uftpd/listening-interfaces.ts';
import { type ProxyArguments, parseProxyArguments } from './arguments.ts';
import { downstreamSites } from './lists.ts';
import { ProxyLines } from './log-lines.ts';
import { type ProxyInterfaces, proxyInterfaces } from './proxy-interfaces.ts';
import { type ProxySecurity, proxySecurity } from './proxy-security.ts';

/** What everybody gets to read when the proxy is ended. */
const FAREWELL = 'Proxy shutting down';

/** How often losses are told, if there were any. */
const LOSSES_MS = 5000;
/** How rare the heartbeats of a site are is not known here, and -h goes up to an hour; 4.10.2 never gives a site up. */
const PINHOLE_MS = 3 * 3_600_000;

/** All that was settled before the first socket is opened. */
interface Settled {
	readonly options: ProxyArguments;
	readonly sites: readonly DownstreamSite[];
	readonly heartbeats: readonly Endpoint[];
	readonly groups: ReadonlyMap<Family, readonly string[]>;
	readonly security: ProxySecurity;
	readonly interfaces: ProxyInterfaces;
	readonly proxyId: number;
}

/** Runs the command with the words behind its name and returns its exit code. Throws a `CommandError`. */
export async function forwardSessions(words: readonly string[], tell: (text: string) => void): Promise<number> {
	const options = parseProxyArguments(words, process.env.POSIXLY_CORRECT !== undefined);
	if (options.foreground) return forward(options, undefined);
	const starter = starterOfDaemon();
	if (starter === undefined) return startDaemon(words, openLogFile(options.logFile), tell);
	try {
		return await forward(options, starter);
	} catch (error) {
		starter.failed(error instanceof CommandError ? error.message : String(error));
		throw error;
	}
}

/** Forwards until a signal comes. */
async function forward(options: ProxyArguments, starter: Starter | undefined): Promise<number> {
	const log = openDaemonLog(options, starter !== undefined);
	log.say(Level.Info, VERSION_LINE);
	setPriority(options.priority);
	const settled = await settle(options, log);
	const sockets = await openSockets(settled);
	const proxy = makeProxy(configOf(settled));
	const lines = new ProxyLines(settled.sites.map(describeSite));
	const driver = new ProxyDriver({
		proxy,
		sockets,
		interfaces: (family) => settled.interfaces.listening.get(family) ?? [],
		onEvent: (event) => {
			for (const line of lines.of(event)) log.write(line);
		},
	});
	const losses = new LossWatch(driver, sockets);
	const watching = setInterval(() => tellLosses(log, losses), LOSSES_MS);
	try {
		await logStart(log, settled, sockets);
		driver.start();
		const removePidFile = settleDaemon(options, log, starter);
		log.say(Level.Error, `Exiting on signal ${await interruption()}`);
		removePidFile();
	} finally {
		proxy.abort(monotonicMs(), FAREWELL);
		driver.flush();
		driver.close();
		clearInterval(watching);
		tellLosses(log, losses);
		logEnd(log, sockets);
		for (const socket of sockets) socket.close();
	}
	return ExitCode.Interrupted;
}

/** Names are looked up here, and never while packets come. */
async function settle(options: ProxyArguments, log: Log): Promise<Settled> {
	const sites = await downstreamSites(options.sites, options.downstreamPort);
	const heartbeats = await heartbeatTargets(options.heartbeatTargets);
	const groups = await publicGroups(options.publicGroups);
	const interfaces = await proxyInterfaces(options, groups, sites, heartbeats);
	const security = await proxySecurity(options, log);
	const proxyId = options.proxyId ?? defaultUid(interfaces.firstAddress);
	return { options, sites, heartbeats, groups, security, interfaces, proxyId };
}

/** Exit 2, as in C; exit 1 for a code point that cannot be had. */
async function openSockets({ options, sites, groups, security, interfaces }: Settled) {
	try {
		return await openProxySockets({
			port: options.port,
			families: interfaces.families,
			optionalFamilies: interfaces.optionalFamilies,
			groups: options.mode === 'client' ? [] : [...groups.values()].flat(),
			sources: security.senders?.map(({ address }) => address),
			interfaces: (family) => interfaces.listening.get(family) ?? [],
			outgoing: (family) => interfaces.outgoing.get(family),
			ttl: options.ttl,
			dscp: options.dscp,
			bufferBytes: options.bufferBytes,
			sites: sites.length,
		});
	} catch (error) {
		if (!(error instanceof TransportError)) throw error;
		const exitCode = error.code === 'EDSCP' ? ExitCode.Parameters : ExitCode.Network;
		throw new CommandError(exitCode, `uftpproxyd: ${error.message}`);
	}
}

function configOf({ options, sites, heartbeats, groups, security, proxyId }: Settled): ProxyConfig {
	const [high, low, seed] = crypto.getRandomValues(new Uint32Array(3));
	const { mode, port, heartbeatSeconds, downstreamPort, holdPercent } = options;
	const common = {
		proxyId,
		ownAddresses: listInterfaces().flatMap((each) => [...addressesOf(each, 4), ...addressesOf(each, 6)]),
		ownPort: port,
		instance: [high, low] as const,
		sessionsMax: PROXY_DEFAULTS.sessionsMax,
		seed,
		...(heartbeats.length === 0 ? {} : { heartbeats: { to: heartbeats, intervalMs: heartbeatSeconds * 1000 } }),
		security: security.config,
	};
	const announcedOn = [...groups.values()].flat();
	if (mode === 'server') {
		return { ...common, kind: mode, sites, publicGroups: announcedOn, pinholeMs: PINHOLE_MS };
	}
	return {
		...common,
		kind: mode,
		publicGroups: mode === 'response' ? announcedOn : [],
		receiverPort: downstreamPort,
		receivers: security.receivers,
		holdPercent,
		receiversMax: PROXY_DEFAULTS.receiversMax,
	};
}

function makeProxy(config: ProxyConfig): ServerProxy | GatheringProxy {
	const now = monotonicMs();
	try {
		return config.kind === 'server' ? new ServerProxy(config, now) : new GatheringProxy(config, now);
	} catch (error) {
		if (error instanceof RangeError) throw new CommandError(ExitCode.Parameters, `uftpproxyd: ${error.message}`);
		throw error;
	}
}

async function logStart(log: Log, settled: Settled, sockets: readonly DatagramSocket[]): Promise<void> {
	const { options, sites, interfaces, proxyId } = settled;
	const { mode, port, publicGroups: groups, bufferBytes } = options;
	for (const word of options.ignored) log.say(Level.Warning, `"${word}" is no option: ignored, as by the C program`);
	for (const reason of interfaces.reasons) log.say(Level.Info, reason);
	const { sentence } = await selectDriver();
	const hears = mode === 'client' ? '' : `  Groups: ${groups.join(', ')}`;
	const kind = { server: 'Server', client: 'Client', response: 'Response' }[mode];
	log.say(Level.Info, `${kind} proxy  UID: ${hexId(proxyId)}${hears}  Port: ${port}  Socket: ${sentence}`);
	for (const site of sites) {
		const until = site.kind === 'fingerprint' ? ', as soon as its heartbeat says where it is' : '';
		log.say(Level.Info, `Forwarding to ${describeSite(site)}${until}`);
	}
	const warning = bufferWarning(sockets[0], bufferBytes);
	if (warning !== undefined) log.say(Level.Warning, warning);
}

function tellLosses(log: Log, losses: LossWatch): void {
	const news = losses.news();
	if (news !== undefined) log.say(Level.Warning, news);
}

function logEnd(log: Log, sockets: readonly DatagramSocket[]): void {
	const stats = sockets.map((socket) => socket.stats());
	const sum = (key: 'datagramsIn' | 'datagramsOut' | 'sendCalls') =>
		stats.reduce((total, each) => total + each[key], 0);
	log.say(Level.Verbose, `${sum('datagramsIn')} packets in, ${sum('datagramsOut')} out with ${sum('sendCalls')} calls`);
}

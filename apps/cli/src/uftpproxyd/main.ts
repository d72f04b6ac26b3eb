/** `uftpproxyd`: a server, client or response proxy with the flags, the lines and the exit codes of UFTP 4.10.2. */

import { describeSite } from '@uftp/endpoint/identity';
import { describeProblem } from '@uftp/endpoint/problems';
import { openProxy, type ProxyEnd, type ProxySettings, type RunningProxy } from '@uftp/endpoint/relaying';
import type { DownstreamSite } from '@uftp/protocol';
import { selectDriver } from '@uftp/transport';
import { CommandError, ExitCode } from '../drop-in/command-error.ts';
import { type Starter, startDaemon, starterOfDaemon } from '../drop-in/daemon/daemon.ts';
import { interruption, openDaemonLog, setPriority, settleDaemon } from '../drop-in/daemon/daemon-life.ts';
import { asOpeningError } from '../drop-in/endpoint-error.ts';
import { hexId, Level, type Log } from '../drop-in/log.ts';
import { openLogFile } from '../drop-in/log-file.ts';
import { VERSION_LINE } from '../drop-in/version-line.ts';
import { COMMAND_VOCABULARY } from '../drop-in/vocabulary.ts';
import { type ProxyArguments, parseProxyArguments } from './arguments.ts';
import { ProxyLines } from './log-lines.ts';
import { proxySettings } from './settings.ts';

/** What everybody gets to read when the proxy is ended. */
const FAREWELL = 'Proxy shutting down';

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
	const settings = await proxySettings(options, log);
	const proxy = await open(settings, log);
	const { sites = [] } = settings;
	const lines = new ProxyLines(sites.map(describeSite));
	proxy.events.on((event) => {
		for (const line of lines.of(event)) log.write(line);
	});
	let ending = ExitCode.Interrupted as number;
	try {
		await logStart(log, options, proxy, sites);
		const removePidFile = settleDaemon(options, log, starter);
		const reason = await Promise.race([interruption(), proxy.closed]);
		if (typeof reason === 'number') log.say(Level.Error, `Exiting on signal ${reason}`);
		else ending = failed(log, reason);
		removePidFile();
	} finally {
		await proxy.stop(FAREWELL);
		logEnd(log, proxy);
	}
	return ending;
}

async function open(settings: ProxySettings, log: Log): Promise<RunningProxy> {
	try {
		return await openProxy(settings, { onFault: ({ error }) => log.fault(Level.Error, error, 'Fault: ') });
	} catch (error) {
		throw asOpeningError(error, 'uftpproxyd');
	}
}

/** It has ended by itself. */
function failed(log: Log, { problem }: ProxyEnd): number {
	if (problem !== undefined) log.say(Level.Error, describeProblem(problem, COMMAND_VOCABULARY));
	return ExitCode.Resources;
}

async function logStart(
	log: Log,
	options: ProxyArguments,
	proxy: RunningProxy,
	sites: readonly DownstreamSite[],
): Promise<void> {
	const { mode, port, publicGroups: groups } = options;
	for (const word of options.ignored) log.say(Level.Warning, `"${word}" is no option: ignored, as by the C program`);
	for (const reason of proxy.interfaces.reasons) log.say(Level.Info, describeProblem(reason, COMMAND_VOCABULARY));
	const { sentence } = await selectDriver();
	const hears = mode === 'client' ? '' : `  Groups: ${groups.join(', ')}`;
	const kind = { server: 'Server', client: 'Client', response: 'Response' }[mode];
	log.say(Level.Info, `${kind} proxy  UID: ${hexId(proxy.uid)}${hears}  Port: ${port}  Socket: ${sentence}`);
	for (const site of sites) {
		const until = site.kind === 'fingerprint' ? ', as soon as its heartbeat says where it is' : '';
		log.say(Level.Info, `Forwarding to ${describeSite(site)}${until}`);
	}
	for (const warning of proxy.warnings) log.say(Level.Warning, warning);
}

function logEnd(log: Log, proxy: RunningProxy): void {
	const stats = proxy.socketStats();
	const sum = (key: 'datagramsIn' | 'datagramsOut' | 'sendCalls') =>
		stats.reduce((total, each) => total + each[key], 0);
	log.say(Level.Verbose, `${sum('datagramsIn')} packets in, ${sum('datagramsOut')} out with ${sum('sendCalls')} calls`);
}

/** `uftpd`: receives files with the flags, the lines and the exit codes of UFTP 4.10.2. */
import fs from 'node:fs';
import type { Endpoint, ReceiverEvent, ResponseProxyConfig } from '@uftp/protocol';
import type { FileSink } from '@uftp/storage';
import { bufferWarning, selectDriver } from '@uftp/transport';
import { CommandError, ExitCode } from '../drop-in/command-error.ts';
import { type Starter, startDaemon, starterOfDaemon } from '../drop-in/daemon.ts';
import { interruption, openDaemonLog, setPriority, settleDaemon } from '../drop-in/daemon-life.ts';
import { hexId, Level, type Log } from '../drop-in/log.ts';
import { openLogFile } from '../drop-in/log-file.ts';
import { openStatusOutput, type StatusOutput } from '../drop-in/status-output.ts';
import { VERSION_LINE } from '../drop-in/version-line.ts';
import { parseReceiverArguments, type ReceiverArguments } from './arguments.ts';
import { openSink } from './folders.ts';
import { publicGroups } from './groups.ts';
import { heartbeatTargets, startHeartbeats } from './heartbeats.ts';
import { HostNames } from './host-names.ts';
import { defaultUid, type ListeningInterfaces, listeningInterfaces } from './listening-interfaces.ts';
import { ReceiverLines } from './log-lines.ts';
import { PostReceiveScript } from './post-receive.ts';
import { receiverSecurity } from './receiver-security.ts';
import { ReceivingNode } from './receiving-node.ts';
import { responseProxy } from './response-proxy.ts';
import { SessionKeeping } from './session-keeping.ts';
import { ReceiverStatus } from './status-lines.ts';

/** What senders get to read when the receiver is ended: C's words. */
const FAREWELL = 'Client shutting down';

/** Runs the command with the words behind its name and returns its exit code. Throws a `CommandError`. */
export async function receiveFiles(words: readonly string[], tell: (text: string) => void): Promise<number> {
	const options = parseReceiverArguments(words, process.env.POSIXLY_CORRECT !== undefined);
	if (options.foreground) return receive(options, undefined);
	const starter = starterOfDaemon();
	if (starter === undefined) return startDaemon(words, openLogFile(options.logFile), tell);
	try {
		return await receive(options, starter);
	} catch (error) {
		starter.failed(error instanceof CommandError ? error.message : String(error));
		throw error;
	}
}

/** Receives until a signal comes. */
async function receive(options: ReceiverArguments, starter: Starter | undefined): Promise<number> {
	const log = openDaemonLog(options, starter !== undefined);
	log.say(Level.Info, VERSION_LINE);
	setPriority(options.priority);
	const status = openStatusOutput('F', options.statusFile, log);
	const heartbeats = await heartbeatTargets(options.heartbeatTargets);
	const groups = await publicGroups(options.publicGroups);
	const proxy = await proxyOfGroups(options, groups);
	const security = await receiverSecurity(options, log);
	const interfaces = await listeningInterfaces(options.networkInterfaces, [...groups.keys()]);
	const receiverId = options.receiverId ?? defaultUid(interfaces.firstAddress);
	// A sink for each family: nodes number their files by themselves.
	const sinks = [...groups.keys()].map(() => openSink(options));
	const onEvent = tellEvents(options, log, status);
	const [high, low] = crypto.getRandomValues(new Uint32Array(2));
	const nodes: ReceivingNode[] = [];
	let stopHeartbeats = (): void => {};
	try {
		for (const [i, [family, ofFamily]] of [...groups].entries()) {
			const keeping = sessionKeeping(options, sinks[i], log);
			nodes.push(
				await ReceivingNode.open({
					family,
					port: options.port,
					groups: ofFamily,
					interfaces: interfaces.byFamily.get(family) ?? [],
					bufferBytes: options.bufferBytes,
					receiverId,
					instance: [high, low],
					sink: sinks[i],
					security,
					responseProxy: proxy !== undefined && familyOf(proxy.endpoint) === family ? proxy : undefined,
					dscp: options.dscp,
					onEvent: (event) => {
						onEvent(event);
						keeping.see(event);
					},
					onFault: ({ error }) => {
						log.say(Level.Error, error instanceof Error ? (error.stack ?? error.message) : String(error));
					},
				}),
			);
		}
		const { sentence } = await selectDriver();
		logStart(log, options, interfaces, receiverId, sentence, nodes);
		stopHeartbeats = startHeartbeats(
			heartbeats,
			options.heartbeatSeconds * 1000,
			(target) => nodes.find(({ family }) => family === familyOf(target))?.sendHeartbeat(target, receiverId),
			log,
		);
		const removePidFile = settleDaemon(options, log, starter);
		log.say(Level.Error, `Exiting on signal ${await interruption()}`);
		removePidFile();
	} finally {
		stopHeartbeats();
		for (const node of nodes) node.close(FAREWELL);
		for (const sink of sinks) sink.close();
	}
	return ExitCode.Interrupted;
}

function tellEvents(options: ReceiverArguments, log: Log, status: StatusOutput): (event: ReceiverEvent) => void {
	const names = new HostNames(options.skipHostNames, (address, name) => {
		log.say(Level.Info, `The sender at ${address} is ${name}`);
	});
	const lines = new ReceiverLines((address) => names.of(address));
	const statusLines = new ReceiverStatus(status, (address) => names.whenKnown(address));
	return (event) => {
		for (const line of lines.of(event)) log.write(line);
		if (options.statusFile !== undefined) statusLines.see(event);
	};
}

function sessionKeeping(options: ReceiverArguments, sink: FileSink, log: Log): SessionKeeping {
	const { script, temporaryDirectory, moveOneByOne: oneByOne } = options;
	return new SessionKeeping({
		sink,
		log,
		oneByOne,
		movesSessions: temporaryDirectory !== undefined,
		script: script === undefined ? undefined : new PostReceiveScript(script, log),
	});
}

/** -R; its answers must have a socket of the proxy's address family. */
async function proxyOfGroups(
	{ responseProxy: given, port }: ReceiverArguments,
	groups: ReadonlyMap<4 | 6, unknown>,
): Promise<ResponseProxyConfig | undefined> {
	if (given === undefined) return undefined;
	const proxy = await responseProxy(given, port);
	if (groups.has(familyOf(proxy.endpoint))) return proxy;
	const family = `IPv${familyOf(proxy.endpoint)}`;
	throw new CommandError(
		ExitCode.Parameters,
		`Invalid proxy address ${proxy.endpoint.host}: it is an ${family} address, and -M has no ${family} group.`,
	);
}

function familyOf(endpoint: Endpoint): 4 | 6 {
	return endpoint.host.includes(':') ? 6 : 4;
}

function logStart(
	log: Log,
	options: ReceiverArguments,
	interfaces: ListeningInterfaces,
	receiverId: number,
	socketSentence: string,
	nodes: readonly ReceivingNode[],
): void {
	for (const word of options.ignored) log.say(Level.Warning, `"${word}" is no option: ignored, as by the C program`);
	if (options.script !== undefined && !isRunnable(options.script)) {
		log.say(
			Level.Warning,
			`${options.script} (-s) is not there or cannot be run: files will be received, but not told.`,
		);
	}
	for (const reason of interfaces.reasons) log.say(Level.Info, reason);
	const groups = options.publicGroups.join(', ');
	log.say(Level.Info, `UID: ${hexId(receiverId)}  Groups: ${groups}  Port: ${options.port}  Socket: ${socketSentence}`);
	for (const { listener } of nodes) {
		const warning = bufferWarning(listener, options.bufferBytes);
		if (warning !== undefined) log.say(Level.Warning, warning);
		if (!listener.isShared) continue;
		log.say(
			Level.Warning,
			`Another receiver on this machine has port ${options.port} too: multicast reaches both, a unicast session only the one that was started last. Give each another port (-p) for unicast.`,
		);
	}
}

function isRunnable(script: string): boolean {
	try {
		fs.accessSync(script, fs.constants.X_OK);
		return true;
	} catch {
		return false;
	}
}

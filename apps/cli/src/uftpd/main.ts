/** `uftpd`: receives files with the flags, the lines and the exit codes of UFTP 4.10.2. */
import fs from 'node:fs';
import { describeProblem } from '@uftp/endpoint/problems';
import { openReceiver, type ReceiverSettings, type RunningReceiver } from '@uftp/endpoint/receiving';
import { formatEndpoint, type ReceiverEvent, type ResponseProxyConfig } from '@uftp/protocol';
import { systemPath } from '@uftp/storage/paths';
import type { FileSink } from '@uftp/storage/receiving';
import { addressFamily, type Family } from '@uftp/wire';
import { CommandError, ExitCode } from '../drop-in/command-error.ts';
import { type Starter, startDaemon, starterOfDaemon } from '../drop-in/daemon/daemon.ts';
import { interruption, openDaemonLog, setPriority, settleDaemon } from '../drop-in/daemon/daemon-life.ts';
import { asOpeningError } from '../drop-in/endpoint-error.ts';
import { hexId, Level, type Log } from '../drop-in/log.ts';
import { openLogFile } from '../drop-in/log-file.ts';
import { openStatusOutput, type StatusOutput } from '../drop-in/status-output.ts';
import { VERSION_LINE } from '../drop-in/version-line.ts';
import { COMMAND_VOCABULARY } from '../drop-in/vocabulary.ts';
import { parseReceiverArguments, type ReceiverArguments } from './arguments.ts';
import { openSink } from './folders.ts';
import { publicGroups } from './groups.ts';
import { heartbeatTargets } from './heartbeats.ts';
import { HostNames } from './host-names.ts';
import { ReceiverLines } from './log-lines.ts';
import { PostReceiveScript } from './post-receive.ts';
import { receiverSecurity } from './receiver-security.ts';
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
	const receiver = await open(options, log, status);
	let ending: number = ExitCode.Interrupted;
	try {
		logStart(log, options, receiver);
		const removePidFile = settleDaemon(options, log, starter);
		const signal = await Promise.race([interruption(), receiver.closed]);
		if (signal !== undefined) log.say(Level.Error, `Exiting on signal ${signal}`);
		else ending = ExitCode.Resources;
		removePidFile();
	} finally {
		await receiver.stop(FAREWELL);
	}
	return ending;
}

/** Reads what the options name, and opens the receiver. Throws a `CommandError` with C's exit code. */
async function open(options: ReceiverArguments, log: Log, status: StatusOutput): Promise<RunningReceiver> {
	const to = await heartbeatTargets(options.heartbeatTargets);
	const groups = await publicGroups(options.publicGroups);
	const proxy = await proxyOfGroups(options, groups);
	const { security, senders } = await receiverSecurity(options, log);
	const onEvent = tellEvents(options, log, status);
	const keeping = new Map<Family, SessionKeeping>();
	const settings: ReceiverSettings = {
		publicAddress: [...groups.values()].flat(),
		port: options.port,
		interfaces: options.networkInterfaces.length === 0 ? 'all' : options.networkInterfaces,
		receiveBufferBytes: options.bufferBytes,
		dscp: options.dscp,
		uid: options.receiverId ?? 'address',
		blockSink: (family) => {
			const sink = openSink(options);
			keeping.set(family, sessionKeeping(options, sink, log));
			return sink;
		},
		security,
		senders,
		responseProxy: proxy,
		heartbeats: { to, intervalMs: options.heartbeatSeconds * 1000 },
	};
	try {
		return await openReceiver(settings, {
			onEvent: (event, family) => {
				onEvent(event);
				keeping.get(family)?.see(event);
			},
			onHeartbeat: (target) => log.say(Level.Info, `Sent HB_REQ to ${formatEndpoint(target)}`),
			onFault: ({ error }) => log.fault(Level.Error, error, 'Fault: '),
		});
	} catch (error) {
		throw asOpeningError(error, 'uftpd');
	}
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
	groups: ReadonlyMap<Family, unknown>,
): Promise<ResponseProxyConfig | undefined> {
	if (given === undefined) return undefined;
	const proxy = await responseProxy(given, port);
	const { host } = proxy.endpoint;
	if (groups.has(addressFamily(host))) return proxy;
	const family = `IPv${addressFamily(host)}`;
	throw new CommandError(
		ExitCode.Parameters,
		`Invalid proxy address ${host}: it is an ${family} address, and -M has no ${family} group.`,
	);
}

function logStart(log: Log, options: ReceiverArguments, { ports, uid }: RunningReceiver): void {
	for (const word of options.ignored) log.say(Level.Warning, `"${word}" is no option: ignored, as by the C program`);
	if (options.script !== undefined && !isRunnable(options.script)) {
		log.say(
			Level.Warning,
			`${options.script} (-s) is not there or cannot be run: files will be received, but the script will not be run.`,
		);
	}
	const [{ socket }] = ports;
	for (const note of ports.flatMap(({ notes }) => notes))
		log.say(Level.Info, describeProblem(note, COMMAND_VOCABULARY));
	const groups = options.publicGroups.join(', ');
	log.say(Level.Info, `UID: ${hexId(uid)}  Groups: ${groups}  Port: ${options.port}  Socket: ${socket}`);
	for (const warning of ports.flatMap((port) => port.warnings(options.bufferBytes))) {
		log.say(Level.Warning, typeof warning === 'string' ? warning : describeProblem(warning, COMMAND_VOCABULARY));
	}
}

function isRunnable(script: string): boolean {
	try {
		fs.accessSync(systemPath(script), fs.constants.X_OK);
		return true;
	} catch {
		return false;
	}
}

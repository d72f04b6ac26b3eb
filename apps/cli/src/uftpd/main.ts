/** `uftpd`: receives files with the flags, the lines and the exit codes of UFTP 4.10.2. */
import type { ReceiverEvent } from '@uftp/protocol';
import { FileSink } from '@uftp/storage';
import { bufferWarning, selectDriver } from '@uftp/transport';
import { CommandError, ExitCode } from '../drop-in/command-error.ts';
import { hexId, Level, type Log, openStderrLog } from '../drop-in/log.ts';
import { openLogFile } from '../drop-in/log-file.ts';
import { onInterrupt } from '../drop-in/signals.ts';
import { VERSION_LINE } from '../drop-in/version-line.ts';
import { parseReceiverArguments, type ReceiverArguments } from './arguments.ts';
import { type Starter, startDaemon, starterOfDaemon } from './daemon.ts';
import { publicGroups } from './groups.ts';
import { HostNames } from './host-names.ts';
import { defaultUid, type ListeningInterfaces, listeningInterfaces } from './listening-interfaces.ts';
import { ReceiverLines } from './log-lines.ts';
import { writePidFile } from './pid-file.ts';
import { receiverSecurity } from './receiver-security.ts';
import { ReceivingNode } from './receiving-node.ts';

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

/** Receives until a signal comes. The log is stderr: in daemon mode that is the log file. */
async function receive(options: ReceiverArguments, starter: Starter | undefined): Promise<number> {
	const log = openStderrLog(options.logLevel, true);
	log.say(Level.Info, VERSION_LINE);
	const groups = await publicGroups(options.publicGroups);
	const security = await receiverSecurity(options, log);
	const interfaces = await listeningInterfaces(options.networkInterfaces, [...groups.keys()]);
	const receiverId = options.receiverId ?? defaultUid(interfaces.firstAddress);
	// A sink for each family: nodes number their files by themselves.
	const sinks = [...groups.keys()].map(() => openSink(options));
	const onEvent = logEvents(options, log);
	const [high, low] = crypto.getRandomValues(new Uint32Array(2));
	const nodes: ReceivingNode[] = [];
	try {
		for (const [i, [family, ofFamily]] of [...groups].entries()) {
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
					onEvent,
				}),
			);
		}
		const { sentence } = await selectDriver();
		logStart(log, options, interfaces, receiverId, sentence, nodes);
		const removePidFile = settle(options, log, starter);
		log.say(Level.Error, `Exiting on signal ${await interruption()}`);
		removePidFile();
	} finally {
		for (const node of nodes) node.close(FAREWELL);
		for (const sink of sinks) sink.close();
	}
	return ExitCode.Interrupted;
}

function openSink({ destinations }: ReceiverArguments): FileSink {
	try {
		return new FileSink({ destinations });
	} catch (error) {
		throw new CommandError(ExitCode.Parameters, `couldn't write to dest directory: ${(error as Error).message}`);
	}
}

function logEvents(options: ReceiverArguments, log: Log): (event: ReceiverEvent) => void {
	const names = new HostNames(options.skipHostNames, (address, name) => {
		log.say(Level.Info, `The sender at ${address} is ${name}`);
	});
	const lines = new ReceiverLines((address) => names.of(address));
	return (event) => {
		for (const line of lines.of(event)) log.write(line);
	};
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

/** The daemon's last steps; with -d there are none. Returns how to remove the pid file. */
function settle(options: ReceiverArguments, log: Log, starter: Starter | undefined): () => void {
	if (starter === undefined) {
		if (options.pidFile !== undefined) log.say(Level.Warning, '-P is ignored with -d, as by the C program');
		return () => {};
	}
	const remove = options.pidFile === undefined ? () => {} : writePidFile(options.pidFile);
	process.chdir('/');
	starter.ready();
	return remove;
}

function interruption(): Promise<number> {
	return new Promise((resolve) => onInterrupt(ExitCode.Interrupted, resolve));
}

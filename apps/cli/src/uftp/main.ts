/** `uftp`: sends files to receivers with the flags, the lines and the exit codes of UFTP 4.10.2. */
import { buildCatalogue } from '@uftp/storage';
import { ExitCode, systemReason } from '../drop-in/command-error.ts';
import { calendarTime, Level, Log, openStderrLog } from '../drop-in/log.ts';
import { LogFile } from '../drop-in/log-file.ts';
import { onInterrupt } from '../drop-in/signals.ts';
import { openStatusOutput } from '../drop-in/status-output.ts';
import { parseSenderArguments, type SenderArguments } from './arguments.ts';
import { exitCodeOf, SenderExitCode } from './exit-code.ts';
import { fileArguments, readExcludeList } from './file-arguments.ts';
import { readFileList } from './file-list.ts';
import { type HostList, NO_HOSTS, readHostList, readProxyList } from './host-list.ts';
import { missingLines } from './log-lines.ts';
import { outgoingInterface } from './outgoing-interface.ts';
import { ReceiverNames } from './receiver-names.ts';
import { type RestartFile, readRestartFile, restartFileName, writeRestartFile } from './restart-file.ts';
import { SendingSession } from './sending-session.ts';
import { sessionAddresses } from './session-addresses.ts';
import { sessionSecurity } from './session-security.ts';

/** Runs the command with the words behind its name and returns its exit code. Throws a `CommandError`. */
export async function sendFiles(words: readonly string[]): Promise<number> {
	const options = parseSenderArguments(words, process.env.POSIXLY_CORRECT !== undefined);
	const log = openLog(options);
	const status = openStatusOutput('S', options.statusFile, log);
	const resumed = options.restartFile === undefined ? undefined : readRestartFile(options.restartFile);
	const files = resumed === undefined ? filesOf(options, log) : filesAgain(resumed, options, log);
	const receivers = resumed?.receivers ?? (await receiversOf(options));
	const proxies = resumed?.proxies ?? (await proxiesOf(options));
	const names = new ReceiverNames(receivers.names, receivers.names.size === 0 ? new Map() : proxies.names);
	const fingerprints = new Map([...receivers.fingerprints, ...proxies.fingerprints]);
	const security = await sessionSecurity(options.encryption, fingerprints, options.blockBytes);
	const addresses = await sessionAddresses(options.publicAddress, options.privateAddress, randomBelow);
	const outgoing = await outgoingInterface(options.networkInterface, addresses);
	const { wanted, skipped } = fileArguments(files, options);
	const catalogue = buildCatalogue(wanted, {
		followLinks: options.followLinks,
		blockBytes: options.blockBytes,
		destinationIsDirectory: options.destinationIsDirectory,
		excluded: readExcludeList(options.excludeFile),
		...(options.destinationName === undefined ? {} : { destinationName: options.destinationName }),
	});
	for (const text of skipped) log.say(Level.Error, text);
	if (catalogue.entries.length === 0) {
		for (const problem of catalogue.problems) log.say(Level.Error, problem.sentence);
		log.tell('uftp: there is nothing to send.');
		return SenderExitCode.NothingAccepted;
	}
	const targets = [...receivers.names.keys()];
	const session = new SendingSession({
		options,
		files,
		targets,
		// As in C a list of proxies is for closed groups.
		proxies: targets.length === 0 ? [] : [...proxies.names.keys()],
		security,
		resumed,
		names,
		addresses,
		outgoing,
		catalogue,
		log,
		status,
	});
	// Without a log file the terminal's end is the command's, as ever.
	if (options.logFile !== undefined) process.on('SIGHUP', () => log.reopen());
	onInterrupt(ExitCode.Interrupted, (signal) => {
		log.say(Level.Error, `Got signal ${signal}, aborting`);
		session.abort();
	});
	const end = await session.run();
	for (const text of missingLines(end.results, names)) log.tell(text);
	if (options.isRestartable) keepForRestart(session.restartFile(end, fingerprints, proxies), log);
	if (!log.timestamps) log.say(Level.Info, `uftp: Finishing at ${calendarTime(Date.now())}`);
	return exitCodeOf(end, session.fileInfoWatch);
}

function openLog(options: SenderArguments): Log {
	const { logFile, logLevel: level, logBytesMax: bytesMax, logCount: count, timestamps } = options;
	if (logFile === undefined) return openStderrLog(level, timestamps);
	const file = new LogFile(logFile, bytesMax === undefined ? undefined : { bytesMax, count });
	return new Log({ level, file, timestamps: true });
}

async function receiversOf({ hosts }: SenderArguments): Promise<HostList> {
	return hosts === undefined ? NO_HOSTS : readHostList(hosts);
}

async function proxiesOf({ proxyList }: SenderArguments): Promise<HostList> {
	return proxyList === undefined ? NO_HOSTS : readProxyList(proxyList);
}

/** The files of a restart file; names without a "/" at their front mean the directory of the first run. */
function filesAgain({ files, directory }: RestartFile, options: SenderArguments, log: Log): readonly string[] {
	if (options.files.length > 0) log.tell('Warning: ignoring paths specified on command line');
	if (directory !== process.cwd() && files.some((file) => !file.startsWith('/'))) {
		log.tell(`Warning: the files were first sent from ${directory}, and this is another directory`);
	}
	return files;
}

function keepForRestart(restart: RestartFile | undefined, log: Log): void {
	if (restart === undefined) return;
	const name = restartFileName(restart.groupId);
	try {
		writeRestartFile(restart);
		log.say(Level.Info, `Wrote ${name}: -F ${name} sends the rest to those that have not got everything`);
	} catch (error) {
		log.tell(`uftp: the restart file ${name} cannot be written to ${process.cwd()}: ${systemReason(error)}`);
	}
}

function filesOf(options: SenderArguments, log: Log): readonly string[] {
	if (options.listFile === undefined) return options.files;
	if (options.files.length > 0) log.tell('Warning: ignoring paths specified on command line');
	return readFileList(options.listFile);
}

function randomBelow(below: number): number {
	return Math.floor((crypto.getRandomValues(new Uint32Array(1))[0] / 2 ** 32) * below);
}

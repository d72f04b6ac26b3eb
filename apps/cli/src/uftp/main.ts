/** `uftp`: sends files to receivers with the flags, the lines and the exit codes of UFTP 4.10.2. */
import { sendFiles } from '@uftp/endpoint/sending';
import { workingDirectory } from '@uftp/storage/paths';
import { ExitCode, systemReason } from '../drop-in/command-error.ts';
import { calendarTime, Level, Log, openStderrLog } from '../drop-in/log.ts';
import { LogFile } from '../drop-in/log-file.ts';
import { onInterrupt } from '../drop-in/signals.ts';
import { openStatusOutput } from '../drop-in/status-output.ts';
import { parseSenderArguments, type SenderArguments } from './arguments.ts';
import { exitCodeOf, SenderExitCode, unsent } from './exit-code.ts';
import { missingLines } from './log-lines.ts';
import { type RestartFile, restartFileName, writeRestartFile } from './restart-file.ts';
import { sendSettings } from './send-settings.ts';
import { sendingPlan } from './sending-plan.ts';
import { SendingReport } from './sending-report.ts';

/** Runs the command with the words behind its name and returns its exit code. Throws a `CommandError`. */
export async function runSender(words: readonly string[]): Promise<number> {
	const options = parseSenderArguments(words, process.env.POSIXLY_CORRECT !== undefined);
	const log = openLog(options);
	const status = openStatusOutput('S', options.statusFile, log);
	const plan = await sendingPlan(options, log);
	const report = new SendingReport(plan, log, status);
	const sending = sendFiles(plan.wanted, sendSettings(plan), {
		onEvent: (event) => report.onEvent(event),
		onFault: ({ error }) => log.fault(Level.Verbose, error),
	});
	// Without a log file the terminal's end is the command's, as ever.
	if (options.logFile !== undefined) process.on('SIGHUP', () => log.reopen());
	onInterrupt(ExitCode.Interrupted, (signal) => {
		log.say(Level.Error, `Got signal ${signal}, aborting`);
		sending.abort('Server quit, aborting all');
	});
	const end = await sending.ended;
	if (end.failure?.code === 'nothing-to-send') {
		report.nothingToSend();
		return SenderExitCode.NothingAccepted;
	}
	const exitCode = exitCodeOf(end, report.fileInfoWatch);
	if (exitCode === undefined) throw unsent(end);
	for (const text of missingLines(end.results, plan.names)) log.tell(text);
	if (options.isRestartable) keepForRestart(report.restartFile(end), log);
	if (!log.timestamps) log.say(Level.Info, `uftp: Finishing at ${calendarTime(Date.now())}`);
	return exitCode;
}

function openLog(options: SenderArguments): Log {
	const { logFile, logLevel: level, logBytesMax: bytesMax, logCount: count, timestamps } = options;
	if (logFile === undefined) return openStderrLog(level, timestamps);
	const file = new LogFile(logFile, bytesMax === undefined ? undefined : { bytesMax, count });
	return new Log({ level, file, timestamps: true });
}

function keepForRestart(restart: RestartFile | undefined, log: Log): void {
	if (restart === undefined) return;
	const name = restartFileName(restart.groupId);
	try {
		writeRestartFile(restart);
		log.say(Level.Info, `Wrote ${name}: -F ${name} sends the rest to those that have not got everything`);
	} catch (error) {
		log.tell(`uftp: the restart file ${name} cannot be written to ${workingDirectory()}: ${systemReason(error)}`);
	}
}

/** `uftpctl lab`: the whole system at work on the loopback interface of this machine; nothing leaves it. */
import { join } from 'node:path';
import { connectBus, findLocalBus, type JobAnswer, type JobInput, subjects } from '@uftp/bus';
import type { Logger, LogLevel } from '@uftp/service-kit';
import { ask, type CommandBus } from './command-bus.ts';
import { ExitCode, usageError } from './exit-code.ts';
import { type JobEnd, JobWatch } from './jobs/job-watch.ts';
import { checkCopies, copiesTable } from './lab-copies.ts';
import { type LabStage, setUpStage } from './lab-stage.ts';
import { LabTimeline } from './lab-timeline.ts';
import {
	type CommandLine,
	has,
	numberOf,
	type OptionSpec,
	optionHelp,
	optionOf,
	parseOptions,
	refuseWords,
} from './options.ts';
import { type Stack, startStack } from './stack.ts';
import { bytesText, columns, countText, LiveLine, printable, say } from './terminal.ts';
import { textLogger } from './text-logger.ts';
import { interrupted } from './up.ts';

const specs: readonly OptionSpec[] = [
	{ name: '--file', value: 'PATH', help: 'send this file (default: 8 MiB of random bytes)' },
	{ name: '--receivers', value: 'N', help: 'so many receivers, 1 to 50 (default 3)' },
	{ name: '--loss', value: 'PCT', help: 'percent of the packets that each receiver loses, 0 to 50 (default 0)' },
	{ name: '--stay', help: 'keep everything running afterwards, to play with' },
	{ name: '--help', help: 'this text' },
];

export const labHelp = `Usage: uftpctl lab [options]        (npm run lab -- [options])

Starts a bus, a registry, a sender and receivers in one process, on the loopback interface only, publishes a job on the
bus as any program can, shows it arrive, and compares every copy with the original. Exit code 0 if all of them are
identical, else 1.

${optionHelp(specs)}`;

/** 240.0.0.0/4 is no host's address: these UIDs meet no others. */
const FIRST_UID = 0xf0000001;
/** How long the lab waits for the end of the job, at least, and per MiB and receiver. */
const PATIENCE_MS = 60_000;
const PATIENCE_MS_PER_MIB = 500;

interface LabOptions {
	readonly file: string | undefined;
	readonly receivers: number;
	readonly lossPercent: number;
	readonly isStaying: boolean;
}

/** Runs the command and returns its exit code. Throws a CommandEnd. */
export async function lab(words: readonly string[]): Promise<number> {
	const line = parseOptions('lab', words, specs);
	if (has(line, '--help')) {
		say(labHelp);
		return ExitCode.Done;
	}
	refuseWords('lab', line);
	const options = labOptions(line);
	const stage = await setUpStage(options.receivers, options.file);
	let stack: Stack | undefined;
	let least: LogLevel = 'warn';
	const stop = interrupted();
	try {
		stack = await startLab(stage, options, (role) => textLogger(role, () => least));
		introduce(stage, stack, options);
		const outcome = await Promise.race([showJob(stage, stack), stop.then(() => ExitCode.Interrupted)]);
		if (options.isStaying && outcome !== ExitCode.Interrupted) {
			explainStay(stage, stack);
			await stop;
		}
		return outcome;
	} finally {
		// What a receiver still waits for when all is over is nothing to worry the user with.
		least = 'error';
		await stack?.stop();
		stage.remove();
	}
}

function labOptions(line: CommandLine): LabOptions {
	const loss = optionOf(line, '--loss') ?? '0';
	const lossPercent = /^\d{1,2}(\.\d{1,3})?$/.test(loss) ? Number(loss) : Number.NaN;
	if (!(lossPercent >= 0 && lossPercent <= 50))
		throw usageError(`--loss ${JSON.stringify(loss)} must be a number from 0 to 50.`);
	return {
		file: optionOf(line, '--file'),
		receivers: numberOf(line, '--receivers', 1, 50) ?? 3,
		lossPercent,
		isStaying: has(line, '--stay'),
	};
}

function startLab(stage: LabStage, options: LabOptions, loggerOf: (role: string) => Logger): Promise<Stack> {
	// Keys of a lab are gone with it.
	const stateDir = join(stage.folder, 'state');
	const common = { interface: stage.interfaceName, port: String(stage.port), stateDir, stopSeconds: '0' };
	return startStack({
		natsUrl: undefined,
		busPort: undefined,
		token: options.isStaying ? crypto.randomUUID() : undefined,
		isAnnounced: options.isStaying && findLocalBus() === undefined,
		sender: { ...common, roots: `lab=${stage.rootFolder}` },
		receivers: stage.receiverFolders.map((destination, i) => ({
			...common,
			destination,
			uid: `0x${(FIRST_UID + i).toString(16).toUpperCase()}`,
		})),
		lossShare: options.lossPercent / 100,
		loggerOf,
	});
}

function introduce(stage: LabStage, stack: Stack, options: LabOptions): void {
	const { listener, groups } = stack.port as NonNullable<Stack['port']>;
	const port = stage.portNote === undefined ? `${stage.port}` : `${stage.port} (${stage.portNote})`;
	const loss = options.lossPercent === 0 ? '' : `, each losing ${options.lossPercent} % of its packets`;
	say(`UFTP lab: a sender and ${countText(options.receivers, 'receiver')} on this machine. Nothing leaves it.\n`);
	say(
		columns([
			['bus', `${stack.busUrl} (NATS text protocol, 127.0.0.1 only)`],
			['network', `${stage.interfaceName} (${stage.interfaceAddress}), group ${groups.join(', ')}, UDP port ${port}`],
			['sockets', `${listener.driver}, receive buffer ${bytesText(listener.receiveBufferBytes)}`],
			['sender', `${stack.sender.uid}, may send from root "lab" = ${stage.rootFolder}`],
			...stack.receivers.map(({ uid, destination }, i) => [
				i === 0 ? 'receivers' : '',
				`${uid}, stores under ${destination}${i === 0 ? loss : ''}`,
			]),
		]),
	);
}

/** Publishes the job from outside, through the listener, and shows what becomes of it. */
async function showJob(stage: LabStage, stack: Stack): Promise<number> {
	const bus: CommandBus = { bus: await connectBus(stack.busUrl, { name: 'uftp-lab' }), subjects: subjects() };
	try {
		const job: JobInput = { v: 1, files: [{ root: 'lab', path: stage.fileName }] };
		say(`\nA program asks for ${bytesText(stage.fileBytes)} to be sent, on ${bus.subjects.jobsSend}:`);
		say(`  ${JSON.stringify(job)}`);
		const live = new LiveLine(1);
		const timeline = new LabTimeline(live);
		const watch = new JobWatch(bus, (event) => timeline.take(event));
		await bus.bus.flush();
		const startedMs = performance.now();
		const answer = (await ask(bus.bus, bus.subjects.jobsSend, job, 'The sender is not there.')) as JobAnswer;
		say(`and is answered after ${(performance.now() - startedMs).toFixed(1)} ms:`);
		say(`  ${JSON.stringify(answer)}`);
		if (!answer.ok) return ExitCode.Failed;
		say('\nThe session:');
		watch.follow(answer.job);
		const end = await Promise.race([watch.ended, tooLate(stage)]);
		const wholeMs = performance.now() - startedMs;
		live.keep();
		return await showEnd(stage, stack, end, wholeMs);
	} finally {
		await bus.bus.close();
	}
}

async function showEnd(stage: LabStage, stack: Stack, end: JobEnd | undefined, wholeMs: number): Promise<number> {
	if (end === undefined) say('The job did not end in time.');
	const uids = stack.receivers.map(({ uid }) => uid);
	const { original, copies } = await checkCopies(stage, uids, end?.receivers ?? []);
	say(`\nThe original has the SHA-256 ${original}.\n`);
	say(copiesTable(copies));
	const identical = copies.filter(({ isIdentical }) => isIdentical).length;
	const seconds = wholeMs / 1000;
	say(
		`\n${identical} of ${countText(copies.length, 'copy').replace(/ys$/, 'ies')} identical. ` +
			`${bytesText(stage.fileBytes)} reached all receivers in ${seconds.toFixed(3)} s: ` +
			`goodput ${bytesText(stage.fileBytes / seconds)}/s (${((stage.fileBytes * 8) / seconds / 1e6).toFixed(0)} Mbit/s).`,
	);
	const isRight = end?.phase === 'succeeded' && identical === copies.length;
	if (!isRight) {
		const why = end?.error === undefined ? '' : ` (${printable(end.error.message)})`;
		say(`Something is wrong: the job ${end === undefined ? 'did not end' : end.phase}${why}.`);
	}
	return isRight ? ExitCode.Done : ExitCode.Failed;
}

function tooLate({ fileBytes, receiverFolders }: LabStage): Promise<undefined> {
	const ms = PATIENCE_MS + (fileBytes / 2 ** 20) * PATIENCE_MS_PER_MIB * receiverFolders.length;
	return new Promise((resolve) => setTimeout(() => resolve(undefined), ms).unref());
}

function explainStay(stage: LabStage, stack: Stack): void {
	const isFound = findLocalBus()?.url === stack.busUrl;
	const env = isFound ? '' : `NATS_URL=${stack.busUrl} `;
	say(`\nEverything keeps running until Ctrl-C. In another terminal, for example:
  ${env}bin/uftpctl events
  ${env}bin/uftpctl clients
  cp SOME_FILE ${stage.rootFolder}/ && ${env}bin/uftpctl send ${stage.rootFolder}/SOME_FILE`);
}

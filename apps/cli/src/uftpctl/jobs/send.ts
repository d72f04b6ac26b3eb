/** `uftpctl send`: a job for local files, its progress, and how it ended at each receiver. */
import { type EventDataByKind, isDelivered, type JobAnswer, type JobInput } from '@uftp/bus';
import { ask, type CommandBus, connectCommandBus } from '../command-bus.ts';
import { CommandEnd, ExitCode, exitCodeHelp, usageError } from '../exit-code.ts';
import { has, type OptionSpec, optionHelp, optionOf, parseOptions } from '../options.ts';
import { bytesText, countText, jsonLine, LiveLine, printable, say, tell } from '../terminal.ts';
import { cancelJob } from './cancel.ts';
import { jobOptionSpecs, jobOptionsOf } from './job-options.ts';
import { type JobEnd, JobWatch, type SeenEvent } from './job-watch.ts';
import { locateFiles } from './local-files.ts';
import { progressText, receiverLines } from './progress-text.ts';

const specs: readonly OptionSpec[] = [
	{ name: '--to', value: 'UID,...', help: 'send to exactly these receivers (a closed group)' },
	{ name: '--open', help: 'send to everyone who registers (an open group); the default' },
	{ name: '--proxy', value: 'UID,...', help: 'proxies that the receivers of --to may answer through' },
	{ name: '--as', value: 'NAME', help: 'name at the receivers, for a single file or folder' },
	...jobOptionSpecs,
	{ name: '--root', value: 'LABEL', help: 'the files are paths below this root of a sender, not local files' },
	{ name: '--cancel-on-interrupt', help: 'Ctrl-C cancels the job; without it the job goes on at the sender' },
	{ name: '--json', help: 'every event of the job as one line of JSON on stdout, nothing else' },
	{ name: '--help', help: 'this text' },
];

export const sendHelp = `Usage: uftpctl send FILE... [options]

Sends files and folders by multicast through a sender of this host (it has to see them in one of its roots), shows how
far it is, and then one line per receiver. Without --to, everyone the registry knows in the group is expected.

${optionHelp(specs)}

${exitCodeHelp}

The bus is NATS_URL, else that of a running "uftpctl up".`;

/** How long the bus may be away before a command gives up. */
const DISCONNECTED_MS = 5000;
/** How long the end of a cancelled job is waited for. */
const CANCEL_MS = 10_000;

/** Runs the command and returns its exit code. Throws a CommandEnd. */
export async function send(words: readonly string[]): Promise<number> {
	const line = parseOptions('send', words, specs);
	if (has(line, '--help')) {
		say(sendHelp);
		return ExitCode.Done;
	}
	const isJson = has(line, '--json');
	const paths = line.words;
	if (paths.length === 0) throw usageError('uftpctl send needs at least one file: uftpctl send FILE...');
	const uids = uidsOf('--to', optionOf(line, '--to'));
	const proxies = uidsOf('--proxy', optionOf(line, '--proxy'))?.map((uid) => ({ uid }));
	if (uids !== undefined && has(line, '--open')) throw usageError('--to and --open contradict each other.');
	const as = optionOf(line, '--as');
	if (as !== undefined && paths.length > 1) throw usageError('--as gives one name, and there are several files.');
	const options = jobOptionsOf(line);
	const root = optionOf(line, '--root');
	const bus = await connectCommandBus();
	try {
		const located = root === undefined ? await locateFiles(bus, paths) : undefined;
		const files = located?.files ?? paths.map((path) => ({ root: root as string, path }));
		const job: JobInput = {
			v: 1,
			files: as === undefined ? [...files] : files.map((file) => ({ ...file, as })),
			...(uids === undefined ? {} : { to: { uids } }),
			...(proxies === undefined ? {} : { proxies }),
			...(Object.keys(options).length === 0 ? {} : { options }),
		};
		const subject = located === undefined ? bus.subjects.jobsSend : bus.subjects.jobsSendTo(located.sender);
		return await runJob(bus, subject, job, { isJson, cancelsOnInterrupt: has(line, '--cancel-on-interrupt') });
	} finally {
		await bus.bus.close();
	}
}

/** How a job is shown, and what Ctrl-C does to it. */
interface Manner {
	readonly isJson: boolean;
	readonly cancelsOnInterrupt: boolean;
}

/** Submits the job, shows it, and returns the exit code. */
async function runJob(
	bus: CommandBus,
	subject: string,
	job: JobInput,
	{ isJson, cancelsOnInterrupt }: Manner,
): Promise<number> {
	const live = new LiveLine(2);
	let sender: string | undefined;
	const watch = new JobWatch(bus, (event) => {
		sender ??= senderOf(event);
		if (isJson) say(jsonLine(event.envelope));
		else show(event, live);
	});
	const interrupted = onInterrupt();
	const answer = (await ask(bus.bus, subject, job, 'No sender takes jobs on this bus.')) as JobAnswer;
	if (!answer.ok) {
		watch.close();
		if (isJson) say(jsonLine(answer));
		throw new CommandEnd(ExitCode.Refused, `The job is refused: ${answer.error.message}`);
	}
	watch.follow(answer.job);
	const end = await Promise.race([watch.ended, interrupted, disconnected(bus)]);
	live.keep();
	if (end === 'interrupted') {
		if (cancelsOnInterrupt) return await cancelAndWait(bus, answer.job, sender, watch, isJson);
		throw new CommandEnd(
			ExitCode.Interrupted,
			`Interrupted: the job goes on at the sender; "uftpctl cancel ${answer.job}" ends it, "uftpctl events" shows it.`,
		);
	}
	if (end === 'disconnected') {
		throw new CommandEnd(ExitCode.NoBus, `The bus is gone: what became of the job ${answer.job} is not known.`);
	}
	if (!isJson) summarize(end);
	return exitCodeOf(end);
}

/** Ends the job and shows how far it came. A second Ctrl-C does not wait for that. */
async function cancelAndWait(
	bus: CommandBus,
	job: string,
	sender: string | undefined,
	watch: JobWatch,
	isJson: boolean,
): Promise<number> {
	const again = onInterrupt();
	tell(`Interrupted: cancelling the job ${job} ...`);
	const refusal = await Promise.race([
		cancelJob(bus, job, sender).then(
			() => undefined,
			(error: unknown) => error,
		),
		again,
	]);
	// It may also have ended by itself just now.
	const end = await Promise.race([watch.ended, again, tooLong()]);
	if (typeof end === 'string' && refusal instanceof CommandEnd) throw refusal;
	if (typeof end === 'string')
		throw new CommandEnd(ExitCode.Interrupted, `The job ${job} was asked to end; how it ended is not known.`);
	if (!isJson) summarize(end);
	return end.phase === 'succeeded' ? ExitCode.Done : ExitCode.Interrupted;
}

function tooLong(): Promise<'late'> {
	return new Promise((resolve) => {
		setTimeout(() => resolve('late'), CANCEL_MS).unref();
	});
}

/** "/uftp/sender/studio" of the event of a job. */
function senderOf({ envelope }: SeenEvent): string | undefined {
	return /\/sender\/([A-Za-z0-9_-]{1,64})$/.exec(envelope.source)?.[1];
}

function show({ kind, envelope }: SeenEvent, live: LiveLine): void {
	const { data } = envelope;
	if (kind === 'progress') live.show(progressText(data as Parameters<typeof progressText>[0]));
	if (kind === 'session' && data.phase === 'announced') {
		const { inTheClear } = data as EventDataByKind['session'];
		if (inTheClear !== undefined) tell(`warning: this goes in the clear: ${printable(inTheClear)}`);
		live.show(waitingText(data as EventDataByKind['session']));
	}
	if (kind !== 'receiver' || data.phase === 'joined' || data.phase === 'completed') return;
	const { uid, phase, reason } = data as { uid: string; phase: string; reason?: string };
	live.keep();
	tell(`${printable(uid)} ${phase}${reason === undefined ? '' : `: ${printable(reason)}`}`);
}

function waitingText({ publicAddress, receivers, open, encryption }: EventDataByKind['session']): string {
	const known =
		open === true && receivers !== undefined && receivers > 0 ? countText(receivers, 'known receiver') : 'receivers';
	const secured = encryption === undefined || encryption === 'none' ? '' : ` (encrypted: ${printable(encryption)})`;
	return `announced on ${printable(publicAddress ?? '?')}${secured}, waiting for ${known} to register`;
}

function summarize(end: JobEnd): void {
	const receivers = end.receivers ?? [];
	if (receivers.length > 0) say(receiverLines(receivers));
	const have = receivers.filter(({ outcome }) => isDelivered(outcome)).length;
	const size = `${countText(end.fileCount ?? 0, 'file')}, ${bytesText(end.totalBytes ?? 0)}`;
	const time = end.seconds === undefined ? '' : ` in ${end.seconds.toFixed(3)} s`;
	const why = end.error === undefined ? '' : `: ${printable(end.error.message)}`;
	say(`${end.phase}: ${size} to ${have} of ${countText(receivers.length, 'receiver')}${time}${why}`);
}

/** Codes of jobs that failed at the sender, not for want of receivers. */
const NOT_SENT: ReadonlySet<string | undefined> = new Set(['cannot-send', 'internal']);

function exitCodeOf(end: JobEnd): number {
	if (end.phase === 'succeeded') return ExitCode.Done;
	if (end.phase === 'partial') return ExitCode.Partial;
	if (end.phase === 'cancelled' || NOT_SENT.has(end.error?.code)) return ExitCode.Failed;
	return ExitCode.Nobody;
}

function uidsOf(option: string, text: string | undefined): string[] | undefined {
	if (text === undefined) return undefined;
	const uids = text.split(',').map((uid) => uid.trim());
	for (const uid of uids) {
		if (!/^(0[xX])?[0-9A-Fa-f]{1,8}$/.test(uid)) {
			throw usageError(`${option} ${JSON.stringify(text)}: ${JSON.stringify(uid)} is no UID such as 0x0A630002.`);
		}
	}
	return uids.map((uid) => (/^0x/i.test(uid) ? `0x${uid.slice(2)}` : `0x${uid}`));
}

function onInterrupt(): Promise<'interrupted'> {
	return new Promise((resolve) => {
		for (const name of ['SIGINT', 'SIGTERM'] as const) process.once(name, () => resolve('interrupted'));
	});
}

/** A bus that stays away tells nothing of the end any more. */
function disconnected({ bus }: CommandBus): Promise<'disconnected'> {
	return new Promise((resolve) => {
		bus.onStatus((status) => {
			if (status.type === 'closed') resolve('disconnected');
			if (status.type === 'disconnected') {
				setTimeout(() => {
					if (!bus.connected) resolve('disconnected');
				}, DISCONNECTED_MS).unref();
			}
		});
	});
}

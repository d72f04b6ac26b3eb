/** `uftpctl cancel`: ends a job that waits or runs, whoever sent it. */
import { hostname, userInfo } from 'node:os';
import type { CancelAnswer, CancelRequest } from '@uftp/bus';
import { ask, type CommandBus, connectCommandBus } from '../command-bus.ts';
import { CommandEnd, ExitCode, exitCodeHelp, usageError } from '../exit-code.ts';
import { has, type OptionSpec, optionHelp, optionOf, parseOptions } from '../options.ts';
import { registryNodes } from '../registry-nodes.ts';
import { say } from '../terminal.ts';

const specs: readonly OptionSpec[] = [
	{ name: '--sender', value: 'ID', help: 'the sender that has the job; by default every sender is asked' },
	{ name: '--help', help: 'this text' },
];

export const cancelHelp = `Usage: uftpctl cancel JOB [options]

Ends a job that waits or runs: the sender tells its receivers to give up, and they discard what is not complete. Files that
are complete stay. "uftpctl send" and "uftpctl events" show the ids of jobs.

${optionHelp(specs)}

${exitCodeHelp}`;

/** Runs the command and returns its exit code. Throws a CommandEnd. */
export async function cancel(words: readonly string[]): Promise<number> {
	const line = parseOptions('cancel', words, specs);
	if (has(line, '--help')) {
		say(cancelHelp);
		return ExitCode.Done;
	}
	const [job, ...more] = line.words;
	if (job === undefined || more.length > 0) throw usageError('uftpctl cancel takes one job: uftpctl cancel JOB.');
	if (!/^[A-Za-z0-9][A-Za-z0-9_-]{0,63}$/.test(job)) throw usageError(`${JSON.stringify(job)} is no id of a job.`);
	const sender = optionOf(line, '--sender');
	if (sender !== undefined && !/^[A-Za-z0-9_-]{1,64}$/.test(sender))
		throw usageError(`--sender ${JSON.stringify(sender)} is no id of a sender.`);
	const bus = await connectCommandBus();
	try {
		const was = await cancelJob(bus, job, sender);
		say(was === 'waiting' ? `${job} is cancelled: it was still waiting.` : `${job} is being ended at its receivers.`);
		return ExitCode.Done;
	} finally {
		await bus.bus.close();
	}
}

/** Cancels a job at its sender, or at whichever sender has it. Throws a CommandEnd if none could. */
export async function cancelJob(bus: CommandBus, job: string, sender?: string): Promise<'waiting' | 'running'> {
	const senders = sender === undefined ? await sendersOf(bus) : [sender];
	let refusal: { readonly code: string; readonly message: string } | undefined;
	let silence: CommandEnd | undefined;
	for (const id of senders) {
		try {
			const answer = await request(bus, id, job);
			if (answer.ok) return answer.was;
			// One that had the job knows more than those that never did.
			if (refusal === undefined || refusal.code === 'no-such-job') refusal = answer.error;
		} catch (error) {
			if (!(error instanceof CommandEnd)) throw error;
			// One that was killed is still listed for a while: another one may have the job.
			silence = error;
		}
	}
	if (refusal === undefined && silence !== undefined) throw silence;
	if (refusal === undefined) throw new CommandEnd(ExitCode.NoBus, 'No sender is known on this bus.');
	throw new CommandEnd(ExitCode.Refused, refusal.message);
}

async function sendersOf(bus: CommandBus): Promise<string[]> {
	const nodes = await registryNodes(bus, { role: 'sender' });
	return nodes.map(({ heartbeat }) => heartbeat.id);
}

async function request({ bus, subjects }: CommandBus, sender: string, job: string): Promise<CancelAnswer> {
	const question: CancelRequest = { v: 1, job, by: caller() };
	const nobody = `The sender ${sender} does not answer: it is not there, or too old to be asked.`;
	return (await ask(bus, subjects.cancel(sender), question, nobody)) as CancelAnswer;
}

/** "alice on build-7". */
function caller(): string {
	let user: string;
	try {
		user = userInfo().username;
	} catch {
		// A process may run under a number that has no name.
		user = `user ${process.getuid?.() ?? '?'}`;
	}
	return `${user} on ${hostname()}`.replace(/\p{Cc}/gu, '?').slice(0, 100);
}

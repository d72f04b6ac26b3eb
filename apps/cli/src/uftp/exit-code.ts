/** Which exit code a sending session ends with: the codes of UFTP 4.10.2 (its manual, EXIT STATUS), in one table. */
import { describeProblem } from '@uftp/endpoint/problems';
import type { SendingEnd, SendingFailure } from '@uftp/endpoint/sending';
import type { SenderEvent } from '@uftp/protocol';
import { CommandError, ExitCode } from '../drop-in/command-error.ts';
import { COMMAND_VOCABULARY } from '../drop-in/vocabulary.ts';

export const SenderExitCode = {
	...ExitCode,
	/** Nobody registered; with -q: somebody did not. */
	NobodyRegistered: 7,
	/** Nobody answered a FILEINFO. */
	NobodyAnsweredFileInfo: 8,
	/** All receivers were lost, have aborted or were aborted. */
	AllLost: 9,
	/** The session ran to its end, but no receiver accepted a file. */
	NothingAccepted: 10,
} as const;

const OF_FAILURE: Readonly<Partial<Record<SendingFailure['code'], number>>> = {
	'nobody-registered': SenderExitCode.NobodyRegistered,
	'nobody-answered-file-info': SenderExitCode.NobodyAnsweredFileInfo,
	'all-lost': SenderExitCode.AllLost,
	'quit-on-error': SenderExitCode.AllLost,
	'time-exceeded': SenderExitCode.AllLost,
	interrupted: SenderExitCode.Interrupted,
	'file-changed': SenderExitCode.AllLost,
	'all-files-unavailable': SenderExitCode.NothingAccepted,
};

type Ended = Pick<SendingEnd, 'failure' | 'results'>;

/** Watches whether anybody answered the FILEINFO of the file that the session is at. */
export class FileInfoWatch {
	#isAnswered = true;

	see(event: SenderEvent): void {
		if (event.kind === 'fileStarted') this.#isAnswered = false;
		else if (event.kind === 'passStarted') this.#isAnswered = true;
		else if (event.kind === 'fileCompletedBy') this.#isAnswered ||= ANSWERS.has(event.result.outcome);
	}

	/** True when the latest file found nobody. */
	get isUnanswered(): boolean {
		return !this.#isAnswered;
	}
}

const ANSWERS: ReadonlySet<string> = new Set(['received', 'overwritten', 'skipped', 'rejected']);

/**
 * The exit code of a session; undefined if it was not started, or met a fault. Without a failure it is 0 as soon as one
 * receiver accepted one thing, as in C; who has not got everything is printed. When all are lost it counts whether the
 * last file still found an answer.
 */
export function exitCodeOf({ failure, results }: Ended, watch: FileInfoWatch): number | undefined {
	if (failure?.code === 'all-lost' && watch.isUnanswered) return SenderExitCode.NobodyAnsweredFileInfo;
	if (failure?.code === 'quit-on-error' && results.some((result) => result.outcome === 'mute')) {
		return SenderExitCode.NobodyRegistered;
	}
	if (failure !== undefined) return OF_FAILURE[failure.code];
	const accepted = results.some((result) => result.filesReceived + result.filesOverwritten + result.filesSkipped > 0);
	return accepted ? SenderExitCode.Done : SenderExitCode.NothingAccepted;
}

/** The error of a session that was not started, or met a fault of this program, in C's words where it has them. */
export function unsent({ failure = { code: 'internal', facts: {} } }: Pick<SendingEnd, 'failure'>): CommandError {
	const { code, facts } = failure;
	const sentence = describeProblem(failure, COMMAND_VOCABULARY);
	switch (code) {
		case 'public-address-unknown':
			return new CommandError(
				ExitCode.Network,
				`Invalid public address or port: "${facts['publicAddress']}": ${facts['why']}.`,
			);
		case 'private-address-invalid':
			return new CommandError(
				ExitCode.Network,
				`Invalid private address: "${facts['pattern']}" is not a multicast group. Parts other than the first may be the letter x.`,
			);
		case 'address-families-differ':
			return new CommandError(
				ExitCode.Network,
				`IP version mismatch between public and private addresses: ${facts['publicAddress']} and ${facts['privateAddress']}.`,
			);
		case 'interface-unknown':
			return new CommandError(ExitCode.Parameters, `Invalid name/address ${facts['wanted']}: ${facts['why']}`);
		case 'interface-missing':
			return new CommandError(
				ExitCode.Network,
				`Error getting an outgoing interface: ${facts['why']} Use -I for that.`,
			);
		case 'uid-underivable':
			return new CommandError(ExitCode.Network, sentence);
		case 'socket-failed': {
			const exitCode = facts['systemCode'] === 'EDSCP' ? ExitCode.Parameters : ExitCode.Network;
			return new CommandError(exitCode, `uftp: ${sentence}`);
		}
		case 'internal':
			return new CommandError(ExitCode.Resources, `uftp: ${sentence} With -x 3 the log says where.`);
		default:
			return new CommandError(ExitCode.Parameters, `uftp: ${sentence}`);
	}
}

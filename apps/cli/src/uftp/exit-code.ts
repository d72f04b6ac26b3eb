/** Which exit code a sending session ends with: the codes of UFTP 4.10.2 (its manual, EXIT STATUS), in one table. */
import type { SenderEnd, SenderEvent, SenderFailure } from '@uftp/protocol';
import { ExitCode } from '../drop-in/command-error.ts';

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

const OF_FAILURE: Readonly<Record<SenderFailure, number>> = {
	nobodyRegistered: SenderExitCode.NobodyRegistered,
	nobodyAnsweredFileInfo: SenderExitCode.NobodyAnsweredFileInfo,
	allLost: SenderExitCode.AllLost,
	quitOnError: SenderExitCode.AllLost,
	timeExceeded: SenderExitCode.AllLost,
	interrupted: SenderExitCode.Interrupted,
	fileChanged: SenderExitCode.AllLost,
	allFilesUnavailable: SenderExitCode.NothingAccepted,
};

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
 * The exit code of a session. Without a failure it is 0 as soon as one receiver accepted one thing, as in C; who has
 * not got everything is printed. When all are lost it counts whether the last file still found an answer.
 */
export function exitCodeOf(end: SenderEnd, watch: FileInfoWatch): number {
	const { failure, results } = end;
	if (failure?.code === 'allLost' && watch.isUnanswered) return SenderExitCode.NobodyAnsweredFileInfo;
	if (failure?.code === 'quitOnError' && results.some((result) => result.outcome === 'mute')) {
		return SenderExitCode.NobodyRegistered;
	}
	if (failure !== undefined) return OF_FAILURE[failure.code];
	const accepted = results.some((result) => result.filesReceived + result.filesOverwritten + result.filesSkipped > 0);
	return accepted ? SenderExitCode.Done : SenderExitCode.NothingAccepted;
}

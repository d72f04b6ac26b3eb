/** How a job ended, and why, in sentences. */
import { type EventDataByKind, jobEnd, type ReceiverResult } from '@uftp/bus';
import { describeProblem } from '@uftp/endpoint/problems';
import type { SendingEnd, SendingFailure } from '@uftp/endpoint/sending';
import { shortened } from '@uftp/service-kit';
import { SERVICE_VOCABULARY } from '../vocabulary.ts';
import type { Refusal } from './job-files.ts';

/** What the last event of a job says about its end. */
export type JobEnding = Pick<EventDataByKind['job'], 'phase' | 'session' | 'receivers' | 'seconds' | 'error'>;

export interface EndedJob {
	readonly end: Pick<SendingEnd, 'failure' | 'socket'>;
	/** Undefined: no session was started. */
	readonly session: string | undefined;
	readonly receivers: readonly ReceiverResult[];
	/** Why somebody ended it. */
	readonly cancelled: string | undefined;
}

export function endingOf({ end, session, receivers, cancelled }: EndedJob): JobEnding {
	const common = { ...(session === undefined ? {} : { session }), receivers: [...receivers] };
	const { failure, socket } = end;
	if (cancelled !== undefined && failure?.code === 'interrupted') {
		return { ...common, phase: 'cancelled', error: { code: 'cancelled', message: cancelled } };
	}
	if (failure?.code === 'internal') return failedWith({ code: 'internal', message: failureSentence(failure) }, common);
	if (failure !== undefined && session === undefined) {
		return failedWith({ code: 'cannot-send', message: failureSentence(failure) }, common);
	}
	const phase = jobEnd(receivers.map(({ outcome }) => outcome));
	if (phase === 'succeeded') return { ...common, phase };
	const error = jobProblem(failure, receivers.length, socket);
	return { ...common, phase, ...(error === undefined ? {} : { error }) };
}

/** A job that fails before it has receivers, or in the middle of a fault. */
export function failedWith(error: Refusal, more: Partial<JobEnding> = {}): JobEnding {
	return { receivers: [], ...more, phase: 'failed', error: { ...error, message: shortened(error.message) } };
}

/** Why the session failed, in the words of this program. */
export function failureSentence(failure: SendingFailure): string {
	return describeProblem(failure, SERVICE_VOCABULARY);
}

/** Why a job did not succeed, beyond what stands at its receivers. */
function jobProblem(
	failure: SendingFailure | undefined,
	receivers: number,
	socket: SendingEnd['socket'],
): Refusal | undefined {
	if (failure === undefined && receivers > 0) return undefined;
	const code = failure?.code ?? 'nobody-registered';
	const message = failure === undefined ? 'No receiver answered the announcement.' : failureSentence(failure);
	if (socket === undefined || socket.sendErrors === 0) return { code, message: shortened(message) };
	// Nobody answers a sender whose datagrams do not get out: then that is what the user has to know.
	const why = `${socket.sendErrors} datagrams could not be sent: ${socket.lastError}`;
	return { code, message: shortened(`${message} ${why}${/[.!?]$/.test(why) ? '' : '.'}`) };
}

/** Runs one job: plans it, sends its files, and says how it ended at each receiver. */
import { describeError, EndpointError } from '@uftp/endpoint/problems';
import { type Sending, sendFiles } from '@uftp/endpoint/sending';
import { monotonicMs } from '@uftp/transport';
import { encryptionOf } from '../encryption-choice.ts';
import { SERVICE_VOCABULARY } from '../vocabulary.ts';
import { endingOf, failedWith, type JobEnding } from './job-ending.ts';
import { jobFault } from './job-fault.ts';
import type { JobContext, JobOrder } from './job-order.ts';
import { type JobPlan, planJob } from './job-plan.ts';
import { JobWatch } from './job-watch.ts';
import { expectLateProxies } from './late-proxies.ts';
import { receiverResults } from './receiver-results.ts';
import { sendSettings } from './send-settings.ts';

export interface RunningJob {
	/** Ends the session for everybody, or as soon as it has begun; `ended` then says that it was cancelled. */
	abort(reason: string): void;
	/** Never rejects. */
	readonly ended: Promise<JobEnding>;
}

export function runJob(order: JobOrder, context: JobContext): RunningJob {
	const startedMs = monotonicMs();
	const seconds = (): number => Math.max(0, Math.round(monotonicMs() - startedMs) / 1000);
	// A job may be cancelled before its session has begun. Of several reasons the first one counts.
	const interruption = new AbortController();
	const ended = run(order, context, interruption.signal, seconds)
		.catch((error: unknown) => faultOf(error, order, context))
		.then((ending) => ({ ...ending, seconds: seconds() }));
	return { abort: (reason) => interruption.abort(reason), ended };
}

async function run(
	order: JobOrder,
	context: JobContext,
	interruption: AbortSignal,
	seconds: () => number,
): Promise<JobEnding> {
	const plan = await planJob(order, context);
	if ('refusal' in plan) return failedWith(plan.refusal);
	order.encryption = encryptionOf(plan.security);
	warnOf(order, plan, context);
	const { logger } = context.service;
	const watch = new JobWatch(order, plan, context, { progress: () => sending.progress, seconds });
	const sending: Sending = sendFiles(order.catalogue, sendSettings(order, context.config, plan), {
		onEvent: (event) => watch.onEvent(event),
		onFault: ({ error }) => void jobFault(order.id, error, logger),
	});
	const abort = (): void => sending.abort(String(interruption.reason));
	if (interruption.aborted) abort();
	else interruption.addEventListener('abort', abort);
	const stopListening = expectLateProxies(sending, order, plan.proxies, context);
	const end = await sending.ended.finally(stopListening);
	watch.ended(end);
	const { session, tally } = watch;
	const isKnown = session !== undefined && end.failure?.code !== 'internal';
	const receivers = isKnown
		? receiverResults(end, {
				fileCount: order.catalogue.entries.length,
				expected: plan.expected,
				secondsOf: tally.secondsOf,
				keptOut: keptOut(plan),
			})
		: [];
	return endingOf({
		end,
		session,
		receivers,
		cancelled: interruption.aborted ? String(interruption.reason) : undefined,
	});
}

function keptOut({ security }: JobPlan): ReadonlyMap<number, string> {
	return security.kind === 'encrypted' ? security.keptOut : new Map();
}

function warnOf({ id }: JobOrder, plan: JobPlan, { service }: JobContext): void {
	const { security } = plan;
	for (const warning of keptOut(plan).values()) service.logger.warn(warning);
	if (security.kind === 'clear' && !security.wasAsked) {
		service.logger.warn(`Job ${id} goes in the clear: ${security.why}.`);
	}
}

/** What was thrown outside the session: by the plan, or by a report. */
function faultOf(error: unknown, { id }: JobOrder, { service }: JobContext): JobEnding {
	if (error instanceof EndpointError) {
		return failedWith({ code: 'cannot-send', message: describeError(error, SERVICE_VOCABULARY) });
	}
	return failedWith(jobFault(id, error, service.logger));
}

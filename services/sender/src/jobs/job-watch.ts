/** Everything that is reported of one job from its first event to its last: session, files, receivers, progress. */
import type { SendingEnd, SendingEvent, SendingOpened } from '@uftp/endpoint/sending';
import type { SenderProgress } from '@uftp/protocol';
import { ProgressThrottle } from '@uftp/service-kit';
import { monotonicMs } from '@uftp/transport';
import { formatHexId } from '@uftp/wire';
import { type JobContext, type JobOrder, jobFacts, listedFiles } from './job-order.ts';
import type { JobPlan } from './job-plan.ts';
import { JobProgress } from './job-progress.ts';
import { JobTally } from './job-tally.ts';
import { rateKbpsOf } from './send-settings.ts';
import { SessionReports } from './session-reports.ts';

export class JobWatch {
	readonly tally: JobTally;
	readonly #order: JobOrder;
	readonly #plan: JobPlan;
	readonly #context: JobContext;
	/** How far the session is. */
	readonly #progressOf: () => SenderProgress | undefined;
	readonly #throttle = new ProgressThrottle();
	#session: { readonly id: string; readonly reports: SessionReports; readonly progress: JobProgress } | undefined;

	constructor(order: JobOrder, plan: JobPlan, context: JobContext, watched: Watched) {
		this.#order = order;
		this.#plan = plan;
		this.#context = context;
		this.#progressOf = watched.progress;
		this.tally = new JobTally(order.catalogue.entries.length, watched.seconds);
	}

	/** The session's id as events carry it; undefined if none was opened. */
	get session(): string | undefined {
		return this.#session?.id;
	}

	onEvent(event: SendingEvent): void {
		if (event.kind === 'opened') this.#opened(event);
		this.tally.onEvent(event);
		this.#session?.reports.onEvent(event);
		if (event.kind === 'progress' || event.kind === 'registrationEnded') this.#sample();
	}

	/** The session is over. */
	ended(end: SendingEnd): void {
		this.#sample();
		this.#session?.reports.ended(end);
	}

	#opened(opened: SendingOpened): void {
		const { events, service, config } = this.#context;
		const { logger } = service;
		const { id: job, catalogue } = this.#order;
		const { entries, totalBytes } = catalogue;
		const { expected, security } = this.#plan;
		const id = formatHexId(opened.session.groupId);
		for (const warning of opened.warnings) logger.warn(warning);
		const rateKbps = rateKbpsOf(this.#order.job, config);
		const inTheClear = security.kind === 'clear' && !security.wasAsked ? security.why : undefined;
		const about = { opened, job, rateKbps, totalBytes, expected, inTheClear };
		const facts = { session: id, job, blockBytes: opened.session.blockBytes, files: entries, totalBytes };
		this.#session = {
			id,
			reports: new SessionReports(about, events, logger),
			progress: new JobProgress(facts, monotonicMs()),
		};
		const running = {
			phase: 'running',
			...jobFacts(this.#order),
			session: id,
			files: listedFiles(this.#order),
		} as const;
		events.publish('job', running, job);
	}

	#sample(): void {
		const progress = this.#progressOf();
		if (this.#session === undefined || progress === undefined) return;
		const now = monotonicMs();
		const sample = this.#session.progress.sample(now, progress, this.tally.receiversDone);
		const { id } = this.#session;
		if (!this.#throttle.isDue(`${id} ${sample.fileId ?? 0}`, now, sample.percent)) return;
		this.#context.events.publish('progress', sample, this.#order.id);
	}
}

export interface Watched {
	/** How far the session is. */
	readonly progress: () => SenderProgress | undefined;
	/** How long the job has been running. */
	readonly seconds: () => number;
}

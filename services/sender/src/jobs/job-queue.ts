/** Takes jobs: checks them, answers, lets them wait for their turn, runs them, and says how they ended. */
import type { CancelAnswer, CancelRequest, Job, JobAnswer, SessionEncryption } from '@uftp/bus';
import { parseJob } from '@uftp/bus/schemas';
import { type SessionAddresses, sessionAddresses } from '@uftp/endpoint/network';
import { describeError, EndpointError } from '@uftp/endpoint/problems';
import { newJobId, shortened } from '@uftp/service-kit';
import { encryptionOf, unsent } from '../encryption-choice.ts';
import { SERVICE_VOCABULARY } from '../vocabulary.ts';
import type { JobEnding } from './job-ending.ts';
import { jobFault } from './job-fault.ts';
import { findJobFiles, type Refusal } from './job-files.ts';
import { type JobContext, type JobOrder, jobFacts, targetsOf } from './job-order.ts';
import { planJob } from './job-plan.ts';
import { type RunningJob, runJob } from './run-job.ts';
import { optionsProblem } from './send-settings.ts';

/** Ids that are remembered: the same job is not sent twice. */
const REMEMBERED_IDS = 10_000;
const STOPPING = 'The sender is shutting down.';
const STOPPED: Refusal = { code: 'stopping', message: `${STOPPING} Send the job again in a moment.` };

/** A job whose files are still looked for. It has its place in the queue already. */
interface Check {
	/** Never rejects. */
	readonly answer: Promise<JobAnswer>;
	/** Why somebody has ended it meanwhile. */
	cancelled: string | undefined;
}

export class JobQueue {
	readonly #context: JobContext;
	readonly #onChange: () => void;
	readonly #checks = new Map<string, Check>();
	readonly #waiting: JobOrder[] = [];
	readonly #running = new Map<string, RunningJob>();
	/** Ids that were taken, oldest first, and what was answered about their encryption. */
	readonly #taken = new Map<string, SessionEncryption>();
	#isStopping = false;
	#whenIdle: (() => void) | undefined;

	/** `onChange`: the numbers below have changed. */
	constructor(context: JobContext, onChange: () => void) {
		this.#context = context;
		this.#onChange = onChange;
	}

	get runningCount(): number {
		return this.#running.size;
	}

	get waitingCount(): number {
		return this.#waiting.length;
	}

	/** Checks a job and puts it in the queue; the answer says its id or why it is refused. */
	async submit(payload: Uint8Array): Promise<JobAnswer> {
		const { logger } = this.#context.service;
		const parsed = parseJob(payload);
		if (!parsed.ok) return this.#refuse({ code: 'bad-job', message: parsed.problem });
		const job = parsed.value;
		const id = job.id ?? newJobId();
		const check = this.#checks.get(id);
		const encryption = this.#taken.get(id);
		if (check !== undefined || encryption !== undefined) {
			logger.info(`Job ${id} came once more: it is sent once.`);
			return check?.answer ?? { ok: true, job: id, ...(encryption === undefined ? {} : { encryption }) };
		}
		const refusal = this.#busyness();
		if (refusal !== undefined) return this.#refuse(refusal, job);
		const answer = this.#admit(id, job);
		this.#checks.set(id, { answer, cancelled: undefined });
		return answer;
	}

	/** Tells the subscribers of events that a job was refused which nobody waits for. */
	reportRefused(refusal: Refusal, id: string | undefined): void {
		const job = id ?? newJobId();
		const encryption = unsent(refusal.message);
		this.#context.events.publish('job', { phase: 'failed', job, receivers: [], encryption, error: refusal }, job);
	}

	/** Ends a job before its time: one that waits at once, one that runs as soon as its receivers have been told. */
	cancel({ job, by }: CancelRequest): CancelAnswer {
		const reason = by === undefined ? 'Cancelled.' : `Cancelled by ${by}.`;
		const run = this.#running.get(job);
		if (run !== undefined) {
			run.abort(reason);
			return { ok: true, job, was: 'running' };
		}
		const check = this.#checks.get(job);
		if (check !== undefined) {
			check.cancelled ??= reason;
			return { ok: true, job, was: 'waiting' };
		}
		const at = this.#waiting.findIndex(({ id }) => id === job);
		if (at < 0) return { ok: false, error: this.#notHere(job) };
		for (const order of this.#waiting.splice(at, 1)) this.#endUnsent(order, reason);
		this.#changed();
		return { ok: true, job, was: 'waiting' };
	}

	/** Takes nothing new, cancels what waits, gives what runs `finishMs`, and then aborts it. */
	async stop(finishMs: number): Promise<void> {
		this.#isStopping = true;
		for (const order of this.#waiting.splice(0)) this.#endUnsent(order, STOPPING);
		if (this.#running.size === 0) return;
		const idle = new Promise<void>((resolve) => {
			this.#whenIdle = resolve;
		});
		const timer = setTimeout(() => {
			for (const run of this.#running.values()) run.abort(STOPPING);
		}, finishMs);
		await idle;
		clearTimeout(timer);
	}

	/** Checks a job and takes it, or says why not: then, corrected, it may come again under its id. */
	async #admit(id: string, job: Job): Promise<JobAnswer> {
		let order: JobOrder | Refusal;
		try {
			order = await this.#check(id, job);
		} catch (error) {
			order = jobFault(id, error, this.#context.service.logger);
		}
		const cancelled = this.#checks.get(id)?.cancelled;
		this.#checks.delete(id);
		if ('code' in order) return this.#refuse(order, job);
		if (this.#isStopping && cancelled === undefined) return this.#refuse(STOPPED, job);
		this.#accept(order, cancelled);
		return { ok: true, job: id, encryption: order.encryption };
	}

	async #check(id: string, job: Job): Promise<JobOrder | Refusal> {
		const { config } = this.#context;
		const { options } = job;
		const problem = optionsProblem(job, config);
		if (problem !== undefined) return { code: 'bad-job', message: problem };
		const addresses = addressesOf(
			options?.publicAddress ?? config.publicAddress,
			options?.privateAddress ?? config.privateAddress,
		);
		if ('code' in addresses) return addresses;
		const files = await findJobFiles(job, {
			roots: config.roots,
			followLinks: options?.followLinks ?? config.followLinks,
			blockSize: options?.blockSize ?? config.blockSize,
		});
		if (!files.ok) return files.refusal;
		const order = { id, job, catalogue: files.catalogue, addresses, targets: targetsOf(job) };
		const plan = await planJob(order, this.#context);
		return 'refusal' in plan ? plan.refusal : { ...order, encryption: encryptionOf(plan.security) };
	}

	#busyness(): Refusal | undefined {
		const { jobsWaiting, jobsAtOnce } = this.#context.config;
		if (this.#isStopping) return STOPPED;
		// Those that are being checked count: otherwise any number could come while one walk of a folder lasts.
		if (this.#checks.size + this.#waiting.length + this.#running.size < jobsWaiting + jobsAtOnce) return undefined;
		return {
			code: 'queue-full',
			message: `${jobsWaiting} jobs are waiting already, as many as this sender lets wait (UFTP_JOBS_WAITING).`,
		};
	}

	#refuse(refusal: Refusal, job?: Job): JobAnswer {
		const id = job?.id === undefined ? '' : ` ${job.id}`;
		this.#context.service.logger.warn(`The job${id} is refused (${refusal.code}): ${refusal.message}`);
		const error = { code: refusal.code, message: shortened(refusal.message) };
		return { ok: false, error, encryption: unsent(error.message) };
	}

	#remember({ id, encryption }: JobOrder): void {
		this.#taken.set(id, encryption);
		if (this.#taken.size <= REMEMBERED_IDS) return;
		for (const oldest of this.#taken.keys()) {
			this.#taken.delete(oldest);
			return;
		}
	}

	/** `cancelled`: why it is over already. */
	#accept(order: JobOrder, cancelled: string | undefined): void {
		const { id, job, catalogue } = order;
		const { events, service } = this.#context;
		const to = job.to?.uids === undefined ? 'everybody who registers' : `${job.to.uids.length} receivers`;
		service.logger.info(`Job ${id}: ${catalogue.entries.length} files, ${catalogue.totalBytes} bytes, to ${to}.`);
		this.#remember(order);
		events.publish('job', { phase: 'accepted', ...jobFacts(order) }, id);
		if (cancelled !== undefined) return this.#endUnsent(order, cancelled);
		this.#waiting.push(order);
		this.#next();
	}

	#next(): void {
		while (this.#running.size < this.#context.config.jobsAtOnce) {
			const order = this.#waiting.shift();
			if (order === undefined) break;
			void this.#run(order);
		}
		this.#changed();
		if (this.#running.size === 0 && this.#waiting.length === 0) this.#whenIdle?.();
	}

	/** Never rejects, for nobody waits for it: whatever is thrown, the place is free afterwards and the next job runs. */
	async #run(order: JobOrder): Promise<void> {
		const run = runJob(order, this.#context);
		this.#running.set(order.id, run);
		const ending = await run.ended;
		this.#running.delete(order.id);
		this.#end(order, ending);
		this.#next();
	}

	#changed(): void {
		try {
			this.#onChange();
		} catch (error) {
			this.#context.service.logger.error(`The number of jobs was not reported: ${String(error)}`);
		}
	}

	#notHere(job: string): Refusal {
		if (this.#taken.has(job))
			return { code: 'job-over', message: `The job ${job} is over: it neither waits nor runs.` };
		return { code: 'no-such-job', message: `This sender knows no job ${job}.` };
	}

	#endUnsent(order: JobOrder, message: string): void {
		this.#end(order, { phase: 'cancelled', receivers: [], error: { code: 'cancelled', message } });
	}

	/** Reports how a job ended; one whose end cannot be reported has failed. Never throws. */
	#end(order: JobOrder, ending: JobEnding): void {
		try {
			this.#report(order, ending);
		} catch (error) {
			this.reportRefused(jobFault(order.id, error, this.#context.service.logger), order.id);
		}
	}

	#report(order: JobOrder, ending: JobEnding): void {
		const { id } = order;
		const { events, service } = this.#context;
		const { phase, seconds, error } = ending;
		const line = `Job ${id} ${phase}${seconds === undefined ? '' : ` after ${seconds} s`}${error === undefined ? '' : `: ${error.message}`}`;
		if (phase === 'succeeded') service.logger.info(`${line}.`);
		else service.logger.warn(line);
		const isUnsent = ending.session === undefined;
		const encryption = isUnsent
			? unsent(error?.message ?? 'The job ended before its session began.')
			: order.encryption;
		events.publish('job', { ...ending, ...jobFacts(order), encryption }, id);
	}
}

function addressesOf(publicAddress: string, privateAddress: string | undefined): SessionAddresses | Refusal {
	try {
		return sessionAddresses(publicAddress, privateAddress);
	} catch (error) {
		if (!(error instanceof EndpointError)) throw error;
		return { code: 'bad-address', message: describeError(error, SERVICE_VOCABULARY) };
	}
}

/** Runs one job: one session on one socket, from the question who is there to how it ended at each receiver. */
import { isDelivered, type Job, jobEnd, type Outcome } from '@uftp/bus';
import { maxJobProxies } from '@uftp/bus/schemas';
import { type SenderConfig, type SenderEnd, type SenderEvent, SenderSession } from '@uftp/protocol';
import { type EventPublisher, type Logger, ProgressThrottle, type ServiceContext } from '@uftp/service-kit';
import { type Catalogue, FileSource } from '@uftp/storage';
import { answerBufferWarning, type DatagramSocket, monotonicMs, openSocket, SenderDriver } from '@uftp/transport';
import { parseUid } from '@uftp/wire';
import type { SenderServiceConfig } from './config.ts';
import { type ExpectedReceiver, expectedReceivers, gatheringProxy, knownProxies } from './expected-receivers.ts';
import type { HeardProxies } from './heard-proxies.ts';
import { type JobEnding, jobProblem, withSendErrors } from './job-ending.ts';
import type { Refusal } from './job-files.ts';
import { JobProgress } from './job-progress.ts';
import { type JobProxy, proxiesOf } from './job-proxies.ts';
import { outgoingInterface } from './outgoing-interface.ts';
import { receiverResults } from './receiver-results.ts';
import { FirstUse, lateProxyKey, type SecurityAnswer, type SenderKeys, sessionSecurity } from './sender-security.ts';
import type { SessionAddresses } from './session-addresses.ts';
import { sessionConfig, targetsOf } from './session-config.ts';
import { SessionReports } from './session-reports.ts';

/** Most files that the events of a job list. */
const LISTED_FILES = 1000;
const SAMPLE_MS = 250;

export interface JobOrder {
	readonly id: string;
	readonly job: Job;
	readonly catalogue: Catalogue;
	readonly addresses: SessionAddresses;
}

export interface JobSurroundings {
	readonly config: SenderServiceConfig;
	readonly context: ServiceContext;
	readonly events: EventPublisher;
	/** The configured UID, or undefined: that of the interface's address. */
	readonly uid: string | undefined;
	readonly keys: SenderKeys;
	readonly heardProxies: HeardProxies;
}

export class JobRun {
	readonly #order: JobOrder;
	readonly #around: JobSurroundings;
	readonly #logger: Logger;
	readonly #startedMs = monotonicMs();
	readonly #filesDone = new Map<number, number>();
	/** Seconds from the start until a receiver had its last file. */
	readonly #secondsOf = new Map<number, number>();
	#keptOut: ReadonlyMap<number, string> = new Map();
	#abortReason: string | undefined;
	#driver: SenderDriver | undefined;

	constructor(order: JobOrder, around: JobSurroundings) {
		this.#order = order;
		this.#around = around;
		this.#logger = around.context.logger;
	}

	/** Ends the session for everybody; `run` then resolves as cancelled. */
	abort(reason: string): void {
		this.#abortReason ??= reason;
		this.#driver?.abort(reason);
	}

	/** Sends everything. Never rejects: what goes wrong is in the ending. */
	async run(): Promise<JobEnding> {
		try {
			return await this.#run();
		} catch (error) {
			const message = error instanceof Error ? error.message : String(error);
			return { ...this.#failed({ code: 'cannot-send', message }), receivers: [] };
		}
	}

	async #run(): Promise<JobEnding> {
		const { job, addresses } = this.#order;
		const { config, context, uid } = this.#around;
		const outgoing = await outgoingInterface(config.interface, addresses.family, addresses.publicAddress);
		const port = job.options?.port ?? config.port;
		const rendezvous = { publicAddress: addresses.publicAddress, port, isUnicast: addresses.isUnicast };
		// Also where the job names its receivers: their hosts are worth knowing.
		const [known, knownHere] = await Promise.all([
			expectedReceivers(context.bus, context.subjects, this.#logger, rendezvous),
			knownProxies(context.bus, context.subjects, rendezvous, this.#around.heardProxies.heartbeats()),
		]);
		const proxies = proxiesOf(job, config.proxies, knownHere);
		const targets = new Set(targetsOf(job));
		const expected = targets.size === 0 ? known : new Map([...known].filter(([id]) => targets.has(id)));
		const answer = this.#secure([...targets], expected, proxies);
		if (answer.kind === 'refused') return { ...this.#failed(answer.refusal), receivers: [] };
		const settings = sessionConfig({
			job,
			config,
			addresses,
			sourceId: parseUid(uid ?? outgoing.uid) as number,
			expected: targets.size === 0 ? [...known.keys()] : [],
			proxies,
			security: answer.kind === 'encrypted' ? answer.security : undefined,
		});
		const socket = await openSocket({
			family: addresses.family,
			networkInterface: outgoing.networkInterface,
			// Left alone, the kernel puts the address of another interface on what leaves by the loopback.
			...(outgoing.networkInterface.isLoopback ? { bind: { address: outgoing.address } } : {}),
			ttl: job.options?.ttl ?? config.ttl,
			driver: config.socketDriver,
			ecn: settings.congestion !== undefined,
		});
		try {
			const warning = answerBufferWarning(socket);
			if (warning !== undefined) this.#logger.warn(warning);
			if (socket.marksProblem !== undefined) this.#logger.warn(socket.marksProblem);
			const ending = await this.#send(settings, socket, expected, uid ?? outgoing.uid, answer);
			return withSendErrors(ending, socket.stats());
		} finally {
			socket.close();
		}
	}

	async #send(
		settings: SenderConfig,
		socket: DatagramSocket,
		expected: ReadonlyMap<number, ExpectedReceiver>,
		senderUid: string,
		security: SecurityAnswer,
	): Promise<JobEnding> {
		const { id, job, catalogue, addresses } = this.#order;
		const { config, events } = this.#around;
		const session = settings.groupId.toString(16).toUpperCase().padStart(8, '0');
		const reports = new SessionReports(
			{
				session,
				job: id,
				senderUid,
				addresses,
				port: settings.publicEndpoint.port,
				isOpen: settings.targets.length === 0,
				blockSize: settings.blockBytes,
				rateKbps: settings.congestion === undefined ? (job.options?.rateKbps ?? config.rateKbps) : -1,
				congestion: settings.congestion?.kind,
				files: catalogue.entries,
				totalBytes: catalogue.totalBytes,
				expected,
				suite: settings.security?.suite,
				inTheClear: security.kind === 'clear' ? security.why : undefined,
			},
			events,
			this.#logger,
		);
		this.#publishRunning(session);
		const source = new FileSource(catalogue.entries);
		const sending = new SenderSession(settings, catalogue.entries, monotonicMs());
		const firstUse = new FirstUse(this.#around.keys, this.#logger, proxiesOf(job, config.proxies));
		const stopSampling = this.#sample(session, sending, settings.blockBytes);
		this.#driver = new SenderDriver({
			session: sending,
			socket,
			source,
			onEvent: (event) => {
				this.#count(event);
				firstUse.see(event);
				reports.take(event);
				if (event.kind === 'registrationEnded') stopSampling.tick();
			},
		});
		if (this.#abortReason !== undefined) this.#driver.abort(this.#abortReason);
		const stopListening = this.#expectLateProxies(this.#driver, settings);
		const end = await this.#driver.run().finally(stopListening);
		source.closeAll();
		stopSampling.end();
		reports.ended(end);
		return this.#ending(session, end, expected);
	}

	/** Proxies that start while the session is announced may answer for its receivers as those that were there before. */
	#expectLateProxies(driver: SenderDriver, { proxies }: SenderConfig): () => void {
		const { job, addresses } = this.#order;
		const { heardProxies, keys } = this.#around;
		if (job.proxies !== undefined) return () => {};
		const seen = new Set(proxies);
		return heardProxies.onHeard((heartbeat) => {
			const proxy = gatheringProxy(heartbeat, addresses);
			if (proxy === undefined || seen.has(proxy.proxyId) || seen.size >= maxJobProxies) return;
			seen.add(proxy.proxyId);
			const { proxyId } = proxy;
			const { fingerprint, isRefused } = lateProxyKey(keys, { proxyId, fingerprint: undefined, shownKeys: proxy.keys });
			if (!isRefused) driver.expectProxy(proxyId, fingerprint);
		});
	}

	/** Decides whether the session is encrypted, and says so. */
	#secure(
		targets: readonly number[],
		expected: ReadonlyMap<number, ExpectedReceiver>,
		proxies: readonly JobProxy[],
	): SecurityAnswer {
		const { id, job } = this.#order;
		const { keys, config } = this.#around;
		const answer = sessionSecurity(keys, {
			job,
			mode: config.encryption,
			targets,
			expected,
			proxies,
		});
		if (answer.kind === 'encrypted') this.#keptOut = answer.keptOut;
		for (const warning of this.#keptOut.values()) this.#logger.warn(warning);
		if (answer.kind === 'clear' && answer.why !== undefined) {
			this.#logger.warn(`Job ${id} goes in the clear: ${answer.why}.`);
		}
		return answer;
	}

	#publishRunning(session: string): void {
		const { id, job, catalogue } = this.#order;
		const { events } = this.#around;
		events.publish(
			'job',
			{
				phase: 'running',
				job: id,
				session,
				files: catalogue.entries.slice(0, LISTED_FILES).map(({ name, size }) => ({ name, size })),
				fileCount: catalogue.entries.length,
				totalBytes: catalogue.totalBytes,
				...(job.to?.uids === undefined ? {} : { targets: job.to.uids }),
			},
			id,
		);
	}

	#sample(session: string, sending: SenderSession, blockBytes: number): { tick(): void; end(): void } {
		const { id, catalogue } = this.#order;
		const { entries, totalBytes } = catalogue;
		const progress = new JobProgress({ session, job: id, blockBytes, files: entries, totalBytes }, monotonicMs());
		const throttle = new ProgressThrottle();
		const tick = (): void => {
			const now = monotonicMs();
			const done = [...this.#filesDone.values()].filter((count) => count >= entries.length).length;
			const sample = progress.sample(now, sending.progress, done);
			if (throttle.isDue(`${session} ${sample.fileId ?? 0}`, now, sample.percent)) {
				this.#around.events.publish('progress', sample, id);
			}
		};
		const timer = setInterval(tick, SAMPLE_MS);
		return {
			tick,
			end: () => {
				clearInterval(timer);
				tick();
			},
		};
	}

	#count(event: SenderEvent): void {
		if (event.kind !== 'fileCompletedBy' || !isDelivered(event.result.outcome)) return;
		const { receiverId } = event.result;
		this.#filesDone.set(receiverId, (this.#filesDone.get(receiverId) ?? 0) + 1);
		this.#secondsOf.set(receiverId, this.#seconds());
	}

	#ending(session: string, end: SenderEnd, expected: ReadonlyMap<number, ExpectedReceiver>): JobEnding {
		const receivers = receiverResults(end, {
			fileCount: this.#order.catalogue.entries.length,
			expected,
			secondsOf: this.#secondsOf,
			keptOut: this.#keptOut,
		});
		const common = { session, receivers, seconds: this.#seconds() };
		const { failure } = end;
		if (this.#abortReason !== undefined && failure?.code === 'interrupted') {
			return { ...common, phase: 'cancelled', error: { code: 'cancelled', message: this.#abortReason } };
		}
		const phase = jobEnd(receivers.map(({ outcome }) => outcome as Outcome));
		if (phase === 'succeeded') return { ...common, phase };
		const error = jobProblem(failure, receivers.length);
		return { ...common, phase, ...(error === undefined ? {} : { error }) };
	}

	#failed(error: Refusal): JobEnding {
		return { phase: 'failed', seconds: this.#seconds(), error: { ...error, message: error.message.slice(0, 1000) } };
	}

	#seconds(): number {
		return Math.max(0, Math.round(monotonicMs() - this.#startedMs) / 1000);
	}
}

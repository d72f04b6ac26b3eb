/** The sender: takes jobs from the bus, sends their files, says that it is there and what happens. */
import type { CancelAnswer, LocateAnswer, Message, Subscription } from '@uftp/bus';
import { parseCancelRequest, parseLocateRequest } from '@uftp/bus/schemas';
import { wrapperLegacy } from '@uftp/endpoint/identity';
import { type ChosenInterface, chooseInterface, sessionAddresses } from '@uftp/endpoint/network';
import { describeError, describeProblem, EndpointError } from '@uftp/endpoint/problems';
import {
	EventPublisher,
	HeartbeatPublisher,
	newIdentity,
	type RunningService,
	type ServiceContext,
	shortened,
} from '@uftp/service-kit';
import { addressesOf, selectDriver } from '@uftp/transport';
import type { Family } from '@uftp/wire';
import { formatUid, parseUid, uidFromAddress } from '@uftp/wire';
import type { SenderServiceConfig } from './config.ts';
import { HeardProxies } from './heard-proxies.ts';
import { JobQueue } from './jobs/job-queue.ts';
import { locateInRoots } from './locate-files.ts';
import { type SenderKeys, senderKeys } from './sender-security.ts';
import { SERVICE_VOCABULARY } from './vocabulary.ts';

/** Senders share the jobs: each goes to one of them. */
const QUEUE = 'senders';

/** The UID that the `uftpe` wrapper was told, if it left one. */
function legacyUid(logger: ServiceContext['logger']): string | undefined {
	const { uid, configFile } = wrapperLegacy();
	const parsed = uid === undefined ? undefined : parseUid(uid);
	if (parsed === undefined) return undefined;
	logger.info(`UID ${formatUid(parsed)}: taken over from ${configFile}.`);
	return formatUid(parsed);
}

interface Parts {
	readonly config: SenderServiceConfig;
	readonly context: ServiceContext;
	readonly uid: string;
	readonly family: Family;
	readonly outgoing: ChosenInterface;
	readonly keys: SenderKeys;
}

export class SenderService implements RunningService {
	readonly uid: string;
	readonly id: string;
	readonly #jobs: JobQueue;
	readonly #heartbeat: HeartbeatPublisher;
	readonly #heardProxies: HeardProxies;
	readonly #subscriptions: readonly Subscription[];
	readonly #config: SenderServiceConfig;
	readonly #host: string;
	readonly #stopMs: number;

	private constructor({ config, context, uid, family, outgoing, keys }: Parts) {
		const { bus, subjects, logger } = context;
		const identity = newIdentity('sender', config.id ?? uid);
		const events = new EventPublisher(bus, subjects, identity, logger);
		this.uid = uid;
		this.id = identity.id;
		this.#stopMs = config.stopSeconds * 1000;
		this.#heardProxies = new HeardProxies(bus, subjects);
		const jobContext = { config, service: context, events, keys, heardProxies: this.#heardProxies };
		this.#jobs = new JobQueue(jobContext, () => this.#heartbeat?.beat());
		this.#config = config;
		this.#host = identity.host;
		this.#subscriptions = [
			bus.subscribe(subjects.jobsSend, (message) => this.#take(message), { queue: QUEUE }),
			bus.subscribe(subjects.jobsSendTo(identity.id), (message) => this.#take(message), { queue: QUEUE }),
			bus.subscribe(subjects.cancel(identity.id), (message) => this.#cancel(message)),
			bus.subscribe(subjects.locate(identity.id), (message) => this.#locate(message)),
		];
		const { name, mtu, isMulticast } = outgoing.networkInterface;
		const addresses = [...addressesOf(outgoing.networkInterface, family)];
		this.#heartbeat = new HeartbeatPublisher({
			bus,
			subjects,
			identity,
			intervalMs: config.heartbeatSeconds * 1000,
			logger,
			facts: () => ({
				uid,
				addresses: [outgoing.address],
				interfaces: [{ name, addresses, mtu, multicast: isMulticast }],
				groups: [config.publicAddress],
				port: config.port,
				roots: config.roots.map(({ label }) => label),
				load: { sessions: this.#jobs.runningCount, queuedJobs: this.#jobs.waitingCount },
				keys: keys.published,
				caps: ['grace', 'encryption'],
			}),
		});
	}

	/** Rejects with a sentence: there is no such interface, the addresses contradict each other, ... */
	static async start(given: SenderServiceConfig, context: ServiceContext): Promise<SenderService> {
		const config = { ...given, uid: given.uid ?? legacyUid(context.logger) };
		try {
			return await SenderService.#start(config, context);
		} catch (error) {
			if (!(error instanceof EndpointError)) throw error;
			throw new Error(describeError(error, SERVICE_VOCABULARY), { cause: error });
		}
	}

	static async #start(config: SenderServiceConfig, context: ServiceContext): Promise<SenderService> {
		const { logger } = context;
		const { family } = sessionAddresses(config.publicAddress, config.privateAddress);
		const outgoing = await chooseInterface(config.interface, family, config.publicAddress);
		const { sentence } = await selectDriver();
		logger.info(describeProblem(outgoing.reason, SERVICE_VOCABULARY));
		logger.info(`Socket: ${config.socketDriver === 'auto' ? sentence : `${config.socketDriver} (forced)`}.`);
		const uid = config.uid ?? uidOf(outgoing.address);
		const keys = await senderKeys(config, uid, logger);
		const service = new SenderService({ config, context, uid, family, outgoing, keys });
		const roots = config.roots.map(({ label, directory }) => `${label}=${directory}`).join(', ');
		if (roots === '') {
			logger.warn('No roots are declared (UFTP_ROOTS=label=/path): every job will be refused.');
		}
		logger.info(
			`The sender ${uid} takes jobs on ${context.subjects.jobsSend} and announces them to ${config.publicAddress}, ` +
				`port ${config.port}${roots === '' ? '' : `; roots ${roots}`}.`,
		);
		return service;
	}

	async stop(): Promise<void> {
		// Others in the queue group get the jobs from now on; those that are here already are answered.
		await Promise.all(this.#subscriptions.map((subscription) => subscription.drain()));
		this.#heartbeat.drain();
		await this.#jobs.stop(this.#stopMs);
		this.#heardProxies.stop();
		this.#heartbeat.stop();
	}

	#cancel(message: Message): void {
		const parsed = parseCancelRequest(message.data);
		const answer: CancelAnswer = parsed.ok
			? this.#jobs.cancel(parsed.value)
			: { ok: false, error: { code: 'bad-question', message: shortened(parsed.problem) } };
		message.respond(answer);
	}

	#locate(message: Message): void {
		const parsed = parseLocateRequest(message.data);
		const answer: LocateAnswer = parsed.ok
			? locateInRoots(parsed.value, this.#config.roots, this.#host)
			: { ok: false, error: { code: 'bad-question', message: shortened(parsed.problem) } };
		message.respond(answer);
	}

	async #take(message: Message): Promise<void> {
		const answer = await this.#jobs.submit(message.data);
		if (message.reply !== undefined) message.respond(answer);
		else if (!answer.ok) this.#jobs.reportRefused(answer.error, idOf(message));
	}
}

/** The UID that an address makes. */
function uidOf(address: string): string {
	const uid = uidFromAddress(address);
	if (uid === undefined) throw new EndpointError('uid-underivable', { address });
	return formatUid(uid);
}

/** The id that a refused job had, if it had one: its events carry it. */
function idOf(message: Message): string | undefined {
	try {
		const { id } = message.json() as { id?: unknown };
		return typeof id === 'string' && /^[A-Za-z0-9][A-Za-z0-9_-]{0,63}$/.test(id) ? id : undefined;
	} catch {
		return undefined;
	}
}

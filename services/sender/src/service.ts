/** The sender: takes jobs from the bus, sends their files, says that it is there and what happens. */
import type { CancelAnswer, LocateAnswer, Message, Subscription } from '@uftp/bus';
import { parseCancelRequest, parseLocateRequest } from '@uftp/bus/schemas';
import { wrapperLegacy } from '@uftp/endpoint/identity';
import {
	EventPublisher,
	HeartbeatPublisher,
	newIdentity,
	type RunningService,
	type ServiceContext,
} from '@uftp/service-kit';
import { addressesOf, selectDriver } from '@uftp/transport';
import { formatUid, parseUid } from '@uftp/wire';
import type { SenderServiceConfig } from './config.ts';
import { HeardProxies } from './heard-proxies.ts';
import { JobDesk } from './job-desk.ts';
import { locateInRoots } from './locate-files.ts';
import { type OutgoingInterface, outgoingInterface } from './outgoing-interface.ts';
import { type SenderKeys, senderKeys } from './sender-security.ts';
import { randomBelow, sessionAddresses } from './session-addresses.ts';

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

export class SenderService implements RunningService {
	readonly uid: string;
	readonly id: string;
	readonly #desk: JobDesk;
	readonly #heartbeat: HeartbeatPublisher;
	readonly #heardProxies: HeardProxies;
	readonly #subscriptions: readonly Subscription[];
	readonly #config: SenderServiceConfig;
	readonly #host: string;
	readonly #stopMs: number;

	private constructor(
		config: SenderServiceConfig,
		context: ServiceContext,
		uid: string,
		family: 4 | 6,
		outgoing: OutgoingInterface,
		keys: SenderKeys,
	) {
		const { bus, subjects, logger } = context;
		const identity = newIdentity('sender', config.id ?? uid);
		const events = new EventPublisher(bus, subjects, identity, logger);
		this.uid = uid;
		this.id = identity.id;
		this.#stopMs = config.stopSeconds * 1000;
		this.#heardProxies = new HeardProxies(bus, subjects);
		const around = { config, context, events, uid: config.uid, keys, heardProxies: this.#heardProxies };
		this.#desk = new JobDesk(around, () => this.#heartbeat?.beat());
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
				load: { sessions: this.#desk.runningCount, queuedJobs: this.#desk.waitingCount },
				keys: keys.published,
				caps: ['grace', 'encryption'],
			}),
		});
	}

	/** Rejects with a sentence: there is no such interface, the addresses contradict each other, ... */
	static async start(given: SenderServiceConfig, context: ServiceContext): Promise<SenderService> {
		const { logger } = context;
		const config = { ...given, uid: given.uid ?? legacyUid(logger) };
		const addresses = sessionAddresses(config.publicAddress, config.privateAddress, randomBelow);
		if (!addresses.ok) throw new Error(addresses.problem);
		const { family } = addresses.value;
		const outgoing = await outgoingInterface(config.interface, family, config.publicAddress);
		const { sentence } = await selectDriver();
		logger.info(outgoing.reason);
		logger.info(`Socket: ${config.socketDriver === 'auto' ? sentence : `${config.socketDriver} (forced)`}.`);
		const uid = config.uid ?? outgoing.uid;
		const keys = senderKeys(config, uid, logger);
		const service = new SenderService(config, context, uid, family, outgoing, keys);
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
		await this.#desk.stop(this.#stopMs);
		this.#heardProxies.stop();
		this.#heartbeat.stop();
	}

	#cancel(message: Message): void {
		const parsed = parseCancelRequest(message.data);
		const answer: CancelAnswer = parsed.ok
			? this.#desk.cancel(parsed.value)
			: { ok: false, error: { code: 'bad-question', message: parsed.problem.slice(0, 1000) } };
		message.respond(answer);
	}

	#locate(message: Message): void {
		const parsed = parseLocateRequest(message.data);
		const answer: LocateAnswer = parsed.ok
			? locateInRoots(parsed.value, this.#config.roots, this.#host)
			: { ok: false, error: { code: 'bad-question', message: parsed.problem.slice(0, 1000) } };
		message.respond(answer);
	}

	async #take(message: Message): Promise<void> {
		const answer = await this.#desk.submit(message.data);
		if (message.reply !== undefined) message.respond(answer);
		else if (!answer.ok) this.#desk.reportRefused(answer.error, idOf(message));
	}
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

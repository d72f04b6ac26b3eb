/** The registry: hears all heartbeats, answers who is there, and says who fell silent or shares a UID. */
import type { Heartbeat, Message, RegistryListAnswer } from '@uftp/bus';
import { parseHeartbeat, parseRegistryListRequest } from '@uftp/bus/schemas';
import {
	EventPublisher,
	HeartbeatPublisher,
	idFromHost,
	type NodeIdentity,
	newIdentity,
	type RunningService,
	type ServiceContext,
} from '@uftp/service-kit';
import type { RegistryConfig } from './config.ts';
import { type PresenceChange, PresenceTable } from './presence-table.ts';
import { listNodes } from './registry-list.ts';
import { ResponsePools } from './response-pools.ts';

/** The shortest heartbeat interval is 100 ms: who misses three of them is noticed soon after. */
const SWEEP_MS = 250;
/** A node that sends what is no heartbeat is named once in this time. */
const COMPLAINT_MS = 60_000;

/** What time it is; tests bring their own. */
export interface RegistryClock {
	/** Monotonic milliseconds. */
	now(): number;
	/** Milliseconds since 1970 when `now` was 0. */
	readonly epochMs: number;
}

const realClock: RegistryClock = { now: () => performance.now(), epochMs: performance.timeOrigin };

export class RegistryService implements RunningService {
	readonly #context: ServiceContext;
	readonly #clock: RegistryClock;
	readonly #identity: NodeIdentity;
	readonly #events: EventPublisher;
	readonly #heartbeat: HeartbeatPublisher;
	readonly #table: PresenceTable;
	readonly #pools: ResponsePools;
	readonly #startedMs: number;
	readonly #sweeper: ReturnType<typeof setInterval>;
	readonly #complainedMs = new Map<string, number>();

	constructor(config: RegistryConfig, context: ServiceContext, clock: RegistryClock = realClock) {
		const { bus, subjects, logger } = context;
		this.#context = context;
		this.#clock = clock;
		this.#startedMs = clock.now();
		this.#identity = newIdentity('registry', config.id ?? idFromHost());
		this.#events = new EventPublisher(bus, subjects, this.#identity, logger);
		this.#table = new PresenceTable({ maxNodes: config.maxNodes });
		this.#pools = new ResponsePools(this.#identity.id, this.#table);
		bus.subscribe(subjects.allHeartbeats(), (message) => this.#hear(message));
		bus.subscribe(subjects.registryList, (message) => this.#list(message), { queue: 'registries' });
		bus.subscribe(subjects.registryResolve, (message) => this.#resolve(message), { queue: 'registries' });
		this.#heartbeat = new HeartbeatPublisher({
			bus,
			subjects,
			identity: this.#identity,
			intervalMs: config.heartbeatSeconds * 1000,
			logger,
			facts: () => ({ addresses: [], interfaces: [], groups: [], caps: [] }),
		});
		this.#sweeper = setInterval(() => this.sweep(), SWEEP_MS);
		this.#sweeper.unref();
		logger.info(`The registry ${this.#identity.id} listens for heartbeats on ${subjects.allHeartbeats()}.`);
	}

	/** Finds who fell silent; runs by itself four times a second. */
	sweep(): void {
		const now = this.#clock.now();
		for (const change of this.#table.sweep(now)) this.#report(change);
		this.#publishPools();
	}

	/** Receivers hear at once which response proxies there are. */
	#publishPools(): void {
		const { bus, subjects } = this.#context;
		if (bus.closed) return;
		const now = this.#clock.now();
		for (const pool of this.#pools.update(now - this.#startedMs, this.#clock.epochMs + now)) {
			bus.publish(subjects.responsePool(pool.pool), pool, { whenDisconnected: 'drop' });
		}
	}

	async stop(): Promise<void> {
		clearInterval(this.#sweeper);
		this.#heartbeat.stop();
	}

	#hear(message: Message): void {
		const parsed = parseHeartbeat(message.data);
		const said = message.subject.split('.').slice(-2);
		if (!parsed.ok) return this.#complain(message.subject, parsed.problem);
		const { role, id } = parsed.value;
		if (said[0] !== role || said[1] !== id) {
			this.#complain(message.subject, `The heartbeat is from ${role}.${id}: it is on another node's subject.`);
			return;
		}
		for (const change of this.#table.hear(parsed.value, this.#clock.now())) this.#report(change);
		if (role === 'proxy') this.#publishPools();
	}

	#complain(subject: string, problem: string): void {
		const now = this.#clock.now();
		const last = this.#complainedMs.get(subject);
		if (last !== undefined && now - last < COMPLAINT_MS) return;
		if (this.#complainedMs.size >= 1000) this.#complainedMs.clear();
		this.#complainedMs.set(subject, now);
		this.#context.logger.warn(`A heartbeat on ${subject} is not used: ${problem}`);
	}

	#list(message: Message): void {
		const parsed = parseRegistryListRequest(message.data);
		const answer: RegistryListAnswer = parsed.ok
			? listNodes(this.#table, parsed.value, {
					registry: this.#identity.id,
					now: this.#clock.now(),
					epochMs: this.#clock.epochMs,
					listeningMs: this.#clock.now() - this.#startedMs,
					maxPayloadBytes: this.#context.bus.maxPayloadBytes,
				})
			: { ok: false, error: { code: 'bad-question', message: parsed.problem.slice(0, 1000) } };
		message.respond(answer);
	}

	#resolve(message: Message): void {
		message.respond(this.#pools.resolve(message.data));
	}

	#report(change: PresenceChange): void {
		const { logger } = this.#context;
		const { heartbeat } = change;
		const who = describe(heartbeat);
		switch (change.kind) {
			case 'appeared':
				return logger.info(`${who} is there.`);
			case 'returned':
				return logger.info(`${who} is there again.`);
			case 'left':
				return logger.info(`${who} is leaving.`);
			case 'suspect':
				return logger.warn(`${who} has missed two heartbeats.`);
			case 'lost':
				return logger.warn(`${who} is lost: it has missed three heartbeats.`);
			case 'full':
				return this.#complain('new nodes', `${who} is not remembered: the table of nodes is full (UFTP_MAX_NODES).`);
			case 'duplicate':
				return this.#reportDuplicate(heartbeat, change.other);
			default:
				change satisfies never;
		}
	}

	#reportDuplicate(heartbeat: Heartbeat, other: Heartbeat): void {
		const uid = heartbeat.uid ?? heartbeat.id;
		const reason =
			`Two programs are alive with the UID ${uid}: ${where(other)} and ${where(heartbeat)}. ` +
			'Give one of them another UID (UFTP_UID): until then neither counts for the other.';
		this.#context.logger.error(reason);
		if (heartbeat.uid === undefined) return;
		const [address] = heartbeat.addresses;
		const [otherAddress] = other.addresses;
		this.#events.publish('receiver', {
			phase: 'duplicate',
			uid: heartbeat.uid,
			host: heartbeat.host,
			otherHost: other.host,
			...(address === undefined ? {} : { address }),
			...(otherAddress === undefined ? {} : { otherAddress }),
			reason,
		});
	}
}

function describe({ role, id, uid, host }: Heartbeat): string {
	const name = uid === undefined || uid === id ? id : `${id} (${uid})`;
	return `The ${role} ${name} on ${host}`;
}

function where({ host, addresses, pid, instance }: Heartbeat): string {
	const address = addresses.length === 0 ? 'no address' : addresses.join(', ');
	const process = pid === undefined ? '' : `, process ${pid}`;
	return `${host} (${address}${process}, instance ${instance})`;
}

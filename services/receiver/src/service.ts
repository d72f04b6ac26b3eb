/** A receiver: listens for sessions, stores what they bring, reports that it is there and what it got. */
import { statfsSync } from 'node:fs';
import { resolve } from 'node:path';
import { describeError, describeProblem, EndpointError } from '@uftp/endpoint/problems';
import { openReceiver, type ReceiverHooks, type ReceiverPort, type RunningReceiver } from '@uftp/endpoint/receiving';
import {
	EventPublisher,
	HeartbeatPublisher,
	type Logger,
	type NodeIdentity,
	newIdentity,
	publishedKeys,
	type RunningService,
	type ServiceContext,
} from '@uftp/service-kit';
import { cleanTemporaries } from '@uftp/storage/receiving';
import { addressesOf } from '@uftp/transport';
import { addressFamily, formatUid } from '@uftp/wire';
import type { ReceiverConfig } from './config.ts';
import { configuredProxy } from './configured-proxy.ts';
import { poolUser } from './pool-proxy.ts';
import { PoolMember } from './response-pool.ts';
import { SessionReports } from './session-reports.ts';
import { receiverSettings } from './settings.ts';
import { SERVICE_VOCABULARY } from './vocabulary.ts';

/** Leftovers of a receiver that was killed are this old at least; younger ones may be another receiver's. */
const LEFTOVER_MS = 3_600_000;

export interface ReceiverOptions {
	/** The port that several receivers of one process share; by default one of its own. */
	readonly port?: ReceiverPort;
	/** For laboratories: the share (0 to 1) of datagrams to throw away, and where chance comes from. */
	readonly loss?: { readonly share: number; readonly random: () => number };
}

/** What is open while it runs. */
interface Parts {
	readonly receiver: RunningReceiver;
	readonly heartbeat: HeartbeatPublisher;
	readonly pool: PoolMember | undefined;
}

export class ReceiverService implements RunningService {
	readonly uid: string;
	readonly id: string;
	readonly destination: string;
	readonly failed: Promise<string>;
	readonly #parts: Parts;
	readonly #stopMs: number;
	#isStopping = false;

	constructor(identity: NodeIdentity, destination: string, stopMs: number, parts: Parts) {
		const { receiver, heartbeat } = parts;
		this.uid = formatUid(receiver.uid);
		this.id = identity.id;
		this.destination = destination;
		this.#stopMs = stopMs;
		this.#parts = parts;
		this.failed = new Promise((fail) => {
			void receiver.closed.then(() => {
				if (this.#isStopping) return;
				heartbeat.drain();
				fail('The receiver has ended after a fault.');
			});
		});
	}

	/** Rejects with a sentence: the folder cannot be used, the port is held, there is no such interface, ... */
	static async start(
		config: ReceiverConfig,
		context: ServiceContext,
		options: ReceiverOptions = {},
	): Promise<ReceiverService> {
		try {
			return await open(config, context, options);
		} catch (error) {
			if (!(error instanceof EndpointError)) throw error;
			throw new Error(describeError(error, SERVICE_VOCABULARY), { cause: error });
		}
	}

	/** Sessions that it takes part in at the moment. */
	get sessionCount(): number {
		return this.#parts.receiver.sessionCount;
	}

	async stop(): Promise<void> {
		const { receiver, heartbeat, pool } = this.#parts;
		this.#isStopping = true;
		heartbeat.drain();
		let timer: ReturnType<typeof setTimeout> | undefined;
		const timeIsUp = new Promise<void>((end) => {
			timer = setTimeout(end, this.#stopMs);
		});
		await Promise.race([receiver.drain(), timeIsUp]);
		clearTimeout(timer);
		pool?.stop();
		await receiver.stop();
		heartbeat.stop();
	}
}

async function open(
	config: ReceiverConfig,
	{ bus, subjects, logger }: ServiceContext,
	{ port, loss }: ReceiverOptions,
): Promise<ReceiverService> {
	const destination = resolve(config.destination);
	for (const path of cleanTemporaries(destination, LEFTOVER_MS)) logger.info(`Removed the leftover ${path}.`);
	const responseProxy = await configuredProxy(
		config.responseProxy,
		addressFamily(config.publicAddress[0]),
		config.port,
	);
	// Made when the receiver is open, which is before its first turn, and thereby before its first event.
	let parts: { readonly reports: SessionReports; readonly heartbeat: HeartbeatPublisher } | undefined;
	const hooks: ReceiverHooks = {
		onEvent: (event) => {
			parts?.reports.take(event);
			if (event.kind === 'sessionStarted' || event.kind === 'sessionEnded') parts?.heartbeat.beat();
		},
		onFault: ({ error }) => logger.error(`A fault: ${error instanceof Error ? error.stack : String(error)}`),
	};
	const settings = { ...(await receiverSettings(config, destination, logger)), responseProxy, loss };
	const receiver = await openReceiver(port === undefined ? settings : { ...settings, ports: [port] }, hooks);
	logStart(receiver, logger, port === undefined);
	const uid = formatUid(receiver.uid);
	const identity = newIdentity('receiver', config.id ?? uid);
	const events = new EventPublisher(bus, subjects, identity, logger);
	const [{ address }] = receiver.ports;
	const reports = new SessionReports({ uid, address, host: identity.host }, events, logger);
	const heartbeat = new HeartbeatPublisher({
		bus,
		subjects,
		identity,
		intervalMs: config.heartbeatSeconds * 1000,
		logger,
		facts: () => factsOf(receiver, destination),
	});
	parts = { reports, heartbeat };
	const user = poolUser(receiver, responseProxy);
	const { responsePool } = config;
	const pool =
		responsePool === undefined ? undefined : new PoolMember({ bus, subjects, logger, uid, pool: responsePool, user });
	const { groups } = receiver.ports[0];
	logger.info(`The receiver ${uid} stores under ${destination}; groups ${groups.join(', ')}, port ${config.port}.`);
	return new ReceiverService(identity, destination, config.stopSeconds * 1000, { receiver, heartbeat, pool });
}

/** `isPortOurs`: a port that several receivers share has been logged already. */
function logStart({ ports, keys, uidReason }: RunningReceiver, logger: Logger, isPortOurs: boolean): void {
	for (const note of keys?.notes ?? []) logger.info(note);
	for (const warning of keys?.warnings ?? []) logger.warn(describeProblem(warning, SERVICE_VOCABULARY));
	if (isPortOurs) for (const port of ports) logPort(port, logger);
	logger.info(describeProblem(uidReason, SERVICE_VOCABULARY));
}

/** Logs where a port listens, and what is not as it should be. */
export function logPort(port: ReceiverPort, logger: Logger): void {
	for (const note of port.notes) logger.info(describeProblem(note, SERVICE_VOCABULARY));
	logger.info(`Socket: ${port.socket}.`);
	for (const warning of port.warnings()) {
		logger.warn(typeof warning === 'string' ? warning : describeProblem(warning, SERVICE_VOCABULARY));
	}
}

function factsOf({ uid, ports, keys, sessionCount }: RunningReceiver, destination: string) {
	const [{ address, groups, port, family, interfaces }] = ports;
	return {
		uid: formatUid(uid),
		addresses: [address],
		interfaces: interfaces.map((each) => ({
			name: each.name,
			addresses: [...addressesOf(each, family)],
			mtu: each.mtu,
			multicast: each.isMulticast,
		})),
		groups: [...groups],
		port,
		destination,
		...diskOf(destination),
		load: { sessions: sessionCount },
		keys: publishedKeys(keys?.keys ?? []),
		caps: ['grace', 'encryption'],
	};
}

function diskOf(destination: string): { disk?: { freeBytes: number; totalBytes: number } } {
	try {
		const { bavail, blocks, bsize } = statfsSync(destination);
		return { disk: { freeBytes: bavail * bsize, totalBytes: blocks * bsize } };
	} catch {
		// The folder is gone or not answering: the sessions will say so.
		return {};
	}
}

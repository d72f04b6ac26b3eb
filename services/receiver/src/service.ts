/** A receiver: listens for sessions, stores what they bring, says that it is there and what it got. */
import { statfsSync } from 'node:fs';
import { resolve } from 'node:path';
import { chooseUid, wrapperLegacy } from '@uftp/endpoint/identity';
import { describeProblem } from '@uftp/endpoint/problems';
import { RECEIVER_DEFAULTS, ReceiverNode, type ResponseProxyConfig } from '@uftp/protocol';
import {
	EventPublisher,
	HeartbeatPublisher,
	type NodeIdentity,
	newIdentity,
	type RunningService,
	type ServiceContext,
} from '@uftp/service-kit';
import { cleanTemporaries, FileSink } from '@uftp/storage';
import { type AttachedNode, addressesOf, type DatagramSocket, monotonicMs, openSocket } from '@uftp/transport';
import { parseUid } from '@uftp/wire';
import { acceptedSenders, joinedSources } from './accepted-senders.ts';
import type { ReceiverConfig } from './config.ts';
import { configuredProxy } from './configured-proxy.ts';
import { poolUser } from './pool-proxy.ts';
import { type ReceiverSecurity, receiverSecurity } from './receiver-security.ts';
import { PoolMember } from './response-pool.ts';
import { SessionReports } from './session-reports.ts';
import { SharedPort } from './shared-port.ts';
import { SERVICE_VOCABULARY } from './vocabulary.ts';

/** Leftovers of a receiver that was killed are this old at least; younger ones may be another receiver's. */
const LEFTOVER_MS = 3_600_000;
/** How often a stop looks whether the sessions are over. */
const STOP_POLL_MS = 20;
const FAREWELL = 'The receiver is shutting down';

export interface ReceiverOptions {
	/** The port that several receivers of one process share; by default one of its own. */
	readonly port?: SharedPort;
	/** For laboratories: the share (0 to 1) of datagrams to throw away, and where chance comes from. */
	readonly loss?: { readonly share: number; readonly random: () => number };
}

/** What is open while it runs. */
interface Parts {
	readonly port: SharedPort;
	/** The addresses that its groups are joined for; undefined: any. */
	readonly sources: readonly string[] | undefined;
	readonly reply: DatagramSocket;
	readonly sink: FileSink;
	readonly receiver: ReceiverNode;
	readonly attached: AttachedNode;
	readonly heartbeat: HeartbeatPublisher;
	readonly pool: PoolMember | undefined;
}

export class ReceiverService implements RunningService {
	readonly uid: string;
	readonly id: string;
	readonly destination: string;
	readonly #parts: Parts;
	readonly #stopMs: number;

	constructor(uid: string, identity: NodeIdentity, destination: string, stopMs: number, parts: Parts) {
		this.uid = uid;
		this.id = identity.id;
		this.destination = destination;
		this.#stopMs = stopMs;
		this.#parts = parts;
	}

	/** Rejects with a sentence: the folder cannot be used, the port is held, there is no such interface, ... */
	static async start(
		config: ReceiverConfig,
		context: ServiceContext,
		options: ReceiverOptions = {},
	): Promise<ReceiverService> {
		const { logger } = context;
		const destination = resolve(config.destination);
		const sink = new FileSink({
			destinations: [destination],
			umask: config.umask,
			minFreeBytes: config.minFreeBytes,
		});
		for (const path of cleanTemporaries(destination, LEFTOVER_MS)) logger.info(`Removed the leftover ${path}.`);
		const family = config.publicAddress[0].includes(':') ? 6 : 4;
		const accepted = await acceptedSenders(config.sendersFile, config.publicAddress);
		const responseProxy = await configuredProxy(config.responseProxy, family, config.port);
		const sources = joinedSources(accepted, family, responseProxy?.endpoint.host);
		const port = options.port ?? (await openPort(config));
		port.join(sources);
		let reply: DatagramSocket | undefined;
		try {
			const { uid, reason } = chooseUid({
				configured: config.uid,
				address: port.address,
				isLoopback: port.networkInterface.isLoopback,
				isShared: port.isShared,
				destination,
				stateDir: config.stateDir,
				legacy: wrapperLegacy(),
			});
			const security = receiverSecurity(config, logger, accepted);
			reply = await openSocket({
				family: port.family,
				driver: config.socketDriver,
				...(port.networkInterface.isLoopback ? { bind: { address: port.address } } : {}),
			});
			if (options.port === undefined) {
				for (const note of port.notes) logger.info(note);
				for (const warning of port.warnings) logger.warn(warning);
			}
			logger.info(describeProblem(reason, SERVICE_VOCABULARY));
			return assemble(
				{ uid, destination, sink, port, sources, reply, security, responseProxy },
				config,
				context,
				options,
			);
		} catch (error) {
			reply?.close();
			port.release();
			throw error;
		}
	}

	/** Sessions that it takes part in at the moment. */
	get sessionCount(): number {
		return this.#parts.receiver.sessionCount;
	}

	async stop(): Promise<void> {
		const { port, sources, reply, sink, receiver, attached, heartbeat, pool } = this.#parts;
		heartbeat.drain();
		port.leave(sources);
		const deadline = monotonicMs() + this.#stopMs;
		while (receiver.sessionCount > 0 && monotonicMs() < deadline) {
			await new Promise((resume) => setTimeout(resume, STOP_POLL_MS));
		}
		pool?.stop();
		receiver.abort(monotonicMs(), FAREWELL);
		attached.flush();
		attached.detach();
		reply.close();
		sink.close();
		heartbeat.stop();
		port.release();
	}
}

function openPort(config: ReceiverConfig): Promise<SharedPort> {
	return SharedPort.open({
		interface: config.interface,
		groups: config.publicAddress,
		port: config.port,
		socketDriver: config.socketDriver,
	});
}

interface Opened {
	readonly uid: string;
	readonly destination: string;
	readonly sink: FileSink;
	readonly port: SharedPort;
	readonly sources: readonly string[] | undefined;
	readonly reply: DatagramSocket;
	readonly security: ReceiverSecurity;
	readonly responseProxy: ResponseProxyConfig | undefined;
}

function assemble(
	{ uid, destination, sink, port, sources, reply, security, responseProxy }: Opened,
	config: ReceiverConfig,
	{ bus, subjects, logger }: ServiceContext,
	{ loss }: ReceiverOptions,
): ReceiverService {
	const identity = newIdentity('receiver', config.id ?? uid);
	const events = new EventPublisher(bus, subjects, identity, logger);
	const reports = new SessionReports({ uid, address: port.address, host: identity.host }, events, logger);
	const receiver = new ReceiverNode({
		...RECEIVER_DEFAULTS,
		receiverId: parseUid(uid) as number,
		instance: identity.instanceBits,
		graceMs: config.graceSeconds * 1000,
		sessionsMax: config.sessionsMax,
		security: security.config,
		responseProxy,
	});
	const attached = port.driver.attach({
		receiver,
		sink,
		reply,
		interfaces: [port.networkInterface],
		onEvent: (event) => {
			reports.take(event);
			if (event.kind === 'sessionStarted' || event.kind === 'sessionEnded') heartbeat.beat();
		},
		onFault: ({ error }) => logger.error(error instanceof Error ? (error.stack ?? error.message) : String(error)),
		...(loss === undefined ? {} : { loss }),
	});
	const { name, mtu, isMulticast } = port.networkInterface;
	const addresses = [...addressesOf(port.networkInterface, port.family)];
	const heartbeat = new HeartbeatPublisher({
		bus,
		subjects,
		identity,
		intervalMs: config.heartbeatSeconds * 1000,
		logger,
		facts: () => ({
			uid,
			addresses: [port.address],
			interfaces: [{ name, addresses, mtu, multicast: isMulticast }],
			groups: [...port.groups],
			port: port.port,
			destination,
			...diskOf(destination),
			load: { sessions: receiver.sessionCount },
			keys: security.published,
			caps: ['grace', 'encryption'],
		}),
	});
	const user = poolUser(receiver, attached, responseProxy);
	const pool =
		config.responsePool === undefined
			? undefined
			: new PoolMember({ bus, subjects, logger, uid, pool: config.responsePool, user });
	logger.info(`The receiver ${uid} stores under ${destination}; groups ${port.groups.join(', ')}, port ${port.port}.`);
	return new ReceiverService(uid, identity, destination, config.stopSeconds * 1000, {
		port,
		sources,
		reply,
		sink,
		receiver,
		attached,
		heartbeat,
		pool,
	});
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

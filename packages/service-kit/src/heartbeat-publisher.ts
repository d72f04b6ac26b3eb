/**
 * Says that a node is there: at once, every interval, on request (something changed), to a registry that has just
 * started, and when it leaves.
 */
import type { Bus, Heartbeat, Message, Subjects, Subscription } from '@uftp/bus';
import type { Logger } from './logger.ts';
import { type NodeIdentity, version } from './node-identity.ts';

/** What the node itself knows; asked for each heartbeat. */
export type HeartbeatFacts = Omit<
	Heartbeat,
	| 'v'
	| 'role'
	| 'id'
	| 'instance'
	| 'seq'
	| 'version'
	| 'host'
	| 'pid'
	| 'startedAt'
	| 'intervalMs'
	| 'ours'
	| 'draining'
>;

/** Share of the interval by which heartbeats vary, so that a thousand nodes do not speak at once. */
const JITTER = 0.1;
/** A new registry hears of everybody within this time; further ones within it change nothing. */
const ROLL_CALL_MS = 250;

export interface HeartbeatOptions {
	readonly bus: Bus;
	readonly subjects: Subjects;
	readonly identity: NodeIdentity;
	readonly intervalMs: number;
	readonly facts: () => HeartbeatFacts;
	/** Hears why a heartbeat could not be sent; the next one is tried all the same. */
	readonly logger?: Logger;
}

export class HeartbeatPublisher {
	readonly #options: HeartbeatOptions;
	readonly #unlisten: () => void;
	readonly #registries: Subscription | undefined;
	#rollCall: ReturnType<typeof setTimeout> | undefined;
	#timer: ReturnType<typeof setTimeout> | undefined;
	#seq = 0;
	#isDraining = false;

	/** Sends the first one at once. */
	constructor(options: HeartbeatOptions) {
		this.#options = options;
		this.#unlisten = options.bus.onStatus((status) => {
			if (status.type === 'reconnected') this.beat();
		});
		const { bus, subjects, identity } = options;
		if (identity.role !== 'registry') {
			this.#registries = bus.subscribe(subjects.allHeartbeats('registry'), (message) => this.#hearRegistry(message));
		}
		this.beat();
	}

	/** A registry that starts knows nobody: it need not wait for an interval to pass. */
	#hearRegistry(message: Message): void {
		if (this.#rollCall !== undefined || !isFirstHeartbeat(message)) return;
		this.#rollCall = setTimeout(() => {
			this.#rollCall = undefined;
			this.beat();
		}, Math.random() * ROLL_CALL_MS);
		this.#rollCall.unref();
	}

	/** Sends one now; the next follows an interval later. */
	beat(): void {
		const { bus, intervalMs, logger } = this.#options;
		clearTimeout(this.#timer);
		if (bus.closed) return;
		this.#timer = setTimeout(() => this.beat(), intervalMs * (1 + JITTER * (2 * Math.random() - 1)));
		this.#timer.unref();
		try {
			this.#send();
		} catch (error) {
			logger?.warn(`The heartbeat was not sent: ${(error as Error).message}`);
		}
	}

	#send(): void {
		const { bus, subjects, identity, intervalMs, facts } = this.#options;
		const { role, id, instance, host, startedAt } = identity;
		const heartbeat: Heartbeat = {
			v: 1,
			role,
			id,
			instance,
			seq: ++this.#seq,
			version,
			host,
			pid: process.pid,
			startedAt,
			intervalMs,
			...facts(),
			ours: true,
			...(this.#isDraining ? { draining: true } : {}),
		};
		bus.publish(subjects.heartbeat(role, id), heartbeat, { whenDisconnected: 'drop' });
	}

	/** Says that the node is about to leave and takes no new work; heartbeats go on until `stop`. */
	drain(): void {
		if (this.#isDraining) return;
		this.#isDraining = true;
		this.beat();
	}

	/** The last heartbeat says that it leaves. */
	stop(): void {
		this.drain();
		clearTimeout(this.#timer);
		clearTimeout(this.#rollCall);
		this.#registries?.unsubscribe();
		this.#unlisten();
	}
}

function isFirstHeartbeat(message: Message): boolean {
	try {
		return (message.json() as { seq?: unknown } | null)?.seq === 1;
	} catch {
		// Whoever sent that is no registry.
		return false;
	}
}

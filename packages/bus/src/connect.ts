/** Chooses the driver by the address. The NATS client is only loaded when it is needed. */
import type { Bus, BusStatus } from './bus.ts';
import { BusUnavailable } from './bus-error.ts';
import { sharedBroker } from './memory/memory-broker.ts';
import { MemoryBus } from './memory/memory-bus.ts';

export interface ConnectOptions {
	/** Name of this connection in the server's lists: service@host#instance. */
	readonly name?: string;
	/** Try until the server is there (services); else fail after one try (commands). Default false. */
	readonly waitForServer?: boolean;
	/** Ends the waiting for the server. */
	readonly signal?: AbortSignal;
	/** For one try to connect; default 5000. */
	readonly connectTimeoutMs?: number;
	/** Pause between tries to connect, without jitter; default 1000. */
	readonly reconnectWaitMs?: number;
	/** Bounds of the outbox that keeps messages while the connection is down; defaults 10,000 and 16 MiB. */
	readonly outboxMessages?: number;
	readonly outboxBytes?: number;
	/** Credentials; those in the address are used too ("nats://user:password@host", "nats://token@host"). */
	readonly user?: string;
	readonly password?: string;
	readonly token?: string;
	/** Path of a NATS credentials file (user JWT and seed), read again for each connection. */
	readonly credentialsFile?: string;
	/** Certificates as files. `tls://` asks for TLS without these. */
	readonly tls?: { readonly caFile?: string; readonly certFile?: string; readonly keyFile?: string };
	/** Answers come to subjects below this; give each user its own where permissions are set. Default "_INBOX". */
	readonly inboxPrefix?: string;
	/** Hears of everything from the first try to connect on. */
	readonly onStatus?: (status: BusStatus) => void;
}

/**
 * Connects to a bus:
 * - `memory:` or `memory:name`: within this process; the same name is the same bus;
 * - `nats://host:port`, several with commas between them, or `tls://`: a NATS server or the loopback listener.
 *
 * Rejects with BusUnavailable.
 */
export async function connectBus(url: string, options: ConnectOptions = {}): Promise<Bus> {
	if (url === 'memory:' || /^memory:[A-Za-z0-9_-]+$/.test(url)) {
		const bus = new MemoryBus(sharedBroker(url.slice('memory:'.length)), url);
		if (options.onStatus !== undefined) {
			bus.onStatus(options.onStatus);
			options.onStatus({ type: 'connected', server: url });
		}
		return bus;
	}
	if (/^(nats|tls):\/\//.test(url)) {
		const { connectNats } = await import('./nats/nats-bus.ts');
		return connectNats(url, options);
	}
	throw new BusUnavailable(
		`The address of the bus ${JSON.stringify(url)} is not one: use "nats://host:4222" (several with commas), ` +
			'"tls://host:4222", or "memory:" when everything runs in one process.',
	);
}

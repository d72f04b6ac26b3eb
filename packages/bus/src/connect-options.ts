import type { BusStatus } from './bus.ts';

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

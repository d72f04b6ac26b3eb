/**
 * Lets other programs on this machine use a bus that lives in one process: a TCP listener on 127.0.0.1 that speaks
 * NATS's text protocol, so that every NATS client works unchanged. Core NATS only: no JetStream, no TLS, no clusters,
 * one machine. For more than that, run a nats-server.
 *
 * Whoever can open a connection to 127.0.0.1 here can use it: every user of the machine. Set a token where that matters.
 */
import { createServer, type Server, type Socket } from 'node:net';
import { BusUnavailable } from '../bus-error.ts';
import type { MemoryBroker } from '../memory/memory-broker.ts';
import { type ConnectionCounters, type ConnectionLimits, LoopbackConnection } from './loopback-connection.ts';

/** The only address that it listens on. */
export const loopbackHost = '127.0.0.1';

export interface LoopbackListenerOptions {
	/** Refused if it is anything but 127.0.0.1. */
	readonly host?: string;
	/** 0 (the default): any free port. */
	readonly port?: number;
	/** Clients have to show it: `nats://<token>@127.0.0.1:port`. */
	readonly token?: string;
	/** Connections at a time; default 256. */
	readonly maxConnections?: number;
	readonly limits?: Partial<ConnectionLimits>;
}

export interface LoopbackListener {
	/** For clients, with the token if there is one. */
	readonly url: string;
	readonly port: number;
	stats(): Readonly<ConnectionCounters> & { readonly connections: number };
	/** Ends all connections and stops listening. */
	close(): Promise<void>;
}

const defaultLimits: ConnectionLimits = {
	maxLineBytes: 4096,
	maxSubscriptions: 10_000,
	maxWaitingBytes: 16 * 1024 * 1024,
	authTimeoutMs: 2000,
};

/** Starts to listen. Rejects with BusUnavailable: another address than 127.0.0.1, or the port is taken. */
export async function startLoopbackListener(
	broker: MemoryBroker,
	options: LoopbackListenerOptions = {},
): Promise<LoopbackListener> {
	const { host = loopbackHost, port = 0, token, maxConnections = 256 } = options;
	if (host !== loopbackHost) {
		throw new BusUnavailable(
			`The bus of this process can only be offered on ${loopbackHost}, not on ${host}: ` +
				'for several machines start a nats-server and set NATS_URL.',
		);
	}
	if (token !== undefined && !/^[A-Za-z0-9_-]{1,256}$/.test(token)) {
		throw new BusUnavailable('The token of the bus must be 1 to 256 of A-Z, a-z, 0-9, "_" and "-".');
	}
	const limits = { ...defaultLimits, ...options.limits };
	const counters: ConnectionCounters = { protocolErrors: 0, slowConsumers: 0, authFailures: 0 };
	const connections = new Set<LoopbackConnection>();
	let clients = 0;
	const server = createServer({ noDelay: true }, (socket) => {
		const connection = new LoopbackConnection(socket, broker, limits, counters, token);
		connections.add(connection);
		socket.on('close', () => connections.delete(connection));
		connection.greet(infoOf(socket, ++clients, broker, token));
	});
	server.maxConnections = maxConnections;
	const bound = await listen(server, host, port);
	return {
		url: `nats://${token === undefined ? '' : `${token}@`}${host}:${bound}`,
		port: bound,
		stats: () => ({ ...counters, connections: connections.size }),
		close: () =>
			new Promise((resolve) => {
				server.close(() => resolve());
				for (const connection of connections) connection.close();
			}),
	};
}

function infoOf(
	socket: Socket,
	client: number,
	broker: MemoryBroker,
	token: string | undefined,
): Record<string, unknown> {
	return {
		server_id: `UFTP-LOOPBACK-${process.pid}`,
		server_name: 'uftp-loopback',
		// Clients compare this to know what they may use: the core of 2.9, without JetStream.
		version: '2.9.0-uftp',
		go: 'none',
		proto: 1,
		host: loopbackHost,
		port: socket.localPort ?? 0,
		headers: true,
		max_payload: broker.limits.maxPayloadBytes,
		jetstream: false,
		client_id: client,
		client_ip: socket.remoteAddress ?? loopbackHost,
		...(token === undefined ? {} : { auth_required: true }),
	};
}

function listen(server: Server, host: string, port: number): Promise<number> {
	return new Promise((resolve, reject) => {
		server.once('error', (error: NodeJS.ErrnoException) => {
			const why = error.code === 'EADDRINUSE' ? 'another program holds the port' : error.message;
			reject(new BusUnavailable(`The bus cannot be offered on ${host}:${port}: ${why}.`, error));
		});
		server.listen({ host, port, exclusive: true }, () => {
			const bound = server.address();
			resolve(typeof bound === 'object' && bound !== null ? bound.port : port);
		});
	});
}

/** Getting the first connection to a NATS server: options, patience, and sentences for what goes wrong. */
import { readFileSync } from 'node:fs';
import {
	AuthorizationError,
	connect,
	credsAuthenticator,
	type NatsConnection,
	type NodeConnectionOptions,
	UserAuthenticationExpiredError,
} from '@nats-io/transport-node';
import { BusUnavailable } from '../bus-error.ts';
import type { ConnectOptions } from '../connect-options.ts';
import { type BusAddress, parseBusAddress } from './bus-address.ts';

const defaultConnectTimeoutMs = 5000;
const defaultReconnectWaitMs = 1000;

function clientOptions(address: BusAddress, options: ConnectOptions): NodeConnectionOptions {
	const waitMs = options.reconnectWaitMs ?? defaultReconnectWaitMs;
	const result: NodeConnectionOptions = {
		servers: [...address.servers],
		timeout: options.connectTimeoutMs ?? defaultConnectTimeoutMs,
		// The client's default gives up after ten tries and is deaf from then on.
		maxReconnectAttempts: -1,
		reconnectTimeWait: waitMs,
		reconnectJitter: waitMs / 2,
		reconnectJitterTLS: waitMs / 2,
		pingInterval: 20_000,
		// Credentials may be renewed while we try.
		ignoreAuthErrorAbort: true,
		noAsyncTraces: true,
	};
	if (options.name !== undefined) result.name = options.name;
	if (options.inboxPrefix !== undefined) result.inboxPrefix = options.inboxPrefix;
	const user = options.user ?? address.user;
	const password = options.password ?? address.password;
	const token = options.token ?? address.token;
	if (user !== undefined) result.user = user;
	if (password !== undefined) result.pass = password;
	if (token !== undefined) result.token = token;
	const file = options.credentialsFile;
	if (file !== undefined) result.authenticator = credsAuthenticator(() => readFileSync(file));
	if (address.tls || options.tls !== undefined) result.tls = { ...options.tls };
	return result;
}

/** Connects, or rejects with BusUnavailable. With `waitForServer` only wrong credentials end the waiting, and `signal`. */
export async function connectToServer(
	url: string,
	options: ConnectOptions,
): Promise<{ connection: NatsConnection; address: BusAddress }> {
	const address = parseBusAddress(url);
	const waitMs = options.reconnectWaitMs ?? defaultReconnectWaitMs;
	for (;;) {
		try {
			const connection = await connect(clientOptions(address, options));
			// The client forgets servers that did not answer the first time: give it all of them again.
			if (address.servers.length > 1) connection.setServers([...address.servers]);
			return { connection, address };
		} catch (error) {
			const problem = connectProblem(address, error);
			if (!options.waitForServer || isRefusal(error)) throw new BusUnavailable(problem, error);
			options.onStatus?.({ type: 'waiting', server: address.shown, reason: problem });
			await pause(waitMs * (1 + Math.random() / 2), options.signal);
			if (options.signal?.aborted) throw new BusUnavailable(`${problem} Not waiting any longer.`, error);
		}
	}
}

function isRefusal(error: unknown): boolean {
	return error instanceof AuthorizationError || error instanceof UserAuthenticationExpiredError;
}

function connectProblem(address: BusAddress, error: unknown): string {
	const message = error instanceof Error ? error.message : String(error);
	if (isRefusal(error)) {
		return `The bus at ${address.shown} refuses these credentials (${message}): check user, password, token or file.`;
	}
	if (/certificate|tls|EBADF/i.test(message)) {
		return (
			`The bus at ${address.shown} cannot be reached with TLS (${message}): ` +
			'check that both sides use it, the CA file, and whether the server asks for a client certificate.'
		);
	}
	if (/timeout/i.test(message)) {
		return (
			`The bus at ${address.shown} does not answer in time: ` +
			'check address and firewall, and whether the server asks for a client certificate.'
		);
	}
	return `No bus answers at ${address.shown} (${message}): start a nats-server there, or check the address.`;
}

/** Waits, but not beyond an abort. */
function pause(ms: number, signal: AbortSignal | undefined): Promise<void> {
	return new Promise((resolve) => {
		if (signal?.aborted) {
			resolve();
			return;
		}
		const end = (): void => {
			clearTimeout(timer);
			signal?.removeEventListener('abort', end);
			resolve();
		};
		const timer = setTimeout(end, ms);
		signal?.addEventListener('abort', end);
	});
}

/** Chooses the driver by the address. The NATS client is only loaded when it is needed. */
import type { Bus } from './bus.ts';
import { BusUnavailable } from './bus-error.ts';
import type { ConnectOptions } from './connect-options.ts';
import { sharedBroker } from './memory/memory-broker.ts';
import { MemoryBus } from './memory/memory-bus.ts';

/** The credentials that a process was given beside the address, in which some characters need another form. */
export function credentialsIn(
	environment: Readonly<Record<string, string | undefined>>,
): Pick<ConnectOptions, 'user' | 'password' | 'token'> {
	const { NATS_USER: user, NATS_PASSWORD: password, NATS_TOKEN: token } = environment;
	return { ...(user ? { user } : {}), ...(password ? { password } : {}), ...(token ? { token } : {}) };
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

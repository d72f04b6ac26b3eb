/** Reading "nats://user:password@host:port,host:port": the servers, the credentials, and what may be shown of it. */
import { BusUnavailable } from '../bus-error.ts';

export interface BusAddress {
	/** "host:port", each with its port. */
	readonly servers: readonly string[];
	readonly tls: boolean;
	readonly user?: string;
	readonly password?: string;
	readonly token?: string;
	/** The address without credentials. */
	readonly shown: string;
}

/** Port of a NATS server unless the address says otherwise. */
export const defaultNatsPort = 4222;

/** Throws BusUnavailable with a sentence for what is no address. Credentials of the first server hold for all. */
export function parseBusAddress(url: string): BusAddress {
	const scheme = url.match(/^(nats|tls):\/\//)?.[1];
	if (scheme === undefined) throw new BusUnavailable('The address of the bus must begin with "nats://" or "tls://".');
	const servers: string[] = [];
	let credentials: Pick<BusAddress, 'user' | 'password' | 'token'> = {};
	for (const part of url.split(',')) {
		const text = part.trim().replace(/^(nats|tls):\/\//, '');
		let parsed: URL;
		try {
			parsed = new URL(`http://${text}`);
		} catch {
			throw new BusUnavailable(`The address of the bus is not one: ${JSON.stringify(withoutCredentials(text))} in it.`);
		}
		// URL leaves out the port that is usual for its scheme: look at the text.
		const port = /:(\d+)\/?$/.exec(text)?.[1] ?? String(defaultNatsPort);
		servers.push(`${parsed.hostname}:${port}`);
		if (parsed.username !== '' && credentials.user === undefined && credentials.token === undefined) {
			const name = decodeURIComponent(parsed.username);
			const password = decodeURIComponent(parsed.password);
			credentials = password === '' ? { token: name } : { user: name, password };
		}
	}
	return { servers, tls: scheme === 'tls', ...credentials, shown: `${scheme}://${servers.join(',')}` };
}

function withoutCredentials(text: string): string {
	return text.slice(text.lastIndexOf('@') + 1).slice(0, 120);
}

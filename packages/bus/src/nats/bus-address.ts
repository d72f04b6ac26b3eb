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
			if (url.includes('@')) throw new BusUnavailable(CREDENTIALS);
			throw new BusUnavailable(`The address of the bus is not one: ${JSON.stringify(text.slice(0, 120))} in it.`);
		}
		if (text.includes('@') && !isWhole(text, parsed)) throw new BusUnavailable(CREDENTIALS);
		// URL leaves out the port that is usual for its scheme: look at the text.
		const port = /:(\d+)\/?$/.exec(text)?.[1] ?? String(defaultNatsPort);
		servers.push(`${parsed.hostname}:${port}`);
		if (parsed.username !== '' && credentials.user === undefined && credentials.token === undefined) {
			const [name, password] = [decoded(parsed.username), decoded(parsed.password)];
			credentials = password === '' ? { token: name } : { user: name, password };
		}
	}
	return { servers, tls: scheme === 'tls', ...credentials, shown: `${scheme}://${servers.join(',')}` };
}

/** Shows nothing of the address: what is wrong in it is the secret. */
const CREDENTIALS =
	'The address of the bus cannot be read: a character in its user, password or token has another meaning there. Write it ' +
	'in percent form ("%" as %25, "#" as %23, "/" as %2F, "?" as %3F, "@" as %40, ":" as %3A, "," as %2C), or leave them ' +
	'out of the address and set NATS_USER and NATS_PASSWORD, or NATS_TOKEN.';

/** Whether all that is before the last "@" was taken for credentials. A "/", "#" or "?" ends them, an "@" is a second one. */
function isWhole(text: string, { username }: URL): boolean {
	return username !== '' && !/[/#?@\\]/.test(text.slice(0, text.lastIndexOf('@')));
}

function decoded(text: string): string {
	try {
		return decodeURIComponent(text);
	} catch {
		throw new BusUnavailable(CREDENTIALS);
	}
}

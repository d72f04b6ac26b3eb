import type { Endpoint } from '@uftp/protocol';
import { EndpointError } from '../problems/index.ts';
import { resolveHost } from './resolve-host.ts';
import { splitHostAndPort } from './split-host-and-port.ts';

/**
 * Reads proxies that get heartbeats: `host[:port]`, an IPv6 address with a port in brackets; `port` where none is named.
 * Host names are looked up here and never again. Rejects with an `EndpointError` `heartbeat-target-invalid`.
 */
export async function readEndpoints(words: readonly string[], port: number): Promise<readonly Endpoint[]> {
	const endpoints: Endpoint[] = [];
	for (const word of words) {
		const split = splitHostAndPort(word, port);
		const found = await resolveHost(split.name);
		const why = 'problem' in found ? found.problem : 'its port is not a number from 1 to 65535';
		if ('problem' in found || split.port === undefined)
			throw new EndpointError('heartbeat-target-invalid', { word, why });
		endpoints.push({ host: found.address, port: split.port });
	}
	return endpoints;
}

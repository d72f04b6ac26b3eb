import type { Endpoint } from '../../ports.ts';

/** Whether two endpoints in canonical text are one. */
export function isSameEndpoint(one: Endpoint, other: Endpoint): boolean {
	return one.host === other.host && one.port === other.port;
}

/** "10.0.0.7:1044", "[fd00::7]:1044". */
export function formatEndpoint({ host, port }: Endpoint): string {
	return host.includes(':') ? `[${host}]:${port}` : `${host}:${port}`;
}

/** The response proxy that a receiver is told by its configuration: `host[:port][/fingerprint]`. */
import { parseFingerprint } from '@uftp/crypto';
import { literalAddress, responseProxyAt } from '@uftp/endpoint/network';
import type { ResponseProxyConfig } from '@uftp/protocol';
import type { Family } from '@uftp/wire';

/** What the setting says; without a port it is the one that the receiver listens on. */
export interface ProxySetting {
	readonly host: string;
	readonly port: number | undefined;
	readonly fingerprint: Uint8Array | undefined;
}

/** Reads the setting; a sentence's end ("must be ...") if it cannot be read. */
export function parseProxySetting(value: string): ProxySetting | string {
	const [where, print, ...rest] = value.split('/');
	const fingerprint = print === undefined ? undefined : parseFingerprint(print);
	if (rest.length > 0 || (print !== undefined && fingerprint === undefined)) {
		return 'must have, behind "/", a fingerprint: 20 pairs of hex digits with colons between them';
	}
	const literal = literalAddress(where);
	if (literal !== undefined) return { host: literal, port: undefined, fingerprint };
	const match = /^(?:\[([^\]]+)\]|([^:]+))(?::([0-9]{1,5}))?$/.exec(where);
	const host = match?.[1] === undefined ? match?.[2] : literalAddress(match[1]);
	const port = match?.[3] === undefined ? undefined : Number(match[3]);
	if (host === undefined || (port !== undefined && (port < 1 || port > 65_535))) {
		return 'must be host, host:port or [IPv6 address]:port, and behind it "/" and a fingerprint if you like';
	}
	return { host, port, fingerprint };
}

/** The proxy of the setting, for a receiver of this family and port. Rejects with an `EndpointError`. */
export async function configuredProxy(
	setting: ProxySetting | undefined,
	family: Family,
	ownPort: number,
): Promise<ResponseProxyConfig | undefined> {
	return setting && responseProxyAt({ ...setting, port: setting.port ?? ownPort }, [family]);
}

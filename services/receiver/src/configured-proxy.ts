/** The response proxy that a receiver is told by its configuration: `host[:port][/fingerprint]`. */
import { lookup } from 'node:dns/promises';
import { parseFingerprint } from '@uftp/crypto';
import type { ResponseProxyConfig } from '@uftp/protocol';
import { formatAddress, isMulticast, isUnspecified, parseAddress } from '@uftp/wire';

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
	const literal = canonical(where);
	if (literal !== undefined) return { host: literal, port: undefined, fingerprint };
	const match = /^(?:\[([^\]]+)\]|([^:]+))(?::([0-9]{1,5}))?$/.exec(where);
	const host = match?.[1] === undefined ? match?.[2] : canonical(match[1]);
	const port = match?.[3] === undefined ? undefined : Number(match[3]);
	if (host === undefined || (port !== undefined && (port < 1 || port > 65_535))) {
		return 'must be host, host:port or [IPv6 address]:port, and behind it "/" and a fingerprint if you like';
	}
	return { host, port, fingerprint };
}

function canonical(text: string): string | undefined {
	const bytes = parseAddress(text);
	return bytes === undefined ? undefined : formatAddress(bytes, 0, bytes.length === 4 ? 4 : 16);
}

/** The proxy of the setting, for a receiver of this family and port. Rejects with a sentence if there is no such host. */
export async function configuredProxy(
	setting: ProxySetting | undefined,
	family: 4 | 6,
	ownPort: number,
): Promise<ResponseProxyConfig | undefined> {
	if (setting === undefined) return undefined;
	const { host, port = ownPort, fingerprint } = setting;
	const address = canonical(host) ?? (await resolved(host, family));
	if (address.includes(':') !== (family === 6)) {
		throw refusal(host, `it has no IPv${family} address, and the receiver's groups are IPv${family} ones`);
	}
	if (isMulticast(address) || isUnspecified(address)) throw refusal(host, 'it is not the address of a host');
	return { endpoint: { host: address, port }, fingerprint };
}

async function resolved(host: string, family: 4 | 6): Promise<string> {
	try {
		return (await lookup(host, { family })).address;
	} catch (error) {
		throw refusal(host, `no IPv${family} address was found for it (${(error as NodeJS.ErrnoException).code})`);
	}
}

function refusal(host: string, why: string): Error {
	return new Error(
		`The response proxy ${host} cannot be used: ${why}. Set UFTP_RESPONSE_PROXY to host[:port][/fingerprint].`,
	);
}

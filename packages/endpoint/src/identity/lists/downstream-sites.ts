/** The downstream sites of a server proxy: addresses with or without a port, keys by their fingerprint, files of them. */
import { formatFingerprint, parseFingerprint } from '@uftp/crypto';
import { type DownstreamSite, formatEndpoint } from '@uftp/protocol';
import { isMulticast, isUnspecified } from '@uftp/wire';
import { resolveHost } from '../../network/resolve-host.ts';
import { splitHostAndPort } from '../../network/split-host-and-port.ts';
import { ListError, listLines, systemReason } from './list-lines.ts';

/** More would be a mistake. */
const SITES_MAX = 10_000;
const BROADCAST = '255.255.255.255';

/**
 * Reads the sites: `host[:port]`, `fp=fingerprint`, `@file` with one of these on each line. Names are looked up here and
 * never again. Rejects with a `ListError`.
 */
export async function readDownstreamSites(given: readonly string[], port: number): Promise<readonly DownstreamSite[]> {
	const words = given.flatMap((word) => (word.startsWith('@') ? linesOf(word.slice(1)) : [{ word, place: '' }]));
	if (words.length === 0 && given.length > 0) {
		throw refusal(`${given.join(', ')} names no site: nothing would be forwarded`);
	}
	if (words.length > SITES_MAX) throw refusal(`there are more than ${SITES_MAX} sites`);
	const sites: DownstreamSite[] = [];
	const known = new Set<string>();
	for (const { word, place } of words) {
		const site = await siteOf(word, port, place);
		const name = describeSite(site);
		if (known.has(name)) throw refusal(`The site ${name} is named twice${place}: it would get everything twice`);
		known.add(name);
		sites.push(site);
	}
	return sites;
}

/** "10.0.0.7:1044", or "fp=AA:...". */
export function describeSite(site: DownstreamSite): string {
	return site.kind === 'address' ? formatEndpoint(site.endpoint) : `fp=${formatFingerprint(site.fingerprint)}`;
}

function linesOf(file: string): { word: string; place: string }[] {
	try {
		return listLines(file).map(({ parts, place }) => ({ word: parts.join('|'), place: ` (${place})` }));
	} catch (error) {
		throw refusal(`Couldn't open site list ${file}: ${systemReason(error)}. Behind "@" comes a file that you may read`);
	}
}

async function siteOf(word: string, initialPort: number, place: string): Promise<DownstreamSite> {
	if (word.startsWith('fp=')) {
		const fingerprint = parseFingerprint(word.slice(3));
		if (fingerprint !== undefined) return { kind: 'fingerprint', fingerprint };
		throw refusal(
			`Invalid fingerprint ${word.slice(3)}${place}: it takes 20 pairs of hex digits with colons between them, as uftp_keymgt and the log of the downstream proxy show them`,
		);
	}
	const { name, port } = splitHostAndPort(word, initialPort);
	if (port === undefined) throw refusal(`Invalid host name: ${word}${place}: its port is not a number from 1 to 65535`);
	const resolved = await resolveHost(name);
	const problem = 'problem' in resolved ? resolved.problem : unfit(resolved.address);
	if ('problem' in resolved || problem !== undefined) throw refusal(`Invalid host name: ${word}${place}: ${problem}`);
	return { kind: 'address', endpoint: { host: resolved.address, port } };
}

function unfit(address: string): string | undefined {
	if (isMulticast(address)) return 'it is a multicast group, and a site is one host';
	if (isUnspecified(address) || address === BROADCAST) return 'no host has this address';
	return undefined;
}

function refusal(sentence: string): ListError {
	return new ListError(`${sentence}.`);
}

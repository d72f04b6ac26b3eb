/** The senders that a receiver accepts (`UFTP_SENDERS_FILE`), and how its groups are joined for them. */
import { type ListedSender, readSenderList } from '@uftp/endpoint/identity';
import { isSourceSpecificMulticast } from '@uftp/wire';

export interface AcceptedSenders {
	readonly senders: readonly ListedSender[];
	/** All groups are source-specific: they are joined for the addresses of the senders only, as C does with -S. */
	readonly isSourceSpecific: boolean;
}

/** Reads the list. Rejects with a sentence: it cannot be read, a line of it is wrong, some groups but not all are source-specific. */
export async function acceptedSenders(
	file: string | undefined,
	groups: readonly string[],
): Promise<AcceptedSenders | undefined> {
	if (file === undefined) return undefined;
	const senders = await readSenderList(file);
	const sourceSpecific = groups.filter(isSourceSpecificMulticast);
	if (sourceSpecific.length > 0 && sourceSpecific.length < groups.length) {
		throw new Error(
			`With a list of senders the groups must be all source-specific (232.0.0.0/8, ff3x::) or none: ${sourceSpecific.join(', ')} cannot go with the others. Change UFTP_PUBLIC_ADDRESS.`,
		);
	}
	return { senders, isSourceSpecific: sourceSpecific.length > 0 };
}

/** The addresses that groups are joined for; undefined: from any. Proxies speak to the groups of their receivers, too. */
export function joinedSources(
	accepted: AcceptedSenders | undefined,
	family: 4 | 6,
	proxyHost: string | undefined,
): readonly string[] | undefined {
	if (accepted?.isSourceSpecific !== true) return undefined;
	const addresses = accepted.senders.map(({ address }) => address);
	const hosts = proxyHost === undefined ? addresses : [...addresses, proxyHost];
	return [...new Set(hosts.filter((host) => host.includes(':') === (family === 6)))];
}

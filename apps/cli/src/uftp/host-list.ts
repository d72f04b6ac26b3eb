/** The receivers of a closed group, -H id,id,... or -H @file, and the proxies of -j. */
import { listedUid } from '@uftp/endpoint/identity';
import { resolveHost } from '@uftp/endpoint/network';
import { uidFromIPv4 } from '@uftp/wire';
import { CommandError, ExitCode, systemReason } from '../drop-in/command-error.ts';
import { listedFingerprint, listLines } from '../drop-in/list-lines.ts';
import { commaList } from '../drop-in/option-values.ts';

/** As in C: receivers of one session. */
const RECEIVERS_MAX = 100_000;

export interface HostList {
	/** UIDs with the text that stood for each, in order, each once. */
	readonly names: ReadonlyMap<number, string>;
	/** The 20 bytes of the one key that each of these may come with. */
	readonly fingerprints: ReadonlyMap<number, Uint8Array>;
}

export const NO_HOSTS: HostList = { names: new Map(), fingerprints: new Map() };

interface Entry {
	readonly id: string;
	readonly fingerprint: Uint8Array | undefined;
}

/** Reads -H. Throws a `CommandError`. */
export async function readHostList(hosts: string): Promise<HostList> {
	const entries = hosts.startsWith('@')
		? entriesOfFile(hosts.slice(1), 'destination', '-H @')
		: commaList(hosts).map((id) => ({ id, fingerprint: undefined }));
	const list = await settle(entries);
	// C would take an empty list as an open group and send to whoever comes.
	if (list.names.size === 0) throw new CommandError(ExitCode.Parameters, `uftp: -H ${hosts} names no receiver.`);
	if (list.names.size > RECEIVERS_MAX) {
		throw new CommandError(ExitCode.Parameters, `uftp: -H ${hosts} names more than ${RECEIVERS_MAX} receivers.`);
	}
	return list;
}

/** Reads the file of -j. Throws a `CommandError`. */
export async function readProxyList(path: string): Promise<HostList> {
	return settle(entriesOfFile(path, 'proxy', '-j'));
}

async function settle(entries: readonly Entry[]): Promise<HostList> {
	const names = new Map<number, string>();
	const fingerprints = new Map<number, Uint8Array>();
	for (const { id, fingerprint } of entries) {
		const uid = await uidOfEntry(id);
		if (names.has(uid)) continue;
		names.set(uid, id);
		if (fingerprint !== undefined) fingerprints.set(uid, fingerprint);
	}
	return { names, fingerprints };
}

/** One id per line; what follows a "|" is the fingerprint of its key. */
function entriesOfFile(path: string, what: string, option: string): Entry[] {
	let lines: ReturnType<typeof listLines>;
	try {
		lines = listLines(path);
	} catch (error) {
		throw new CommandError(
			ExitCode.Parameters,
			`Couldn't open ${what} list ${path}: ${systemReason(error)}. Give ${option} a file that you may read.`,
		);
	}
	return lines.map(({ parts: [id, print], place }) => {
		return { id, fingerprint: listedFingerprint(print, place) };
	});
}

/**
 * As in C an entry is first an IPv4 address in any of its spellings (so "1234" is 0x000004D2, "0x1234" is 0x00001234),
 * then hex digits, then a host name, which stands for its IPv4 address.
 */
async function uidOfEntry(entry: string): Promise<number> {
	const known = listedUid(entry);
	if (known !== undefined) return known;
	let problem = 'it is neither a hexadecimal UID other than 0 and 0xFFFFFFFF nor an IPv4 address';
	if (/[g-zG-Z-]/.test(entry.replace(/^0[xX]/, ''))) {
		const resolved = await resolveHost(entry, 4);
		const uid = 'address' in resolved ? uidFromIPv4(resolved.address) : undefined;
		if (uid !== undefined) return uid;
		if ('problem' in resolved) problem = `it is no UID, and ${resolved.problem}`;
	}
	throw new CommandError(ExitCode.Parameters, `Invalid UID ${entry}: ${problem}.`);
}

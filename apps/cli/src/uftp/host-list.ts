/** The receivers of a closed group: -H id,id,... or -H @file. */
import fs from 'node:fs';
import { parseUid, uidFromIPv4 } from '@uftp/wire';
import { resolveAddress } from '../drop-in/addresses.ts';
import { CommandError, ExitCode, systemReason } from '../drop-in/command-error.ts';
import { commaList, uidOfNumericAddress } from '../drop-in/option-values.ts';

/** As in C: receivers of one session. */
const RECEIVERS_MAX = 100_000;

/** UIDs with the text that stood for each, in order, each once. Throws a `CommandError`. */
export async function readHostList(hosts: string): Promise<ReadonlyMap<number, string>> {
	const entries = hosts.startsWith('@') ? entriesOfFile(hosts.slice(1)) : commaList(hosts);
	const receivers = new Map<number, string>();
	for (const entry of entries) {
		const uid = await uidOfEntry(entry);
		if (!receivers.has(uid)) receivers.set(uid, entry);
	}
	// C would take an empty list as an open group and send to whoever comes.
	if (receivers.size === 0) throw new CommandError(ExitCode.Parameters, `uftp: -H ${hosts} names no receiver.`);
	if (receivers.size > RECEIVERS_MAX) {
		throw new CommandError(ExitCode.Parameters, `uftp: -H ${hosts} names more than ${RECEIVERS_MAX} receivers.`);
	}
	return receivers;
}

/** One id per line; what follows a "|" is the key fingerprint of encrypted sessions; "#" starts a comment line. */
function entriesOfFile(path: string): string[] {
	let text: string;
	try {
		text = fs.readFileSync(path, 'utf8');
	} catch (error) {
		throw new CommandError(
			ExitCode.Parameters,
			`Couldn't open destination list ${path}: ${systemReason(error)}. Give -H @ a file that you may read.`,
		);
	}
	return text
		.split('\n')
		.map((line) => line.split('|', 1)[0].trim())
		.filter((id) => id !== '' && !id.startsWith('#'));
}

/**
 * As in C an entry is first an IPv4 address in any of its spellings (so "1234" is 0x000004D2, "0x1234" is 0x00001234),
 * then hex digits, then a host name, which stands for its IPv4 address.
 */
async function uidOfEntry(entry: string): Promise<number> {
	const known = uidOfNumericAddress(entry) ?? parseUid(entry);
	if (known !== undefined) return known;
	let problem = 'it is neither a hexadecimal UID other than 0 and 0xFFFFFFFF nor an IPv4 address';
	if (/[g-zG-Z-]/.test(entry.replace(/^0[xX]/, ''))) {
		const resolved = await resolveAddress(entry, 4);
		const uid = 'address' in resolved ? uidFromIPv4(resolved.address) : undefined;
		if (uid !== undefined) return uid;
		if ('problem' in resolved) problem = `it is no UID, and ${resolved.problem}`;
	}
	throw new CommandError(ExitCode.Parameters, `Invalid UID ${entry}: ${problem}.`);
}

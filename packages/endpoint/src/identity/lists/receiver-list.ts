/** The receivers that a proxy serves: lines `uid[|fingerprint]`, or 3.7's `address [fingerprint]`. */
import type { AllowedReceiver } from '@uftp/protocol';
import { uidFromAddress } from '@uftp/wire';
import { resolveHost } from '../../network/resolve-host.ts';
import { ListError, type ListLine, listedFingerprint, listedUid, listLines, systemReason } from './list-lines.ts';

/** Lines of the file: more is a mistake. */
const RECEIVERS_MAX = 100_000;

/** Reads the list. Rejects with a `ListError`: it cannot be read, is empty, or a line of it is wrong. */
export async function readReceiverList(file: string): Promise<readonly AllowedReceiver[]> {
	let lines: readonly ListLine[];
	try {
		lines = listLines(file);
	} catch (error) {
		throw refusal(`Couldn't open client list ${file}: ${systemReason(error)}. Name a file that you may read`);
	}
	const receivers: AllowedReceiver[] = [];
	for (const line of lines) receivers.push(await receiverOf(line));
	// C would take an empty list for none and serve everybody.
	if (receivers.length === 0) throw refusal(`the client list ${file} names no receiver: nobody would be served`);
	if (receivers.length > RECEIVERS_MAX) {
		throw refusal(`the client list ${file} names more than ${RECEIVERS_MAX} receivers`);
	}
	return receivers;
}

async function receiverOf({ parts, place }: ListLine): Promise<AllowedReceiver> {
	const [id, print, ...more] = parts.length > 1 ? parts : parts[0].split(/\s+/);
	if (more.length > 0) {
		throw refusal(
			`"${parts.join('|')}" in ${place} is too long: a line is uid[|fingerprint], or address [fingerprint]`,
		);
	}
	const receiverId = listedUid(id) ?? (await uidOfName(id, place));
	return { receiverId, fingerprint: listedFingerprint(print, place) };
}

/** 3.7 knows receivers by their address, and the UID of a receiver that is not told one is made of it. */
async function uidOfName(name: string, place: string): Promise<number> {
	const resolved = await resolveHost(name);
	if ('problem' in resolved) throw refusal(`Invalid client UID or address ${name} in ${place}: ${resolved.problem}`);
	const uid = uidFromAddress(resolved.address);
	if (uid === undefined)
		throw refusal(`No UID can be made of the address ${resolved.address} in ${place}: write the UID`);
	return uid;
}

function refusal(sentence: string): ListError {
	return new ListError(`${sentence}.`);
}

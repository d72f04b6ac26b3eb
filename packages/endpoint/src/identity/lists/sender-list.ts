/** The senders that a receiver accepts: lines `uid|address[|fingerprint]` (3.7's: `address [fingerprint]`) of one file, or of every file in a folder. */
import fs from 'node:fs';
import type { AllowedSender } from '@uftp/protocol';
import { namesIn, systemPath } from '@uftp/storage/paths';
import { formatAddress, isMulticast, parseAddress, uidFromAddress } from '@uftp/wire';
import { resolveHost } from '../../network/resolve-host.ts';
import { ListError, type ListLine, listedFingerprint, listedUid, listLines, systemReason } from './list-lines.ts';

/** A sender of the list; its address is always known, because source-specific joins need it. */
export type ListedSender = AllowedSender & { readonly address: string };

/** Lines of all files together: more is a mistake. */
const SENDERS_MAX = 1000;

/** Reads the list. Rejects with a `ListError`: it cannot be read, is empty, or a line of it is wrong. */
export async function readSenderList(given: string): Promise<readonly ListedSender[]> {
	const senders: ListedSender[] = [];
	for (const file of filesOf(given)) {
		for (const line of linesIn(file)) senders.push(await senderOf(line));
	}
	// C would take an empty list for none and accept everybody.
	if (senders.length === 0) throw refusal(`the server list ${given} names no sender: nobody could send anything`);
	if (senders.length > SENDERS_MAX) throw refusal(`the server list ${given} names more than ${SENDERS_MAX} senders`);
	return senders;
}

/** The file, or those of the folder, in the order of their names; hidden ones and backups of editors do not count. */
function filesOf(given: string): string[] {
	try {
		if (!fs.statSync(systemPath(given)).isDirectory()) return [given];
		const names = namesIn(systemPath(given)).filter((name) => !name.startsWith('.') && !name.endsWith('~'));
		return names
			.sort()
			.map((name) => `${given}/${name}`)
			.filter((file) => fs.statSync(systemPath(file)).isFile());
	} catch (error) {
		throw unreadable(given, error);
	}
}

function linesIn(file: string): readonly ListLine[] {
	try {
		return listLines(file);
	} catch (error) {
		throw unreadable(file, error);
	}
}

function unreadable(file: string, error: unknown): ListError {
	return refusal(
		`Couldn't open server list ${file}: ${systemReason(error)}. Name a file, or a folder of files, that you may read`,
	);
}

async function senderOf(line: ListLine): Promise<ListedSender> {
	const older = threePointSevenForm(line);
	if (older !== undefined) return older;
	const {
		parts: [id, host, print],
		place,
	} = line;
	const senderId = listedUid(id);
	if (senderId === undefined) {
		throw refusal(`Invalid server UID "${id}" in ${place}: a line is uid|address[|fingerprint]`);
	}
	if (host === undefined || host === '') {
		throw refusal(`Invalid server name/address in ${place}: behind the UID comes "|" and the address it sends from`);
	}
	const literal = canonical(host);
	const resolved = literal === undefined ? await resolveHost(host) : { address: literal };
	const problem = 'problem' in resolved ? resolved.problem : unfit(resolved.address);
	if ('problem' in resolved || problem !== undefined) {
		throw refusal(`Invalid server name/address ${host} in ${place}: ${problem}`);
	}
	return { senderId, address: resolved.address, fingerprint: listedFingerprint(print, place) };
}

/** The lines of UFTP 3.7: an address, and a fingerprint behind a blank. Its UIDs are the addresses, as our defaults are. */
function threePointSevenForm({ parts, place }: ListLine): ListedSender | undefined {
	const [host, print, ...more] = parts[0].split(/\s+/);
	const address = parts.length === 1 && more.length === 0 ? canonical(host) : undefined;
	const senderId = address === undefined ? undefined : uidFromAddress(address);
	if (address === undefined || senderId === undefined) return undefined;
	const problem = unfit(address);
	if (problem !== undefined) throw refusal(`Invalid server name/address ${host} in ${place}: ${problem}`);
	return { senderId, address, fingerprint: listedFingerprint(print, place) };
}

function canonical(host: string): string | undefined {
	const bytes = parseAddress(host);
	return bytes === undefined ? undefined : formatAddress(bytes, 0, bytes.length === 4 ? 4 : 16);
}

function unfit(address: string): string | undefined {
	return isMulticast(address) ? 'it is a multicast group, and senders have addresses of their own' : undefined;
}

function refusal(sentence: string): ListError {
	return new ListError(`${sentence}.`);
}

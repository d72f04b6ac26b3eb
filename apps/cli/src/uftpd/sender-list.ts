/** The senders that -S allows: lines `uid|address[|fingerprint]` (3.7's: `address [fingerprint]`) of one file, or of every file in a folder. */
import fs from 'node:fs';
import path from 'node:path';
import type { AllowedSender } from '@uftp/protocol';
import { isMulticast, parseUid } from '@uftp/wire';
import { literalAddress, resolveAddress } from '../drop-in/addresses.ts';
import { CommandError, ExitCode, systemReason } from '../drop-in/command-error.ts';
import { type ListLine, listedFingerprint, listLines } from '../drop-in/list-lines.ts';
import { uidOfNumericAddress } from '../drop-in/option-values.ts';
import { defaultUid } from './listening-interfaces.ts';

/** A sender of the list; its address is always known, because the joins need it. */
export type ListedSender = AllowedSender & { readonly address: string };

/** Lines of all files together: more is a mistake. */
const SENDERS_MAX = 1000;

/** Reads -S. Throws a `CommandError` (exit 1). */
export async function readSenderList(given: string): Promise<readonly ListedSender[]> {
	const senders: ListedSender[] = [];
	for (const file of filesOf(given)) {
		for (const line of listLines(read(file), file)) senders.push(await senderOf(line));
	}
	// C would take an empty list for none and accept everybody.
	if (senders.length === 0) throw refusal(`the server list ${given} names no sender: nobody could send anything`);
	if (senders.length > SENDERS_MAX) throw refusal(`the server list ${given} names more than ${SENDERS_MAX} senders`);
	return senders;
}

/** The file, or those of the folder, in the order of their names; hidden ones and backups of editors do not count. */
function filesOf(given: string): string[] {
	try {
		if (!fs.statSync(given).isDirectory()) return [given];
		const names = fs.readdirSync(given).filter((name) => !name.startsWith('.') && !name.endsWith('~'));
		return names
			.sort()
			.map((name) => path.join(given, name))
			.filter((file) => fs.statSync(file).isFile());
	} catch (error) {
		throw unreadable(given, error);
	}
}

function read(file: string): string {
	try {
		return fs.readFileSync(file, 'utf8');
	} catch (error) {
		throw unreadable(file, error);
	}
}

function unreadable(file: string, error: unknown): CommandError {
	const why = `Couldn't open server list ${file}: ${systemReason(error)}`;
	return new CommandError(ExitCode.Parameters, `${why}. Give -S a file, or a folder of files, that you may read.`);
}

async function senderOf(line: ListLine): Promise<ListedSender> {
	const older = threePointSevenForm(line);
	if (older !== undefined) return older;
	const {
		parts: [id, host, print],
		place,
	} = line;
	const senderId = uidOfNumericAddress(id) ?? parseUid(id);
	if (senderId === undefined) {
		throw refusal(`Invalid server UID "${id}" in ${place}: a line is uid|address[|fingerprint]`);
	}
	if (host === undefined || host === '') {
		throw refusal(`Invalid server name/address in ${place}: behind the UID comes "|" and the address it sends from`);
	}
	const resolved = await resolveAddress(host, undefined);
	const problem = 'problem' in resolved ? resolved.problem : unfit(resolved.address);
	if ('problem' in resolved || problem !== undefined) {
		throw refusal(`Invalid server name/address ${host} in ${place}: ${problem}`);
	}
	return { senderId, address: resolved.address, fingerprint: listedFingerprint(print, place) };
}

/** The lines of UFTP 3.7: an address, and a fingerprint behind a blank. Its UIDs are the addresses, as our defaults are. */
function threePointSevenForm({ parts, place }: ListLine): ListedSender | undefined {
	const [host, print, ...more] = parts[0].split(/\s+/);
	const address = parts.length === 1 && more.length === 0 ? literalAddress(host) : undefined;
	if (address === undefined) return undefined;
	const problem = unfit(address);
	if (problem !== undefined) throw refusal(`Invalid server name/address ${host} in ${place}: ${problem}`);
	return { senderId: defaultUid(address), address, fingerprint: listedFingerprint(print, place) };
}

function unfit(address: string): string | undefined {
	return isMulticast(address) ? 'it is a multicast group, and senders have addresses of their own' : undefined;
}

function refusal(sentence: string): CommandError {
	return new CommandError(ExitCode.Parameters, `${sentence}.`);
}

/** Whether a group is source-specific: 232/8, or ff3x with the flags of a prefix-based address, as in C. */
export function isSourceSpecific(group: string): boolean {
	if (!group.includes(':')) return group.startsWith('232.');
	return /^ff3[0-9a-f]:/i.test(group);
}

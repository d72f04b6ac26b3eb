/**
 * The restart file of a sender (-f writes it, -F reads it): what was sent, and who has not got everything. JSON of our
 * own, for people to look at; C programs neither write nor read it.
 */
import fs from 'node:fs';
import { formatFingerprint, parseFingerprint } from '@uftp/crypto';
import { systemPath } from '@uftp/storage/paths';
import { formatUid, parseUid } from '@uftp/wire';
import { CommandError, ExitCode, systemReason } from '../drop-in/command-error.ts';
import { readText } from '../drop-in/list-lines.ts';
import { hexId } from '../drop-in/log.ts';
import type { HostList } from './host-list.ts';

/** Group instances have 8 bits. */
const INSTANCE_MAX = 255;
const FORMAT = 'uftp restart file';
const VERSION = 1;
const BYTES_MAX = 2 ** 26;

export interface RestartFile {
	readonly groupId: number;
	/** Of the run that failed. */
	readonly groupInstance: number;
	/** The words that named the files, and the directory where they were said. */
	readonly files: readonly string[];
	readonly directory: string;
	readonly receivers: HostList;
	readonly proxies: HostList;
}

/** As C calls it, in the current directory. */
export function restartFileName(groupId: number): string {
	return `_group_${hexId(groupId)}_restart`;
}

/** Writes it to `into`, in one step. Throws what the system says. */
export function writeRestartFile(restart: RestartFile, into = '.'): void {
	const { groupId, groupInstance, files, directory, receivers, proxies } = restart;
	const text = JSON.stringify(
		{
			format: FORMAT,
			version: VERSION,
			group: hexId(groupId),
			instance: groupInstance,
			directory,
			files,
			receivers: entriesOf(receivers),
			proxies: entriesOf(proxies),
		},
		undefined,
		'\t',
	);
	const name = `${into}/${restartFileName(groupId)}`;
	fs.writeFileSync(systemPath(`${name}.new`), `${text}\n`);
	fs.renameSync(systemPath(`${name}.new`), systemPath(name));
}

function entriesOf({ names, fingerprints }: HostList): object[] {
	return [...names].map(([id, name]) => {
		const print = fingerprints.get(id);
		return { uid: formatUid(id), name, ...(print === undefined ? {} : { fingerprint: formatFingerprint(print) }) };
	});
}

/** Reads the file of -F. Throws a `CommandError` (exit 1). */
export function readRestartFile(file: string): RestartFile {
	let text: string;
	try {
		const { size } = fs.statSync(systemPath(file));
		if (size > BYTES_MAX) throw refusal(file, `it is larger than ${BYTES_MAX} bytes`);
		text = readText(file);
	} catch (error) {
		if (error instanceof CommandError) throw error;
		throw new CommandError(
			ExitCode.Parameters,
			`Failed to open restart file: ${systemReason(error)}: ${file}. Give -F the file that an earlier -f or -F wrote.`,
		);
	}
	const restart = restartOf(file, text);
	if (restart.groupInstance < INSTANCE_MAX) return restart;
	throw refusal(file, `the session has been restarted ${INSTANCE_MAX} times, which is the most: send anew without -F`);
}

function restartOf(file: string, text: string): RestartFile {
	let content: unknown;
	try {
		content = JSON.parse(text);
	} catch {
		const why = text.startsWith('{')
			? 'it is damaged'
			: 'it is none of this program (those of the C uftp only it can read)';
		throw refusal(file, why);
	}
	if (!isObject(content) || content['format'] !== FORMAT) throw refusal(file, 'it is JSON, but no restart file');
	if (content['version'] !== VERSION) {
		throw refusal(file, `it has version ${String(content['version'])}, and this program knows version ${VERSION}`);
	}
	const { group, instance, directory, files } = content;
	const groupId = typeof group === 'string' && /^[0-9A-F]{8}$/.test(group) ? Number.parseInt(group, 16) : 0;
	if (groupId === 0) throw refusal(file, '"group" is no group id');
	if (!isWholeNumber(instance) || instance > INSTANCE_MAX) throw refusal(file, '"instance" is no number from 0 to 255');
	if (typeof directory !== 'string') throw refusal(file, '"directory" is missing');
	if (!isTextList(files) || files.length === 0) throw refusal(file, '"files" is no list of names');
	const receivers = hostsOf(file, 'receivers', content['receivers']);
	if (receivers.names.size === 0) throw refusal(file, '"receivers" is empty');
	const proxies = hostsOf(file, 'proxies', content['proxies']);
	return { groupId, groupInstance: instance, files, directory, receivers, proxies };
}

function hostsOf(file: string, field: string, entries: unknown): HostList {
	if (!Array.isArray(entries)) throw refusal(file, `"${field}" is no list`);
	const names = new Map<number, string>();
	const fingerprints = new Map<number, Uint8Array>();
	for (const entry of entries) {
		const uid = isObject(entry) && typeof entry['uid'] === 'string' ? parseUid(entry['uid']) : undefined;
		if (uid === undefined) throw refusal(file, `"${field}" has an entry without a UID`);
		const { name, fingerprint } = entry as JsonObject;
		names.set(uid, typeof name === 'string' ? name : formatUid(uid));
		if (fingerprint === undefined) continue;
		const print = typeof fingerprint === 'string' ? parseFingerprint(fingerprint) : undefined;
		if (print === undefined) throw refusal(file, `the fingerprint of ${formatUid(uid)} is none`);
		fingerprints.set(uid, print);
	}
	return { names, fingerprints };
}

type JsonObject = Readonly<Record<string, unknown>>;

function isObject(value: unknown): value is JsonObject {
	return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function isWholeNumber(value: unknown): value is number {
	return typeof value === 'number' && Number.isSafeInteger(value) && value >= 0;
}

function isTextList(value: unknown): value is string[] {
	return Array.isArray(value) && value.every((each) => typeof each === 'string' && each !== '');
}

function refusal(file: string, why: string): CommandError {
	return new CommandError(
		ExitCode.Parameters,
		`Failed to read restart file ${file}: ${why}. Give -F the file that an earlier -f or -F wrote.`,
	);
}

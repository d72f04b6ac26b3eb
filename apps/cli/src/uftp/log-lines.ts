/**
 * What the sender's log says of each event of a session: the lines of UFTP 4.10.2, at the levels where it prints them,
 * and lines of our own where it has no such event.
 */

import { formatFingerprint } from '@uftp/crypto';
import { describeWarning } from '@uftp/endpoint/problems';
import {
	FileType,
	formatEndpoint,
	type Outcome,
	type ReceiverResult,
	type SenderEnd,
	type SenderEvent,
} from '@uftp/protocol';
import { geometryOf, typeLine } from '../drop-in/file-lines.ts';
import { Level, type LogLine, scopeOf } from '../drop-in/log.ts';
import { COMMAND_VOCABULARY } from '../drop-in/vocabulary.ts';
import { behindProxy, COMPLETE_WORDS, doubleLine, messageOfProxy, movedLine } from './proxy-lines.ts';
import type { ReceiverNames } from './receiver-names.ts';
import { type ResultRow, ResultTable } from './result-table.ts';

export interface SenderLinesOptions {
	readonly groupId: number;
	readonly groupInstance: number;
	readonly isClosedGroup: boolean;
	readonly blockBytes: number;
	/** The log's level: below 2 only what went wrong is told of a file. */
	readonly level: number;
	readonly names: ReceiverNames;
	/** What a file is called on this side: "Name:" beside "sending as:". */
	localName(file: number): string;
}

const STATUS: Readonly<Record<Outcome, string>> = {
	received: 'Completed',
	overwritten: 'Completed(overwritten)',
	skipped: 'Skipped',
	rejected: 'Rejected',
	mute: 'Mute',
	lost: 'Lost connection',
	aborted: 'Aborted',
};
/** Events that the first table of lines has. */
type CommonKind =
	| 'announced'
	| 'registered'
	| 'keyed'
	| 'transferLimited'
	| 'fileStarted'
	| 'passStarted'
	| 'sectionSent'
	| 'nakReceived'
	| 'fileCompletedBy'
	| 'fileEnded';

export class SenderLines {
	readonly #options: SenderLinesOptions;
	readonly #names: ReceiverNames;
	#fileId = 0;
	#fileBytes = 0;
	/** The message of a proxy whose receivers are being listed. */
	#listing = '';
	readonly #table: ResultTable;

	constructor(options: SenderLinesOptions) {
		this.#options = options;
		this.#names = options.names;
		this.#table = new ResultTable(options.names);
	}

	/** The lines of one event, in order. */
	of(event: SenderEvent): LogLine[] {
		const rows = this.#table.rows(event);
		const listed = this.#listed(event);
		if (listed !== undefined) return listed;
		switch (event.kind) {
			case 'announced':
				return [
					...this.#verbose(`grtt = ${(event.grttMs / 1000).toFixed(6)}`),
					...this.#info(`Sending ANNOUNCE ${event.attempt}${this.#options.isClosedGroup ? '.1' : ''}`),
				];
			case 'registered':
				return [
					...this.#info(`Received REGISTER from client ${this.#names.of(event.receiverId)}`),
					...this.#verbose(`  rtt = ${(event.rttMs / 1000).toFixed(6)}`),
					...this.#clientKey(event.receiverId, event.fingerprint),
				];
			case 'keyed':
				return this.#info(`Received KEYINFO_ACK from ${this.#names.of(event.receiverId)}`);
			case 'transferLimited':
				return this.#info(`Maximum file transfer time: ${event.maxSeconds} seconds`);
			case 'fileStarted':
				return this.#fileStarted(event);
			case 'passStarted':
				return this.#info(...(event.pass === 1 ? ['Sending file'] : []), `Starting pass ${event.pass}`);
			case 'sectionSent':
				return this.#info(`Sending section ${event.section}`);
			case 'nakReceived': {
				const { missing, section, receiverId, isProxy } = event;
				const who = `${isProxy === true ? 'proxy' : 'client'} ${this.#names.of(receiverId)}`;
				return this.#info(`Got ${missing} NAKs for section ${section} from ${who}`);
			}
			case 'fileCompletedBy': {
				const words = COMPLETE_WORDS[event.result.outcome];
				return words === undefined
					? []
					: this.#info(`Got ${words} from client ${this.#names.of(event.result.receiverId)}`);
			}
			case 'fileEnded':
				return this.#fileEnded(rows);
			default:
				return this.#rarer(event);
		}
	}

	/** What a proxy says of several receivers: one line for its message, and one for each of them. */
	#listed(event: SenderEvent): LogLine[] | undefined {
		if (event.kind === 'proxyRegistered') {
			const { proxyId, rttMs } = event;
			this.#listing = `Received REGISTER from proxy ${this.#names.of(proxyId)}`;
			return [
				...this.#clientKey(proxyId, event.fingerprint),
				...this.#info(this.#listing),
				...this.#verbose(`  rtt = ${(rttMs / 1000).toFixed(6)}`),
			];
		}
		const said = messageOfProxy(event);
		const before = this.#listing;
		this.#listing = said === undefined ? '' : `${said.what} from proxy ${this.#names.of(said.proxyId)}`;
		if (said === undefined) return undefined;
		const client = `  For client ${this.#names.of(said.receiverId)}`;
		return this.#info(...(this.#listing === before ? [] : [this.#listing]), client);
	}

	#rarer(event: Exclude<SenderEvent, { kind: CommonKind }>): LogLine[] {
		switch (event.kind) {
			case 'proxyKeyed':
				return this.#info(`Received KEYINFO_ACK from ${this.#names.of(event.proxyId)}`);
			case 'proxyAborted':
				return this.#warn(`Transfer aborted by proxy ${this.#names.of(event.proxyId)}: ${event.reason}`);
			case 'receiverMoved':
				return this.#warn(movedLine(event, this.#names));
			case 'receiverAway':
				return this.#warn(`No answer from ${this.#names.of(event.receiverId)} for now: going on without it`);
			case 'receiverReturned':
				return this.#warn(`${this.#names.of(event.receiverId)} answers again`);
			case 'receiverLost':
				return this.#warn(`No response from ${this.#names.of(event.receiverId)}${behindProxy(event.reason)}`);
			case 'receiverAborted':
				return this.#warn(`Transfer aborted by ${this.#names.of(event.receiverId)}: ${event.reason}`);
			case 'receiverDropped':
				return this.#warn(`${event.reason}: aborting client ${this.#names.of(event.receiverId)}`);
			case 'duplicateUid':
				return this.#warn(doubleLine(event, this.#names));
			case 'rateChanged':
				return this.#verbose(
					`Current transfer rate = ${Math.round((event.rateBytesPerSecond * 8) / 1024)} Kbps (${event.reason})`,
				);
			case 'dropped':
				return this.#verbose(`Dropped a packet from ${formatEndpoint(event.from)}: ${event.reason}`);
			case 'warning':
				return this.#warn(`Warning: ${describeWarning(event, COMMAND_VOCABULARY)}`);
			case 'ended':
				return this.#ended(event.end);
			case 'proxyRegistered':
			case 'registrationEnded':
				return [];
		}
	}

	#clientKey(id: number, fingerprint: Uint8Array | undefined): LogLine[] {
		if (fingerprint === undefined) return [];
		return [
			...this.#info(`Received CLIENT_KEY from ${this.#names.of(id)}`),
			...this.#verbose(`  fingerprint = ${formatFingerprint(fingerprint)}`),
		];
	}

	#fileStarted(event: SenderEvent & { readonly kind: 'fileStarted' }): LogLine[] {
		const { entry, fileId, file } = event;
		const name = this.#options.localName(file);
		const lines = this.#info(`----- ${name} -----`);
		this.#fileId = fileId;
		this.#fileBytes = entry.size;
		const id = fileId.toString(16).toUpperCase().padStart(4, '0');
		lines.push(...this.#info(`File ID: ${id}  Name: ${name}`, `  sending as: ${entry.name}`));
		if (entry.type === FileType.Regular) {
			const { blocks, sections, sizesLine } = geometryOf(entry.size, this.#options.blockBytes);
			lines.push(...this.#info(`Bytes: ${entry.size}  Blocks: ${blocks}  Sections: ${sections}`));
			lines.push(...this.#verbose(sizesLine));
		} else lines.push(...this.#info(typeLine(entry.type, entry.link)));
		lines.push(...this.#info('Sending FILEINFO 1.1'));
		return lines;
	}

	/** At level 2 the table of C; below it only the receivers that did not answer, as in C. */
	#fileEnded(rows: readonly ResultRow[]): LogLine[] {
		const lines = this.#options.level >= Level.Info ? this.#status(rows) : this.#failures(rows);
		this.#fileId = 0;
		return lines;
	}

	#status(rows: readonly ResultRow[]): LogLine[] {
		const lines = ['Transfer status:'];
		let elapsedMs = 0;
		for (const { receiverId, outcome, elapsedMs: ownMs, freeSpaceBytes } of rows) {
			const hasFile = outcome === 'received' || outcome === 'overwritten';
			const time = hasFile ? `   time: ${(ownMs / 1000).toFixed(3).padStart(7)} seconds` : '';
			lines.push(`Host: ${this.#names.of(receiverId).padEnd(15)}  Status: ${STATUS[outcome]}${time}`);
			if (freeSpaceBytes !== undefined) lines.push(`  Free space on host: ${freeSpaceBytes} bytes`);
			if (hasFile) elapsedMs = Math.max(elapsedMs, ownMs);
		}
		const kilobytesPerSecond = elapsedMs > 0 ? this.#fileBytes / 1024 / (elapsedMs / 1000) : 0;
		lines.push(`Total elapsed time: ${(elapsedMs / 1000).toFixed(3)} seconds`);
		lines.push(`Overall throughput: ${kilobytesPerSecond.toFixed(2)} KB/s`);
		return this.#info(...lines);
	}

	#failures(rows: readonly ResultRow[]): LogLine[] {
		const failed = rows.filter(({ outcome }) => outcome === 'mute' || outcome === 'lost' || outcome === 'aborted');
		return failed.map(({ receiverId, outcome }) =>
			this.#line(Level.Error, `${this.#names.of(receiverId).padEnd(15)} ${STATUS[outcome]}`),
		);
	}

	#ended(end: SenderEnd): LogLine[] {
		this.#fileId = 0;
		const { failure } = end;
		if (failure === undefined) return this.#info('-----------------------------', 'Finishing group', 'Group complete');
		switch (failure.code) {
			case 'nobodyRegistered':
			case 'nobodyAnsweredFileInfo':
				return this.#errors('Announce timed out', sentence(failure.message));
			case 'allLost':
			case 'allFilesUnavailable':
				return this.#errors(sentence(failure.message));
			case 'timeExceeded':
				return this.#errors('Maximum file transfer time exceeded', 'Aborting all clients');
			default:
				return this.#errors('Aborting all clients', sentence(failure.message));
		}
	}

	#verbose(...texts: readonly string[]): LogLine[] {
		return texts.map((text) => this.#line(Level.Verbose, text));
	}

	#info(...texts: readonly string[]): LogLine[] {
		return texts.map((text) => this.#line(Level.Info, text));
	}

	#warn(...texts: readonly string[]): LogLine[] {
		return texts.map((text) => this.#line(Level.Warning, text));
	}

	#errors(...texts: readonly string[]): LogLine[] {
		return texts.map((text) => this.#line(Level.Error, text));
	}

	#line(level: Level, text: string): LogLine {
		return { level, text, scope: scopeOf(this.#options.groupId, this.#options.groupInstance, this.#fileId) };
	}
}

/**
 * One line for each receiver that has not got everything: C exits 0 as soon as one receiver has a file, so who reads
 * only the exit code would not know.
 */
export function missingLines(results: readonly ReceiverResult[], names: ReceiverNames): string[] {
	const lines: string[] = [];
	for (const result of results) {
		const what = shortfall(result);
		if (what !== undefined) lines.push(`${names.of(result.receiverId)} has not got everything: ${what}`);
	}
	return lines;
}

function shortfall(result: ReceiverResult): string | undefined {
	const because = result.reason === undefined || result.reason === '' ? '' : ` (${result.reason})`;
	switch (result.outcome) {
		case 'mute':
			return 'it never registered';
		case 'lost':
			return `lost connection${because}`;
		case 'aborted':
			return `aborted${because}`;
		case 'received':
		case 'overwritten':
		case 'skipped':
		case 'rejected':
			break;
		default:
			result.outcome satisfies never;
	}
	const parts: string[] = [];
	if (result.filesRejected > 0) parts.push(`it rejected ${files(result.filesRejected)}`);
	if (result.filesMissing > 0) parts.push(`${files(result.filesMissing)} missing`);
	return parts.length === 0 ? undefined : parts.join(', ');
}

function files(count: number): string {
	return count === 1 ? '1 file' : `${count} files`;
}

function sentence(text: string): string {
	const start = text.charAt(0).toUpperCase() + text.slice(1);
	return /[.!?]$/.test(start) ? start : `${start}.`;
}

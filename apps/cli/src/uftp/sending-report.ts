/** What `uftp` logs of a session, from the first line to the last, and what it learns for its exit code. */
import { describeProblem } from '@uftp/endpoint/problems';
import type { SendingEnd, SendingEvent, SendingOpened } from '@uftp/endpoint/sending';
import { packetSignatureBytes } from '@uftp/protocol';
import type { Catalogue } from '@uftp/storage';
import { workingDirectory } from '@uftp/storage/paths';
import { calendarTime, hexId, Level, type Log, scopeOf } from '../drop-in/log.ts';
import type { StatusOutput } from '../drop-in/status-output.ts';
import { VERSION_LINE } from '../drop-in/version-line.ts';
import { COMMAND_VOCABULARY } from '../drop-in/vocabulary.ts';
import { FileInfoWatch } from './exit-code.ts';
import { FailedReceivers } from './failed-receivers.ts';
import { localNames } from './local-names.ts';
import { SenderLines } from './log-lines.ts';
import type { RestartFile } from './restart-file.ts';
import type { SendingPlan } from './sending-plan.ts';
import type { SessionSecurity } from './session-security.ts';
import { StatusLines } from './status-lines.ts';

/** IP and UDP headers and those of UFTP around a block: what the rate counts. */
const OVERHEAD_BYTES = { 4: 52, 6: 72 } as const;
/** What encryption adds, beside signatures: its header, and as much as C counts for padding and tags. */
const ENVELOPE_BYTES = 28;

/** What there is to say of a session that was opened. */
interface Session {
	readonly opened: SendingOpened;
	readonly lines: SenderLines;
	readonly statusLines: StatusLines;
}

export class SendingReport {
	readonly #plan: SendingPlan;
	readonly #log: Log;
	readonly #status: StatusOutput;
	readonly #failedReceivers = new FailedReceivers();
	#problems: Catalogue['problems'] = [];
	#session: Session | undefined;
	readonly fileInfoWatch = new FileInfoWatch();

	constructor(plan: SendingPlan, log: Log, status: StatusOutput) {
		this.#plan = plan;
		this.#log = log;
		this.#status = status;
	}

	onEvent(event: SendingEvent): void {
		switch (event.kind) {
			case 'notSent':
				this.#problems = event.problems;
				return;
			case 'opened':
				return this.#opened(event);
			case 'progress':
			case 'keyPinned':
			case 'keysNotPinned':
				return;
			default:
				break;
		}
		if (this.#session === undefined) return;
		this.fileInfoWatch.see(event);
		this.#failedReceivers.see(event);
		// As in C the status lines of a file stand before its table.
		this.#status(this.#session.statusLines.of(event));
		for (const line of this.#session.lines.of(event)) this.#log.write(line);
	}

	/** There was nothing among the files that could be sent. */
	nothingToSend(): void {
		for (const problem of this.#problems) this.#log.say(Level.Error, problem.sentence);
		this.#log.tell('uftp: there is nothing to send.');
	}

	/** What another run of the session needs to know; undefined if everybody has everything. */
	restartFile(end: SendingEnd): RestartFile | undefined {
		if (this.#session === undefined) return undefined;
		const { files, names, fingerprints, proxies } = this.#plan;
		const { groupId, groupInstance } = this.#session.opened.session;
		const receivers = this.#failedReceivers.list(end, names, fingerprints);
		if (receivers.names.size === 0) return undefined;
		const needed = this.#failedReceivers.proxies(end, names, proxies);
		return { groupId, groupInstance, files, directory: workingDirectory(), receivers, proxies: needed };
	}

	#opened(opened: SendingOpened): void {
		const { options, files, targets, names } = this.#plan;
		const { entries, session } = opened;
		const localName = localNames(files, options.destinationName);
		const lines = new SenderLines({
			groupId: session.groupId,
			groupInstance: session.groupInstance,
			isClosedGroup: targets.length > 0,
			blockBytes: options.blockBytes,
			level: this.#log.level,
			names,
			localName: (file) => localName(entries[file]?.name ?? ''),
		});
		const statusLines = new StatusLines({
			names,
			entries,
			quitOnError: options.quitOnError,
			preview: options.preview,
			rateBytesPerSecond: session.rateBytesPerSecond,
		});
		this.#session = { opened, lines, statusLines };
		this.#logStart(opened);
		for (const problem of this.#problems) this.#say(opened, Level.Error, problem.sentence);
	}

	#logStart(opened: SendingOpened): void {
		const log = this.#log;
		const { security } = this.#plan;
		const { groupId, sourceId, privateEndpoint } = opened.session;
		const info = (text: string): void => this.#say(opened, Level.Info, text);
		if (!log.timestamps) log.say(Level.Info, '');
		info(VERSION_LINE);
		if (!log.timestamps) info(`Starting at ${calendarTime(Date.now())}`);
		for (const text of security?.warnings ?? []) this.#say(opened, Level.Warning, text);
		for (const text of security?.lines ?? []) info(text);
		for (const text of rateLines(this.#plan, opened)) info(text);
		info(`Using private multicast address ${privateEndpoint.host}  Group ID: ${hexId(groupId)}`);
		info(describeProblem(opened.interface, COMMAND_VOCABULARY));
		info(`UID: ${hexId(sourceId)}  Socket: ${opened.socket}`);
		for (const warning of opened.warnings) info(warning);
		info('Initializing group');
	}

	#say({ session }: SendingOpened, level: Level, text: string): void {
		this.#log.write({ level, text, scope: scopeOf(session.groupId, session.groupInstance, 0) });
	}
}

function rateLines({ options, security }: SendingPlan, { session }: SendingOpened): string[] {
	if (options.congestion !== undefined) return ['Transfer rate: dynamic via TFMCC'];
	if (options.rateKbps === Number.POSITIVE_INFINITY) return ['Transfer rate: full interface speed'];
	const packetBytes = options.blockBytes + OVERHEAD_BYTES[session.family] + envelopeBytes(security);
	const waitNs = (packetBytes / session.rateBytesPerSecond) * 1e9;
	return [
		`Transfer rate: ${options.rateKbps} Kbps (${Math.floor(options.rateKbps / 8)} KB/s)`,
		`Wait between packets: ${Math.floor(waitNs)} ns`,
	];
}

function envelopeBytes(security: SessionSecurity | undefined): number {
	if (security === undefined) return 0;
	const { suite, key } = security.config;
	return ENVELOPE_BYTES + packetSignatureBytes(suite, key.publicKey);
}

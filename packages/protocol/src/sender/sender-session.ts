/**
 * A sending session: registration, one round per file, the end of the session for those that have everything, rounds
 * for those that were away, and their end. Routes messages and time to the current phase; `../session.ts` says how it
 * is driven.
 */
import { type CommonHeader, decodeHeader, emptyHeader, HEADER_BYTES, isMalformed, MessageType } from '@uftp/wire';
import type { Arrival } from '../arrival.ts';
import { assert } from '../assert.ts';
import type { SenderEnd, SenderEvent, SenderFailure, SenderProgress, SenderRequest } from '../events.ts';
import { admission, MESSAGE_RULES, type PhasesByRole } from '../message-rules.ts';
import type { CatalogueEntry, OutgoingBatch } from '../ports.ts';
import { problem } from '../problem.ts';
import type { SenderConfig } from '../sender-config.ts';
import type { Session } from '../session.ts';
import { Completion } from './completion.ts';
import { composeControl } from './compose-control.ts';
import { FeedbackHandler } from './feedback-handler.ts';
import { expireAway } from './membership/patience.ts';
import { makeParts, type SenderParts } from './parts.ts';
import type { Phase } from './phase.ts';
import { senderProgress } from './progress.ts';
import { Registration } from './registration.ts';
import { type IncomingDatagram, isAbortRefusedInClear, openSealed, warnOfClear } from './security/incoming.ts';
import { FileRound } from './transfer/file-round.ts';
import { FileSchedule, type FileTask } from './transfer/file-schedule.ts';
import { hasBlocks } from './transfer/outcomes.ts';

export class SenderSession implements Session<SenderRequest, SenderEvent, never> {
	readonly #parts: SenderParts;
	readonly #schedule: FileSchedule;
	readonly #feedback: FeedbackHandler;
	readonly #header: CommonHeader = emptyHeader();
	#phase: Phase | undefined;
	/** The stop whose file the shell is opening, or of the round that runs. */
	#task: FileTask | undefined;
	#isOpening = false;
	/** The last burst holds file data that has to be sealed. */
	#isUnsealed = false;
	#sequence = 0;
	#answersHandled = 0;
	#now: number;
	#end: SenderEnd | undefined;

	/** Starts the session: the first ANNOUNCE is ready to be polled. `now` as in every later call. */
	constructor(config: SenderConfig, catalogue: readonly CatalogueEntry[], now: number) {
		this.#now = now;
		this.#parts = makeParts(config, catalogue, now);
		this.#schedule = new FileSchedule(this.#parts);
		this.#feedback = new FeedbackHandler(this.#parts, this.#schedule);
		this.#phase = new Registration(this.#parts, now);
	}

	/** How the session ended; undefined while it runs. Its last messages may still have to be polled. */
	get end(): SenderEnd | undefined {
		return this.#end;
	}

	get progress(): SenderProgress {
		const { answersHandled } = this;
		const course = { phase: this.#phase, schedule: this.#schedule, answersHandled, isEnded: this.#end !== undefined };
		return senderProgress(this.#parts, course);
	}

	/** Messages of this session that came from receivers and proxies, whatever was in them. */
	get answersHandled(): number {
		return this.#answersHandled;
	}

	/** What was dropped, by reason: `dropped.<reason>`. */
	get counters(): Readonly<Record<string, number>> {
		return this.#parts.reports.counters;
	}

	pollRequest(): SenderRequest | undefined {
		return this.#parts.reports.pollRequest();
	}

	pollEvent(): SenderEvent | undefined {
		return this.#parts.reports.pollEvent();
	}

	pollTimeout(): number {
		if (this.#end !== undefined) return Number.POSITIVE_INFINITY;
		const { outgoing, rate, roster } = this.#parts;
		const outboxAt = outgoing.outbox.isEmpty ? Number.POSITIVE_INFINITY : rate.nextAt(this.#now);
		const phaseAt = this.#phase?.deadline(this.#now) ?? Number.POSITIVE_INFINITY;
		return Math.min(outboxAt, phaseAt, roster.awayDeadline);
	}

	/** Every input and command comes with the time; it never runs backwards. */
	#at(now: number): void {
		assert(now >= this.#now, 'time runs backwards');
		this.#now = now;
	}

	/**
	 * Seals a burst of data in an encrypted session, after the file's bytes were put behind the headers and before it is
	 * sent. Does nothing in a session in the clear, and to control messages: those are polled as they are sent.
	 */
	seal(batch: OutgoingBatch): void {
		const sealer = this.#parts.security?.sealer;
		if (sealer === undefined || batch.file < 0) return;
		const headerBytes = batch.payloadOffset - sealer.plainOffset;
		assert(this.#isUnsealed, 'a burst is sealed twice, or was not composed by this session');
		assert(headerBytes > 0, 'a block has no header');
		assert(batch.count * batch.stride <= batch.bytes.length, 'a burst is longer than its batch');
		for (let i = 0; i < batch.count; i++) {
			const payloadBytes = i === batch.count - 1 ? batch.lastPayloadBytes : batch.payloadBytes;
			sealer.seal(batch.bytes, i * batch.stride, headerBytes + payloadBytes);
		}
		this.#isUnsealed = false;
	}

	pollTransmit(now: number, batch: OutgoingBatch): boolean {
		assert(!this.#isUnsealed, 'a burst of an encrypted session was not sealed');
		this.#at(now);
		const { outgoing } = this.#parts;
		if (!outgoing.outbox.isEmpty) {
			if (!composeControl(this.#parts, now, batch, this.#sequence)) return false;
		} else if (this.#end !== undefined || this.#phase?.compose?.(now, batch, this.#sequence) !== true) return false;
		assert(batch.count === 1 || batch.file >= 0, 'control messages leave one by one');
		if (outgoing.isForAll(batch.destination)) this.#sequence = (this.#sequence + batch.count) & 0xffff;
		assert(batch.count > 0 && batch.lastLength > 0, 'a burst is empty');
		this.#isUnsealed = batch.file >= 0 && this.#parts.security !== undefined;
		if (this.#phase?.isOver === true) this.#advance(now);
		return true;
	}

	handleTimeout(now: number): void {
		this.#at(now);
		if (this.#end !== undefined) return;
		if (expireAway(this.#parts, now)) this.#phase?.onRosterChange(now);
		this.#phase?.onTimeout(now);
		const failure = this.#phase?.failure;
		if (failure !== undefined) this.#fail(now, ...failure);
		this.#advance(now);
	}

	handle(now: number, arrival: Arrival): undefined {
		this.#handle(now, arrival);
	}

	#handle(now: number, arrival: Arrival): void {
		this.#at(now);
		const { config, reports, security } = this.#parts;
		const { headerAt: at } = arrival;
		const header = decodeHeader(arrival.bytes, at, arrival.length, this.#header);
		if (isMalformed(header)) {
			reports.drop(now, header.malformed, arrival.source());
			return;
		}
		// A datagram of another session on a shared address, or an echo of the own one, is nobody's fault.
		if (header.groupId !== config.groupId) return reports.count('unknown-group');
		const isFromReceiver = MESSAGE_RULES[header.func].sender.length > 0;
		if (header.sourceId === config.sourceId && !isFromReceiver) return reports.count('own-echo');
		if (this.#end !== undefined) return reports.count('session-over');
		this.#answersHandled++;
		const datagram = datagramOf(now, arrival, header);
		const { from, bytes } = datagram;
		const isSealed = header.func === MessageType.ENCRYPTED;
		let { length } = datagram;
		if (isSealed && security !== undefined) {
			length = openSealed(this.#parts, datagram);
			if (length === 0) return;
		}
		const facts = { isSealed, isEncryptedSession: security !== undefined };
		const refusal = admission('sender', this.#phaseName, header.func, facts);
		const isRefusedHere = refusal === undefined && !isSealed && isAbortRefusedInClear(this.#parts, header);
		const reason = isRefusedHere ? 'clear-in-encrypted-session' : refusal;
		if (reason !== undefined) {
			reports.drop(now, reason, from);
			if (reason === 'clear-in-encrypted-session') warnOfClear(this.#parts, datagram);
			return;
		}
		const { func, sourceId } = header;
		const phase = this.#phase;
		const body = { bytes, at: datagram.at + HEADER_BYTES, length: length - HEADER_BYTES };
		this.#feedback.take({ now, from, func, sourceId, phase, ...body });
		this.#advance(now);
	}

	get #phaseName(): PhasesByRole['sender'] {
		if (this.#end !== undefined) return 'ended';
		return this.#phase?.name ?? 'opening';
	}

	/** The shell has opened the file that `openFile` asked for. */
	fileOpened(now: number, file: number): void {
		this.#at(now);
		if (this.#end !== undefined || !this.#isOpening || this.#task?.file !== file) return;
		this.#isOpening = false;
		this.#startRound(now, this.#task);
		this.#advance(now);
	}

	/** The shell cannot open the file: it is left out. */
	fileUnavailable(now: number, file: number, reason: string): void {
		this.#at(now);
		if (this.#end !== undefined || !this.#isOpening || this.#task?.file !== file) return;
		this.#isOpening = false;
		this.#parts.reports.fileUnavailable(file);
		this.#schedule.skipped(this.#task);
		const { name } = this.#parts.catalogue[file];
		this.#parts.reports.warn(reason, problem('file-skipped', { file, name, reason }));
		this.#task = undefined;
		this.#next(now);
		this.#advance(now);
	}

	/** The file changed or vanished while it was being sent: nobody may keep what came of it. */
	fileFailed(now: number, file: number, reason: string): void {
		const name = this.#parts.catalogue[file]?.name ?? `file ${file}`;
		this.#fail(now, 'fileChanged', `${name}: ${reason}`);
	}

	/**
	 * A proxy through which receivers may answer became known only now: as if it stood in `proxies`, with the 20 bytes of
	 * the key that it must have, where receivers must show theirs. When registration is over it is too late for that.
	 */
	expectProxy(now: number, proxyId: number, fingerprint: Uint8Array | undefined): void {
		this.#at(now);
		const { roster, config } = this.#parts;
		if (!this.#isRegistering || config.proxies.includes(proxyId)) return;
		if (roster.get(proxyId) !== undefined) return;
		const proxy = roster.addProxy(proxyId);
		if (proxy === undefined) return;
		proxy.isListedLate = true;
		proxy.lateFingerprint = fingerprint;
	}

	/** Ends the session for everybody. */
	abort(now: number, reason: string): void {
		this.#fail(now, 'interrupted', reason);
	}

	/** Goes on to the next phase as long as the current one is over. */
	#advance(now: number): void {
		while (this.#end === undefined && !this.#isOpening && this.#phase?.isOver === true) {
			const phase = this.#phase;
			if (phase instanceof FileRound) this.#roundEnded(now, phase);
			this.#phase = undefined;
			const failure = this.#failure(phase);
			if (failure === undefined) this.#next(now);
			else this.#fail(now, ...failure);
		}
		if (this.#end === undefined) this.#quitIfAsked(now);
	}

	#next(now: number): void {
		const { roster } = this.#parts;
		// Those that have everything are let go before the others are served what they missed.
		const released = this.#schedule.isFreshOver
			? roster.select((member) => member.state === 'present' && member.owed.size === 0)
			: [];
		if (released.length > 0) {
			this.#phase = new Completion(this.#parts, now, released);
			return;
		}
		const task = this.#schedule.next();
		if (task === undefined) {
			const left = roster.select((member) => member.state === 'present');
			if (left.length > 0) this.#phase = new Completion(this.#parts, now, left);
			else this.#finish(now, undefined);
			return;
		}
		this.#task = task;
		if (!hasBlocks(this.#parts.catalogue[task.file].type)) {
			this.#startRound(now, task);
			return;
		}
		assert(!this.#isOpening, 'a file is opened while another is');
		this.#isOpening = true;
		this.#phase = undefined;
		this.#parts.reports.openFile(task.file);
	}

	#startRound(now: number, task: FileTask): void {
		const { file, fileId } = task;
		this.#parts.reports.emit({ kind: 'fileStarted', file, fileId, entry: this.#parts.catalogue[file] });
		this.#phase = new FileRound(this.#parts, now, task);
	}

	#roundEnded(now: number, round: FileRound): void {
		const task = this.#task;
		assert(task?.file === round.file, 'a round ends that was not begun');
		this.#parts.roster.watcher = undefined;
		this.#schedule.ended(task, round.owing());
		const { file, results } = round;
		this.#parts.reports.closeFile(file);
		this.#parts.reports.emit({ kind: 'fileEnded', file, results, elapsedMs: now - round.startedAt });
		this.#task = undefined;
	}

	/** What makes it pointless to go on. */
	#failure(phase: Phase): [SenderFailure, string] | undefined {
		if (this.#parts.roster.countIn > 0) return undefined;
		if (phase.name === 'registering') return ['nobodyRegistered', 'no receiver answered the announcement'];
		if (!this.#schedule.hasAnswers) return ['nobodyAnsweredFileInfo', 'no receiver answered the FILEINFO'];
		return ['allLost', 'all receivers were lost or have aborted'];
	}

	/** Where that is asked for, the first receiver that fails ends the session for all. */
	#quitIfAsked(now: number): void {
		const { config, roster } = this.#parts;
		if (!config.quitOnError || this.#isRegistering || !roster.hasFailures) return;
		this.#fail(now, 'quitOnError', 'A client dropped out, aborting all');
	}

	get #isRegistering(): boolean {
		return this.#phase?.name === 'registering';
	}

	#fail(now: number, code: SenderFailure, message: string): void {
		this.#at(now);
		// A burst that waits for its seal is not sent any more.
		this.#isUnsealed = false;
		if (this.#end !== undefined) return;
		const { roster, outgoing } = this.#parts;
		if (roster.countIn > 0) outgoing.abortAll(message, this.#isRegistering);
		const round = this.#phase;
		for (const member of roster.all()) {
			if (member.isIn && !member.isFinished) roster.abort(member, message, 'session');
		}
		// The round that is cut short still has its results.
		if (round instanceof FileRound) {
			round.onRosterChange(now);
			this.#roundEnded(now, round);
		}
		this.#finish(now, { code, message });
	}

	#finish(now: number, failure: SenderEnd['failure']): void {
		const { roster, catalogue, clock, outgoing, reports } = this.#parts;
		for (const member of roster.all()) roster.missed(member, member.owed.size);
		const nothingSent = catalogue.length > 0 && this.#schedule.filesUnavailable === catalogue.length;
		const why = nothingSent
			? ({ code: 'allFilesUnavailable', message: 'none of the files could be read' } as const)
			: undefined;
		const reason = failure ?? why;
		assert(this.#end === undefined, 'a session ends twice');
		assert(
			reason !== undefined || roster.count('present', 'away') === 0,
			'a session ends without some of its receivers',
		);
		const { bytesSent, packetsSent, repairBytesSent } = outgoing;
		const end: SenderEnd = {
			...(reason === undefined ? {} : { failure: reason }),
			results: roster.results(),
			elapsedMs: now - clock.startedAt,
			bytesSent,
			packetsSent,
			repairBytesSent,
		};
		this.#end = end;
		this.#phase = undefined;
		if (this.#isOpening && this.#task !== undefined) reports.closeFile(this.#task.file);
		reports.emitLast({ kind: 'ended', end });
	}
}

/** A datagram as the session takes it; what is opened in place, and is not this node's alone, in a copy. */
function datagramOf(now: number, arrival: Arrival, header: CommonHeader): IncomingDatagram {
	const { headerAt, length, isShared } = arrival;
	const isCopied = isShared && header.func === MessageType.ENCRYPTED;
	const bytes = isCopied ? arrival.bytes.slice(headerAt, headerAt + length) : arrival.bytes;
	return { now, from: arrival.source(), header, bytes, at: isCopied ? 0 : headerAt, length };
}

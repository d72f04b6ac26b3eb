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
import type { SenderConfig } from '../sender-config.ts';
import type { Session } from '../session.ts';
import { AnswerDesk } from './answer-desk.ts';
import { Completion } from './completion.ts';
import { composeControl } from './compose-control.ts';
import { SenderContext } from './context.ts';
import { FileRound, hasBlocks } from './file-round.ts';
import { Itinerary, type Stop } from './itinerary.ts';
import type { Phase } from './phase.ts';
import { senderProgress } from './progress.ts';
import { Registration } from './registration.ts';
import { isAbortRefusedInClear, openSealed, warnOfClear } from './security/incoming.ts';

export class SenderSession implements Session<SenderRequest, SenderEvent, never> {
	readonly #context: SenderContext;
	readonly #itinerary: Itinerary;
	readonly #desk: AnswerDesk;
	readonly #header: CommonHeader = emptyHeader();
	#phase: Phase | undefined;
	/** The stop whose file the shell is opening, or of the round that runs. */
	#stop: Stop | undefined;
	#isOpening = false;
	/** The last burst holds file data that has to be sealed. */
	#isUnsealed = false;
	#sequence = 0;
	#now: number;
	#end: SenderEnd | undefined;

	/** Starts the session: the first ANNOUNCE is ready to be polled. `now` as in every later call. */
	constructor(config: SenderConfig, catalogue: readonly CatalogueEntry[], now: number) {
		this.#now = now;
		this.#context = new SenderContext(config, catalogue, now);
		this.#itinerary = new Itinerary(this.#context);
		this.#desk = new AnswerDesk(this.#context, this.#itinerary);
		this.#phase = new Registration(this.#context, now);
	}

	/** How the session ended; undefined while it runs. Its last messages may still have to be polled. */
	get end(): SenderEnd | undefined {
		return this.#end;
	}

	get progress(): SenderProgress {
		return senderProgress(this.#context, this.#phase, this.#itinerary, this.#end !== undefined);
	}

	/** Messages of this session that came from receivers and proxies, whatever was in them. */
	get answersHandled(): number {
		return this.#context.answersHandled;
	}

	/** What was dropped, by reason: `dropped.<reason>`. */
	get counters(): Readonly<Record<string, number>> {
		return this.#context.reports.counters;
	}

	pollRequest(): SenderRequest | undefined {
		return this.#context.reports.pollRequest();
	}

	pollEvent(): SenderEvent | undefined {
		return this.#context.reports.pollEvent();
	}

	pollTimeout(): number {
		if (this.#end !== undefined) return Number.POSITIVE_INFINITY;
		const { outbox, pacer, packetBytes } = this.#context;
		const outboxAt = outbox.isEmpty ? Number.POSITIVE_INFINITY : pacer.nextAt(this.#now, packetBytes);
		const phaseAt = this.#phase?.deadline(this.#now) ?? Number.POSITIVE_INFINITY;
		return Math.min(outboxAt, phaseAt, this.#context.awayDeadline());
	}

	/**
	 * Seals a burst of data in an encrypted session, after the file's bytes were put behind the headers and before it is
	 * sent. Does nothing in a session in the clear, and to control messages: those are polled as they are sent.
	 */
	seal(batch: OutgoingBatch): void {
		const sealer = this.#context.security?.sealer;
		if (sealer === undefined || batch.file < 0) return;
		const headerBytes = batch.payloadOffset - sealer.plainOffset;
		for (let i = 0; i < batch.count; i++) {
			const payloadBytes = i === batch.count - 1 ? batch.lastPayloadBytes : batch.payloadBytes;
			sealer.seal(batch.bytes, i * batch.stride, headerBytes + payloadBytes);
		}
		this.#isUnsealed = false;
	}

	pollTransmit(now: number, batch: OutgoingBatch): boolean {
		assert(!this.#isUnsealed, 'a burst of an encrypted session was not sealed');
		this.#now = now;
		const { outbox } = this.#context;
		if (!outbox.isEmpty) {
			if (!composeControl(this.#context, now, batch, this.#sequence)) return false;
		} else if (this.#end !== undefined || this.#phase?.compose?.(now, batch, this.#sequence) !== true) return false;
		if (this.#context.isForAll(batch.destination)) this.#sequence = (this.#sequence + batch.count) & 0xffff;
		this.#isUnsealed = batch.file >= 0 && this.#context.security !== undefined;
		if (this.#phase?.isOver === true) this.#advance(now);
		return true;
	}

	handleTimeout(now: number): void {
		this.#now = now;
		if (this.#end !== undefined) return;
		if (this.#context.expireAway(now)) this.#phase?.onRosterChange(now);
		this.#phase?.onTimeout(now);
		const failure = this.#phase?.failure;
		if (failure !== undefined) this.#fail(now, ...failure);
		this.#advance(now);
	}

	handle(now: number, arrival: Arrival): undefined {
		this.#handle(now, arrival);
	}

	#handle(now: number, arrival: Arrival): void {
		this.#now = now;
		const { config, reports, security } = this.#context;
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
		this.#context.answersHandled++;
		const from = arrival.source();
		const isSealed = header.func === MessageType.ENCRYPTED;
		let { bytes } = arrival;
		let start = at;
		let clearLength = arrival.length;
		if (isSealed && security !== undefined) {
			if (arrival.isShared) {
				bytes = bytes.slice(at, at + arrival.length);
				start = 0;
			}
			clearLength = openSealed(this.#context, now, from, header, bytes, start, arrival.length);
			if (clearLength === 0) return;
		}
		const facts = { isSealed, isEncryptedSession: security !== undefined };
		const refusal = admission('sender', this.#phaseName, header.func, facts);
		const isRefusedHere = refusal === undefined && !isSealed && isAbortRefusedInClear(this.#context, header);
		const reason = isRefusedHere ? 'clear-in-encrypted-session' : refusal;
		if (reason !== undefined) {
			reports.drop(now, reason, from);
			if (reason === 'clear-in-encrypted-session') {
				warnOfClear(this.#context, from, header, bytes, start, clearLength);
			}
			return;
		}
		this.#desk.take(now, from, header, this.#phase, bytes, start + HEADER_BYTES, clearLength - HEADER_BYTES);
		this.#advance(now);
	}

	get #phaseName(): PhasesByRole['sender'] {
		if (this.#end !== undefined) return 'ended';
		return this.#phase?.name ?? 'opening';
	}

	/** The shell has opened the file that `fileNeeded` asked for. */
	fileOpened(now: number, file: number): void {
		this.#now = now;
		if (this.#end !== undefined || !this.#isOpening || this.#stop?.file !== file) return;
		this.#isOpening = false;
		this.#startRound(now, this.#stop);
		this.#advance(now);
	}

	/** The shell cannot open the file: it is left out. */
	fileUnavailable(now: number, file: number, reason: string): void {
		this.#now = now;
		if (this.#end !== undefined || !this.#isOpening || this.#stop?.file !== file) return;
		this.#isOpening = false;
		this.#context.reports.fileUnavailable(file);
		this.#itinerary.skipped(this.#stop);
		this.#context.emit({ kind: 'warning', message: reason });
		this.#stop = undefined;
		this.#next(now);
		this.#advance(now);
	}

	/** The file changed or vanished while it was being sent: nobody may keep what came of it. */
	fileFailed(now: number, file: number, reason: string): void {
		const name = this.#context.catalogue[file]?.name ?? `file ${file}`;
		this.#fail(now, 'fileChanged', `${name}: ${reason}`);
	}

	/**
	 * A proxy through which receivers may answer became known only now: as if it stood in `proxies`, with the 20 bytes of
	 * the key that it must have, where receivers must show theirs. When registration is over it is too late for that.
	 */
	expectProxy(now: number, proxyId: number, fingerprint: Uint8Array | undefined): void {
		this.#now = now;
		const { roster, config } = this.#context;
		if (!(this.#phase instanceof Registration) || config.proxies.includes(proxyId)) return;
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
		const { roster } = this.#context;
		const released = roster.select((member) => member.isPresent && !member.isFinished && member.owed.size === 0);
		// Those that have everything are let go before the others are served what they missed.
		if (this.#itinerary.isFreshOver && released.length > 0) {
			this.#phase = new Completion(this.#context, now, released);
			return;
		}
		const stop = this.#itinerary.next();
		if (stop === undefined) {
			const left = roster.select((member) => member.isPresent && !member.isFinished);
			if (left.length > 0) this.#phase = new Completion(this.#context, now, left);
			else this.#finish(now, undefined);
			return;
		}
		this.#stop = stop;
		if (!hasBlocks(this.#context.catalogue[stop.file].type)) {
			this.#startRound(now, stop);
			return;
		}
		this.#isOpening = true;
		this.#phase = undefined;
		this.#context.reports.openFile(stop.file);
	}

	#startRound(now: number, stop: Stop): void {
		const { file, fileId, map, members, isFresh } = stop;
		this.#context.emit({ kind: 'fileStarted', file, fileId, entry: this.#context.catalogue[file] });
		this.#phase = new FileRound(this.#context, now, file, fileId, map, members, isFresh);
	}

	#roundEnded(now: number, round: FileRound): void {
		const stop = this.#stop!;
		this.#itinerary.ended(stop, round);
		const { file } = round;
		const elapsedMs = now - round.startedAt;
		this.#context.reports.closeFile(file);
		this.#context.emit({ kind: 'fileEnded', file, results: round.results, elapsedMs });
		this.#stop = undefined;
	}

	/** What makes it pointless to go on. */
	#failure(phase: Phase): [SenderFailure, string] | undefined {
		const { roster } = this.#context;
		if (roster.some((member) => member.isIn)) return undefined;
		if (phase instanceof Registration) return ['nobodyRegistered', 'no receiver answered the announcement'];
		if (!this.#itinerary.hasAnswers) return ['nobodyAnsweredFileInfo', 'no receiver answered the FILEINFO'];
		return ['allLost', 'all receivers were lost or have aborted'];
	}

	/** With -q the first receiver that fails ends the session for all. */
	#quitIfAsked(now: number): void {
		const { config, roster } = this.#context;
		if (!config.quitOnError || this.#phase instanceof Registration) return;
		const failed = roster.select((member) => !member.isIn || member.filesMissing > 0);
		if (failed.length === 0) return;
		this.#fail(now, 'quitOnError', 'A client dropped out, aborting all');
	}

	#fail(now: number, code: SenderFailure, message: string): void {
		this.#now = now;
		// A burst that waits for its seal is not sent any more.
		this.#isUnsealed = false;
		if (this.#end !== undefined) return;
		const { roster } = this.#context;
		if (roster.some((member) => member.isIn)) {
			this.#context.abortAll(message, this.#phase instanceof Registration);
		}
		if (this.#phase instanceof FileRound) this.#roundFailed(now, this.#phase, message);
		for (const member of roster.all()) {
			if (!member.isIn || member.isFinished) continue;
			member.state = 'aborted';
			member.reason ??= message;
		}
		this.#finish(now, { code, message });
	}

	/** The round that an abort cuts short still has its results. */
	#roundFailed(now: number, round: FileRound, reason: string): void {
		for (const member of round.owing()) {
			member.state = 'aborted';
			member.reason ??= reason;
		}
		round.onRosterChange(now);
		this.#roundEnded(now, round);
	}

	#finish(now: number, failure: SenderEnd['failure']): void {
		const { roster, catalogue, startedAt, bytesSent, packetsSent, repairBytesSent } = this.#context;
		for (const member of roster.all()) member.filesMissing += member.owed.size;
		const nothingSent = catalogue.length > 0 && this.#itinerary.filesUnavailable === catalogue.length;
		const why = nothingSent
			? ({ code: 'allFilesUnavailable', message: 'none of the files could be read' } as const)
			: undefined;
		const end: SenderEnd = {
			...((failure ?? why) === undefined ? {} : { failure: (failure ?? why)! }),
			results: roster.results(),
			elapsedMs: now - startedAt,
			bytesSent,
			packetsSent,
			repairBytesSent,
		};
		this.#end = end;
		this.#phase = undefined;
		if (this.#isOpening && this.#stop !== undefined) this.#context.reports.closeFile(this.#stop.file);
		this.#context.reports.emitLast({ kind: 'ended', end });
	}
}

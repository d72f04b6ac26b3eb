/**
 * One file on its way to some receivers: FILEINFO until all have answered, then the Data Transfer phase in passes, each
 * ended by DONE (wire facts, sections 5 to 9).
 *
 * A round never waits long for a receiver that may come back: such a receiver is away, the round ends without it, and
 * a later round (not fresh: nothing is sent before somebody has said what is missing) brings it what it missed. Only
 * when nobody at all is there does a round wait.
 */
import { type Complete, encodeDone, type FileInfoAck, MessageType, type Status } from '@uftp/wire';
import type { FileResult, Outcome, SenderFailure } from '../events.ts';
import { CompleteStatus, FileType, type OutgoingBatch } from '../ports.ts';
import type { SectionMap } from '../sections.ts';
import { countNaks, nakBytes } from '../shared/nak-bitmap.ts';
import type { SenderContext } from './context.ts';
import { DataBursts } from './data-bursts.ts';
import { FileInfoExchange } from './file-info.ts';
import type { Phase } from './phase.ts';
import { withProxies } from './proxies/answers.ts';
import type { ProxyPeer } from './proxies/proxy.ts';
import { SPOILT_PASSES, spoiltNaks, spoiltReports } from './proxies/spoilt.ts';
import type { Member } from './roster.ts';
import { dropMember, TransferLimits } from './transfer-limits.ts';

/** DONE is repeated, and NAKs are collected before a rewind, for this many GRTT. */
const REPEAT_GRTT = 3;
/** When all have answered a DONE, NAKs that belong together still come for so long. */
const QUIET_GRTT = 0.5;
/** However many NAKs still come, a rewind waits no longer than this. */
const COLLECT_GRTT_MAX = 8;
const PROBE_MS = 1000;

export class FileRound implements Phase {
	readonly name = 'file';
	readonly #context: SenderContext;
	readonly file: number;
	readonly fileId: number;
	readonly #map: SectionMap;
	readonly #members: readonly Member[];
	readonly isFresh: boolean;
	/** All that have accepted the file have a part of it already: it starts with DONE, and they say what they miss. */
	#isPartial = true;
	readonly #info: FileInfoExchange;
	readonly #limits: TransferLimits;
	readonly startedAt: number;
	#bursts: DataBursts | undefined;
	readonly #results = new Map<Member, FileResult>();
	#stage: 'info' | 'sending' | 'collecting' | 'holding' = 'info';
	#passEndedAt = 0;
	#lastNakAt = 0;
	#doneRequests = 0;
	#nextDoneAt = 0;
	#nextProbeAt: number;
	isOver = false;
	failure: readonly [SenderFailure, string] | undefined;

	/** `members`: all that shall have the file; some may be away. `map` is the file's geometry. */
	constructor(
		context: SenderContext,
		now: number,
		file: number,
		fileId: number,
		map: SectionMap,
		members: readonly Member[],
		isFresh: boolean,
	) {
		this.#context = context;
		this.file = file;
		this.fileId = fileId;
		this.#map = map;
		this.#members = members;
		this.isFresh = isFresh;
		this.startedAt = now;
		this.#nextProbeAt = now;
		for (const member of members) {
			member.fileState = 'none';
			member.missingBlocks = 0;
		}
		this.#limits = new TransferLimits(context, map);
		this.#info = new FileInfoExchange(context, now, fileId, context.catalogue[file]);
		this.onTimeout(now);
	}

	get isSending(): boolean {
		return this.#stage !== 'info';
	}

	get pass(): number {
		return this.#bursts?.pass ?? 0;
	}

	/** Blocks that the pass has sent, and blocks of the pass. */
	get passBlocks(): readonly [number, number] {
		return this.#bursts?.passBlocks ?? [0, this.#map.blocks];
	}

	get results(): FileResult[] {
		return [...this.#results.values()];
	}

	/** Members of this round that have not got the file and may still get it. */
	owing(): Member[] {
		return this.#members.filter((member) => member.isIn && !this.#results.has(member));
	}

	deadline(now: number): number {
		const probeAt = this.#unasked().length > 0 ? this.#nextProbeAt : Number.POSITIVE_INFINITY;
		return Math.min(probeAt, this.#limits.deadline, this.#stageDeadline(now));
	}

	#stageDeadline(now: number): number {
		switch (this.#stage) {
			case 'info':
				return this.#info.nextAt;
			case 'sending':
				return Math.min(this.#bursts!.deadline(now), this.#context.congestion?.deadline ?? Number.POSITIVE_INFINITY);
			case 'collecting':
				return Math.min(this.#nextDoneAt, this.#rewindAt());
			case 'holding':
				return Number.POSITIVE_INFINITY;
		}
	}

	onTimeout(now: number): void {
		if (this.isOver) return;
		if (now >= this.#limits.deadline) {
			this.failure = ['timeExceeded', 'Max file transfer time exceeded'];
			return;
		}
		this.#probe(now);
		if (this.#stage === 'info' && now >= this.#info.nextAt) {
			this.#info.ask(now, this.#waitingFor('none'));
			this.#leaveInfo(now);
		} else if (this.#stage === 'collecting') {
			if (now >= this.#rewindAt()) this.#rewind(now);
			else if (now >= this.#nextDoneAt) this.#askDone(now);
		} else if (this.#context.congestion?.onTimeout(now) === false) this.#nobodyAnswers(now);
	}

	onFileInfoAck(now: number, member: Member, message: FileInfoAck): void {
		if (message.fileId !== this.fileId || !this.#isOpenFor(member)) return;
		if (member.fileState === 'none') member.fileState = 'active';
		if (!message.partial) this.#isPartial = false;
		if (this.#stage === 'holding') this.#resume(now);
		else this.#leaveInfo(now);
	}

	onStatus(now: number, member: Member, message: Status): void {
		if (message.fileId !== this.fileId || !this.#isOpenFor(member)) return;
		const missing = this.#missingIn(message);
		// Before the transfer a STATUS can only be a late one of an earlier round.
		if (missing === 0 || this.#bursts === undefined) return;
		const { file } = this;
		this.#context.emit({ kind: 'nakReceived', file, receiverId: member.id, section: message.section, missing });
		// Before any data was sent a report tells nothing of losses.
		const blocks = this.#map.blocksIn(message.section);
		if (this.#bursts.dataPasses > 0 && this.#limits.isExcessive(member, missing, blocks)) {
			dropMember(this.#context, member, 'Excessive NAKs');
			this.onRosterChange(now);
			return;
		}
		this.#lastNakAt = now;
		member.fileState = 'naked';
		member.missingBlocks += missing;
		this.#bursts.collect(now, message, missing);
		if (this.#stage === 'holding') this.#resume(now);
	}

	/** Nobody is known to lack more than the others behind the proxy: all of them are asked again, and none is counted. */
	onProxyStatus(now: number, proxy: ProxyPeer, message: Status): void {
		if (message.fileId !== this.fileId || this.isOver) return;
		const isForSomebody = this.#members.some((member) => member.via === proxy && this.#isOpenFor(member));
		const missing = isForSomebody ? this.#missingIn(message) : 0;
		if (missing === 0 || this.#bursts === undefined) return;
		const { file } = this;
		const { section } = message;
		this.#context.emit({ kind: 'nakReceived', file, receiverId: proxy.id, section, missing, isProxy: true });
		this.#lastNakAt = now;
		proxy.hasNaked = true;
		this.#bursts.collect(now, message, missing);
		if (this.#stage === 'holding') this.#resume(now);
	}

	/** Blocks of its section that a STATUS reports missing; 0 if it fits no section. Its bitmap may be longer than that. */
	#missingIn(message: Status): number {
		if (message.section >= this.#map.sections) return 0;
		const blocks = this.#map.blocksIn(message.section);
		if (message.bitmapBytes < nakBytes(blocks)) return 0;
		return countNaks(message.bitmap, message.bitmapAt, blocks);
	}

	onComplete(now: number, member: Member, message: Complete): void {
		if (message.fileId !== this.fileId || !this.#isOpenFor(member)) return;
		member.fileState = 'done';
		member.missingBlocks = 0;
		this.#record(member, {
			receiverId: member.id,
			...(member.via === undefined ? {} : { viaProxyId: member.via.id }),
			outcome: outcomeOf(message.status),
			elapsedMs: now - this.startedAt,
			...(message.freeSpaceBytes === undefined ? {} : { freeSpaceBytes: message.freeSpaceBytes }),
		});
		this.onRosterChange(now);
	}

	onRosterChange(now: number): void {
		for (const member of this.#members) {
			if (member.isIn || this.#results.has(member)) continue;
			const outcome = member.state as Outcome;
			const reason = member.reason ?? outcome;
			this.#record(member, { receiverId: member.id, outcome, elapsedMs: 0, reason });
		}
		if (this.isOver) return;
		if (this.#stage === 'info') this.#leaveInfo(now);
		else if (this.#waitingFor('active', 'naked').length === 0) this.#endOrHold();
	}

	compose(now: number, batch: OutgoingBatch, sequence: number): boolean {
		if (this.#stage !== 'sending' || this.isOver) return false;
		const composed = this.#bursts!.compose(now, batch, sequence);
		if (this.#bursts!.isPassOver) this.#endPass(now);
		return composed;
	}

	#record(member: Member, result: FileResult): void {
		if (this.#results.has(member)) return;
		this.#results.set(member, result);
		member.count(result, this.#context.catalogue[this.file].size);
		this.#context.emit({ kind: 'fileCompletedBy', file: this.file, result });
	}

	#isOpenFor(member: Member): boolean {
		return !this.isOver && this.#members.includes(member) && !this.#results.has(member);
	}

	#waitingFor(...states: readonly string[]): Member[] {
		return this.#members.filter((member) => member.isPresent && states.includes(member.fileState));
	}

	/** Asks those that are away, once a second, whether they are back. */
	#probe(now: number): void {
		if (now < this.#nextProbeAt) return;
		this.#nextProbeAt = now + Math.max(PROBE_MS, REPEAT_GRTT * this.#context.grttMs);
		this.#info.send(this.#unasked());
	}

	/** Those that the cycles do not ask: they are away, or came back after FILEINFO had gone by. */
	#unasked(): Member[] {
		return this.#members.filter((member) => {
			if (this.#results.has(member) || !member.isIn) return false;
			return member.isAway || (this.#stage !== 'info' && member.fileState === 'none');
		});
	}

	#leaveInfo(now: number): void {
		if (this.#stage !== 'info' || this.#waitingFor('none').length > 0) return;
		if (this.#waitingFor('active', 'naked').length === 0) this.#endOrHold();
		else this.#startTransfer(now);
	}

	#startTransfer(now: number): void {
		this.#context.updateGrtt();
		this.#limits.start(now);
		const { maxSeconds } = this.#limits;
		const { file } = this;
		if (Number.isFinite(maxSeconds)) this.#context.emit({ kind: 'transferLimited', file, maxSeconds });
		const startsWithData = this.isFresh && !this.#isPartial;
		this.#bursts = new DataBursts(this.#context, now, this.file, this.fileId, this.#map, startsWithData);
		this.#stage = 'sending';
		if (this.#bursts.isPassOver) this.#endPass(now);
	}

	/** Congestion control has not heard of anybody for very long. */
	#nobodyAnswers(now: number): void {
		for (const member of this.#waitingFor('active', 'naked')) {
			const spoilt = spoiltReports(this.#context, member);
			if (spoilt === undefined) this.#context.giveUp(now, member, 'no answer to CONG_CTRL');
			else this.#context.lose(member, spoilt);
		}
		this.onRosterChange(now);
	}

	#endPass(now: number): void {
		this.#stage = 'collecting';
		this.#context.congestion?.pause();
		this.#passEndedAt = now;
		this.#lastNakAt = now;
		this.#doneRequests = 0;
		// Whoever reported losses in the pass may have lost the repairs too: all that lack something are asked.
		for (const member of this.#waitingFor('naked')) member.fileState = 'active';
		for (const proxy of this.#context.roster.proxies()) proxy.hasNaked = false;
		this.#askDone(now);
	}

	/** Asks those that have not answered since the end of the pass; an empty list tells the others that it is over. */
	#askDone(now: number): void {
		const context = this.#context;
		const asked: Member[] = [];
		for (const member of this.#waitingFor('active')) {
			if (context.patienceIsOver(member, this.#doneRequests, now - this.#passEndedAt)) {
				context.giveUp(now, member, 'no answer to DONE');
			} else asked.push(member);
		}
		if (asked.length === 0 && this.#waitingFor('naked').length === 0) {
			this.onRosterChange(now);
			return;
		}
		this.#doneRequests++;
		this.#nextDoneAt = now + REPEAT_GRTT * context.grttMs;
		const section = Math.max(0, this.#map.sections - 1);
		const { fileId } = this;
		const encode = (ids: readonly number[]) => (bytes: Uint8Array, at: number) =>
			encodeDone(bytes, at, { fileId, section, ids });
		const destination = context.config.privateEndpoint;
		if (asked.length === 0) context.outbox.push(MessageType.DONE, destination, encode([]));
		else {
			const ids = withProxies(asked);
			context.outbox.pushList(MessageType.DONE, destination, ids, context.idsPerPacket, encode);
		}
	}

	/** When the next pass begins: with NAKs at hand, as soon as nobody is expected to say more. */
	#rewindAt(): number {
		if (!this.#bursts!.hasNaks) return Number.POSITIVE_INFINITY;
		const { grttMs } = this.#context;
		const quiet = this.#lastNakAt + QUIET_GRTT * grttMs;
		const unanswered = this.#waitingFor('active').length > 0;
		const wanted = unanswered ? Math.max(quiet, this.#passEndedAt + REPEAT_GRTT * grttMs) : quiet;
		return Math.min(wanted, this.#passEndedAt + COLLECT_GRTT_MAX * grttMs);
	}

	#rewind(now: number): void {
		if (!this.#limits.allowsPassAfter(this.#bursts!.dataPasses)) {
			for (const member of this.#lacking()) dropMember(this.#context, member, 'Max passes exceeded');
			this.onRosterChange(now);
			// Others may still be at their last answer; what those that are gone have missed concerns nobody.
			this.#bursts!.forget();
			return;
		}
		for (const member of this.#members) {
			const spoilt = spoiltNaks(this.#context, member, this.pass);
			if (spoilt !== undefined) this.#context.lose(member, spoilt);
			if (member.fileState !== 'naked') continue;
			member.fileState = 'active';
			member.missingBlocks = 0;
		}
		if (this.pass > SPOILT_PASSES) this.onRosterChange(now);
		if (this.isOver) return;
		for (const proxy of this.#context.roster.proxies()) proxy.hasNaked = false;
		this.#bursts!.rewind(now);
		this.#stage = 'sending';
		if (this.#bursts!.isPassOver) this.#endPass(now);
	}

	/** Those that miss blocks; of those whose proxy says so for all, who has been asked again and has not completed. */
	#lacking(): Member[] {
		const isAskedAgain = this.#doneRequests > 1;
		const unsaid = this.#waitingFor('active').filter((member) => isAskedAgain && member.via?.hasNaked === true);
		return [...this.#waitingFor('naked'), ...unsaid];
	}

	/** Nobody who is there still needs the file: over, unless nobody is there at all and somebody may come back. */
	#endOrHold(): void {
		const isSomebodyThere = this.#context.roster.some((member) => member.isPresent && !member.isFinished);
		if (this.owing().length > 0 && !isSomebodyThere) this.#stage = 'holding';
		else this.isOver = true;
	}

	/** Somebody is back: asked, it says what it misses. */
	#resume(now: number): void {
		if (this.#bursts === undefined) this.#startTransfer(now);
		else if (this.#bursts.isPassOver) this.#endPass(now);
		else {
			this.#stage = 'sending';
			this.#context.congestion?.start(now);
		}
	}
}

/** Deletions and the like never carry blocks. */
export function hasBlocks(type: FileType): boolean {
	return type === FileType.Regular;
}

/** What a COMPLETE's status says of the file. */
export function outcomeOf(status: number): Outcome {
	switch (status) {
		case CompleteStatus.Skipped:
			return 'skipped';
		case CompleteStatus.Overwritten:
			return 'overwritten';
		case CompleteStatus.Rejected:
			return 'rejected';
		default:
			return 'received';
	}
}

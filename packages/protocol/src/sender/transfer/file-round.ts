/**
 * One file on its way to some receivers: FILEINFO until all have answered, then the Data Transfer phase in passes, each
 * ended by DONE (docs/protocol.md, sections 7 and 8).
 *
 * A round never waits long for a receiver that may come back: such a receiver is away, the round ends without it, and
 * a later round (not fresh: nothing is sent before somebody has said what is missing) brings it what it missed. Only
 * when nobody at all is there does a round wait.
 */
import { type Complete, encodeDone, type FileInfoAck, MessageType, type Status } from '@uftp/wire';
import { assert } from '../../assert.ts';
import type { FileResult, SenderFailure } from '../../events.ts';
import { REPAIR_BLOCKS_MIN } from '../../limits.ts';
import type { OutgoingBatch } from '../../ports.ts';
import type { SectionMap } from '../../sections.ts';
import type { Member, ProxyPeer } from '../membership/members.ts';
import { giveUp, isPatienceOver } from '../membership/patience.ts';
import { CORRUPTED_PASSES, corruptedNaks, corruptedReports, withProxies } from '../membership/proxies.ts';
import type { SenderParts } from '../parts.ts';
import type { Phase } from '../phase.ts';
import { DataBursts } from './data-bursts.ts';
import { FileInfoExchange } from './file-info.ts';
import type { FileTask } from './file-schedule.ts';
import { outcomeOf } from './outcomes.ts';
import { missingIn } from './repairs.ts';
import { RoundMembers } from './round-members.ts';
import { dropMember, TransferLimits } from './transfer-limits.ts';

/** DONE is repeated, and NAKs are collected before a rewind, for this many GRTT. */
const REPEAT_GRTT = 3;
/** When all have answered a DONE, NAKs that belong together still come for so long. */
const QUIET_GRTT = 0.5;
/** However many NAKs still come, a rewind waits no longer than this. */
const COLLECT_GRTT_MAX = 8;
const PROBE_MS = 1000;
/** Share of a file that one receiver may report missing in one pass of a session in the clear. */
const REPAIR_SHARE = 0.25;

export class FileRound implements Phase {
	readonly name = 'file';
	readonly #parts: SenderParts;
	readonly file: number;
	readonly fileId: number;
	readonly isFresh: boolean;
	readonly #map: SectionMap;
	readonly #members: RoundMembers;
	/** All that have accepted the file have a part of it already: it starts with DONE, and they say what they miss. */
	#isPartial = true;
	readonly #info: FileInfoExchange;
	readonly #limits: TransferLimits;
	readonly startedAt: number;
	#bursts: DataBursts | undefined;
	#stage: 'info' | 'sending' | 'collecting' | 'holding' = 'info';
	#passEndedAt = 0;
	#lastNakAt = 0;
	#doneRequests = 0;
	#nextDoneAt = 0;
	#nextProbeAt: number;
	isOver = false;
	failure: readonly [SenderFailure, string] | undefined;

	/** `task`: the file, and all that shall have it; some may be away. */
	constructor(parts: SenderParts, now: number, task: FileTask) {
		this.#parts = parts;
		this.file = task.file;
		this.fileId = task.fileId;
		this.isFresh = task.isFresh;
		this.#map = task.map;
		this.#members = new RoundMembers(task.members);
		parts.roster.watcher = this.#members;
		this.startedAt = now;
		this.#nextProbeAt = now;
		this.#limits = new TransferLimits(parts.config, task.map);
		this.#info = new FileInfoExchange(parts, now, task.fileId, parts.catalogue[task.file]);
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
		return this.#members.results;
	}

	/** Members of this round that have not got the file and may still get it. */
	owing(): Member[] {
		return this.#members.owing();
	}

	deadline(now: number): number {
		const probeAt = this.#hasUnasked ? this.#nextProbeAt : Number.POSITIVE_INFINITY;
		return Math.min(probeAt, this.#limits.deadline, this.#stageDeadline(now));
	}

	#stageDeadline(now: number): number {
		switch (this.#stage) {
			case 'info':
				return this.#info.nextAt;
			case 'sending':
				return Math.min(this.#transfer.deadline(now), this.#parts.congestion?.deadline ?? Number.POSITIVE_INFINITY);
			case 'collecting':
				return Math.min(this.#nextDoneAt, this.#rewindAt());
			case 'holding':
				return Number.POSITIVE_INFINITY;
		}
	}

	/** The data, which flows as soon as all have answered the FILEINFO. */
	get #transfer(): DataBursts {
		assert(this.#bursts !== undefined, 'the transfer has not begun');
		return this.#bursts;
	}

	onTimeout(now: number): void {
		if (this.isOver) return;
		assert(now >= this.startedAt, 'time runs backwards');
		if (now >= this.#limits.deadline) {
			this.failure = ['timeExceeded', 'Max file transfer time exceeded'];
			return;
		}
		this.#probe(now);
		if (this.#stage === 'info' && now >= this.#info.nextAt) {
			this.#info.ask(now, this.#members.waitingFor('none'));
			this.#leaveInfo(now);
		} else if (this.#stage === 'collecting') {
			if (now >= this.#rewindAt()) this.#rewind(now);
			else if (now >= this.#nextDoneAt) this.#askDone(now);
		} else if (this.#parts.congestion?.onTimeout(now) === false) this.#nobodyAnswers(now);
	}

	onFileInfoAck(now: number, member: Member, message: FileInfoAck): void {
		if (message.fileId !== this.fileId) return;
		const { clock, roster } = this.#parts;
		const rttMs = clock.roundTripMs(now, message.timestamp, this.startedAt, member.rttMs);
		if (rttMs !== undefined) roster.measured(member, rttMs);
		if (!this.#isOpenFor(member)) return;
		if (member.fileState === 'none') this.#members.set(member, 'active');
		if (!message.partial) this.#isPartial = false;
		if (this.#stage === 'holding') this.#resume(now);
		else this.#leaveInfo(now);
	}

	onStatus(now: number, member: Member, message: Status): void {
		if (message.fileId !== this.fileId || !this.#isOpenFor(member)) return;
		const missing = missingIn(this.#map, message);
		const bursts = this.#bursts;
		// Before the transfer a STATUS can only be a late one of an earlier round.
		if (missing === 0 || bursts === undefined) return;
		const { file } = this;
		this.#parts.reports.emit({ kind: 'nakReceived', file, receiverId: member.id, section: message.section, missing });
		// Before any data was sent a report tells nothing of losses.
		const blocks = this.#map.blocksIn(message.section);
		if (bursts.dataPasses > 0 && this.#limits.isExcessive(member, missing, blocks)) {
			dropMember(this.#parts, member, 'Excessive NAKs');
			this.onRosterChange(now);
			return;
		}
		this.#lastNakAt = now;
		this.#members.set(member, 'naked');
		member.missingBlocks += missing;
		member.repairBudget -= bursts.collect(now, message, missing, member.repairBudget);
		assert(member.repairBudget >= 0, 'more repairs were taken than a receiver may ask for');
		if (this.#stage === 'holding') this.#resume(now);
	}

	/** Nobody is known to lack more than the others behind the proxy: all of them are asked again, and none is counted. */
	onProxyStatus(now: number, proxy: ProxyPeer, message: Status): void {
		if (message.fileId !== this.fileId || this.isOver) return;
		const missing = this.#isForSomebodyBehind(proxy) ? missingIn(this.#map, message) : 0;
		const bursts = this.#bursts;
		if (missing === 0 || bursts === undefined) return;
		const { file } = this;
		const { section } = message;
		this.#parts.reports.emit({ kind: 'nakReceived', file, receiverId: proxy.id, section, missing, isProxy: true });
		this.#lastNakAt = now;
		proxy.hasNaked = true;
		bursts.collect(now, message, missing, Number.POSITIVE_INFINITY);
		if (this.#stage === 'holding') this.#resume(now);
	}

	#isForSomebodyBehind(proxy: ProxyPeer): boolean {
		for (const member of proxy.present()) if (this.#isOpenFor(member)) return true;
		return false;
	}

	onComplete(now: number, member: Member, message: Complete): boolean {
		if (message.fileId !== this.fileId) return false;
		if (!this.#isOpenFor(member)) return true;
		this.#members.set(member, 'done');
		member.missingBlocks = 0;
		this.#record(member, {
			receiverId: member.id,
			...(member.via === undefined ? {} : { viaProxyId: member.via.id }),
			outcome: outcomeOf(message.status),
			elapsedMs: now - this.startedAt,
			...(message.freeSpaceBytes === undefined ? {} : { freeSpaceBytes: message.freeSpaceBytes }),
		});
		this.onRosterChange(now);
		return true;
	}

	onRosterChange(now: number): void {
		for (const member of this.#members.takeDeparted()) {
			const { state, reason = state } = member;
			assert(state === 'lost' || state === 'aborted', 'a receiver has left in no known way');
			this.#record(member, { receiverId: member.id, outcome: state, elapsedMs: 0, reason });
		}
		if (this.isOver) return;
		if (this.#stage === 'info') this.#leaveInfo(now);
		else if (this.#members.count('active', 'naked') === 0) this.#endOrHold();
	}

	compose(now: number, batch: OutgoingBatch, sequence: number): boolean {
		if (this.#stage !== 'sending' || this.isOver) return false;
		const bursts = this.#transfer;
		const composed = bursts.compose(now, batch, sequence);
		if (bursts.isPassOver) this.#endPass(now);
		return composed;
	}

	#record(member: Member, result: FileResult): void {
		this.#members.record(member, result);
		this.#parts.roster.record(member, result, this.#parts.catalogue[this.file].size);
		this.#parts.reports.emit({ kind: 'fileCompletedBy', file: this.file, result });
	}

	#isOpenFor(member: Member): boolean {
		return !this.isOver && this.#members.isOpenFor(member);
	}

	/** Asks those that are away, once a second, whether they are back. */
	#probe(now: number): void {
		if (now < this.#nextProbeAt) return;
		this.#nextProbeAt = now + Math.max(PROBE_MS, REPEAT_GRTT * this.#parts.clock.grttMs);
		if (this.#hasUnasked) this.#info.send(this.#unasked());
	}

	/** Whether the cycles leave somebody out: it is away, or came back after FILEINFO had gone by. */
	get #hasUnasked(): boolean {
		return this.#members.awayCount > 0 || (this.#stage !== 'info' && this.#members.count('none') > 0);
	}

	#unasked(): Member[] {
		const isIncluded = this.#stage !== 'info';
		return this.owing().filter((member) => member.isAway || (isIncluded && member.fileState === 'none'));
	}

	#leaveInfo(now: number): void {
		if (this.#stage !== 'info' || this.#members.count('none') > 0) return;
		if (this.#members.count('active', 'naked') === 0) this.#endOrHold();
		else this.#startTransfer(now);
	}

	#startTransfer(now: number): void {
		const { clock, roster, reports } = this.#parts;
		assert(this.#bursts === undefined, 'a transfer begins twice');
		clock.update(roster.roundTrips);
		this.#limits.start(now);
		const { maxSeconds } = this.#limits;
		const { file, fileId } = this;
		if (Number.isFinite(maxSeconds)) reports.emit({ kind: 'transferLimited', file, maxSeconds });
		const startsWithData = this.isFresh && !this.#isPartial;
		this.#bursts = new DataBursts(this.#parts, { now, file, fileId, map: this.#map, startsWithData });
		this.#allotRepairs();
		this.#stage = 'sending';
		if (this.#bursts.isPassOver) this.#endPass(now);
	}

	/**
	 * From the end of a pass to the end of the next one each receiver may ask for a share of the file only. Who needs more
	 * gets it in several passes; who forges reports in its name cannot have all of the file sent again and again. Sealed
	 * reports cannot be forged, and before data was sent anybody may miss everything.
	 */
	#allotRepairs(): void {
		const isBounded = this.#parts.security === undefined && this.#transfer.dataPasses > 0;
		const budget = isBounded ? Math.max(REPAIR_BLOCKS_MIN, Math.ceil(REPAIR_SHARE * this.#map.blocks)) : Infinity;
		for (const member of this.#members) member.repairBudget = member.isAway ? Infinity : budget;
	}

	/** Congestion control has not heard of anybody for very long. */
	#nobodyAnswers(now: number): void {
		const { roster, security } = this.#parts;
		for (const member of this.#members.waitingFor('active', 'naked')) {
			const corrupted = corruptedReports(security, member);
			if (corrupted === undefined) giveUp(this.#parts, now, member, 'no answer to CONG_CTRL');
			else roster.lose(member, corrupted);
		}
		this.onRosterChange(now);
	}

	#endPass(now: number): void {
		assert(this.#transfer.isPassOver, 'a pass ends before everything of it was sent');
		this.#stage = 'collecting';
		this.#parts.congestion?.pause();
		this.#passEndedAt = now;
		this.#lastNakAt = now;
		this.#doneRequests = 0;
		this.#allotRepairs();
		// Whoever reported losses in the pass may have lost the repairs too: all that lack something are asked.
		for (const member of this.#members.waitingFor('naked')) this.#members.set(member, 'active');
		for (const proxy of this.#parts.roster.proxies()) proxy.hasNaked = false;
		this.#askDone(now);
	}

	/** Asks those that have not answered since the end of the pass; an empty list tells the others that it is over. */
	#askDone(now: number): void {
		const { config, clock, outgoing } = this.#parts;
		const asked: Member[] = [];
		for (const member of this.#members.waitingFor('active')) {
			if (isPatienceOver(config, member, this.#doneRequests, now - this.#passEndedAt)) {
				giveUp(this.#parts, now, member, 'no answer to DONE');
			} else asked.push(member);
		}
		if (asked.length === 0 && this.#members.count('naked') === 0) {
			this.onRosterChange(now);
			return;
		}
		this.#doneRequests++;
		this.#nextDoneAt = now + REPEAT_GRTT * clock.grttMs;
		const section = Math.max(0, this.#map.sections - 1);
		const { fileId } = this;
		const encode = (ids: readonly number[]) => (bytes: Uint8Array, at: number) =>
			encodeDone(bytes, at, { fileId, section, ids });
		if (asked.length === 0) outgoing.send(MessageType.DONE, encode([]));
		else outgoing.sendList(MessageType.DONE, withProxies(asked), encode);
	}

	/** When the next pass begins: with NAKs at hand, as soon as nobody is expected to say more. */
	#rewindAt(): number {
		if (!this.#transfer.hasNaks) return Number.POSITIVE_INFINITY;
		const { grttMs } = this.#parts.clock;
		const quiet = this.#lastNakAt + QUIET_GRTT * grttMs;
		const unanswered = this.#members.count('active') > 0;
		const wanted = unanswered ? Math.max(quiet, this.#passEndedAt + REPEAT_GRTT * grttMs) : quiet;
		return Math.min(wanted, this.#passEndedAt + COLLECT_GRTT_MAX * grttMs);
	}

	#rewind(now: number): void {
		const { roster, congestion } = this.#parts;
		const bursts = this.#transfer;
		if (!this.#limits.allowsPassAfter(bursts.dataPasses)) {
			for (const member of this.#lacking()) dropMember(this.#parts, member, 'Max passes exceeded');
			this.onRosterChange(now);
			// Others may still be at their last answer; what those that are gone have missed concerns nobody.
			bursts.forget();
			return;
		}
		for (const member of this.#members) {
			const corrupted = member.isIn ? corruptedNaks(congestion !== undefined, member, this.pass) : undefined;
			if (corrupted !== undefined) roster.lose(member, corrupted);
			if (member.fileState !== 'naked') continue;
			this.#members.set(member, 'active');
			member.missingBlocks = 0;
		}
		if (this.pass > CORRUPTED_PASSES) this.onRosterChange(now);
		if (this.isOver) return;
		for (const proxy of roster.proxies()) proxy.hasNaked = false;
		bursts.rewind(now);
		this.#stage = 'sending';
		if (bursts.isPassOver) this.#endPass(now);
	}

	/** Those that miss blocks; of those whose proxy says so for all, who has been asked again and has not completed. */
	#lacking(): Member[] {
		const isAskedAgain = this.#doneRequests > 1;
		const unsaid = this.#members.waitingFor('active').filter((member) => isAskedAgain && member.via?.hasNaked === true);
		return [...this.#members.waitingFor('naked'), ...unsaid];
	}

	/** Nobody who is there still needs the file: over, unless nobody is there at all and somebody may come back. */
	#endOrHold(): void {
		if (this.#members.isOwing && this.#parts.roster.count('present') === 0) this.#stage = 'holding';
		else this.isOver = true;
	}

	/** Somebody is back: asked, it says what it misses. */
	#resume(now: number): void {
		if (this.#bursts === undefined) this.#startTransfer(now);
		else if (this.#bursts.isPassOver) this.#endPass(now);
		else {
			this.#stage = 'sending';
			this.#parts.congestion?.start(now);
		}
	}
}

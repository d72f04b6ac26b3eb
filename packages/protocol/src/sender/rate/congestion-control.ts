/**
 * Congestion control at the sender (TFMCC, docs/protocol.md, section 10.1): CONG_CTRL, and what the receivers report.
 */
import {
	CcFlag,
	type CongCtrlItem,
	congCtrlItemsPerMessage,
	decodeRate,
	ExtensionType,
	encodeCongCtrl,
	encodeRate,
	encodeRtt,
	formatUid,
	MessageType,
	type TfmccAckInfo,
	TfmccDataInfoLayout,
} from '@uftp/wire';
import { assert } from '../../assert.ts';
import type { CongestionConfig, SenderConfig } from '../../sender-config.ts';
import { Damping } from '../../tfmcc/damping.ts';
import { SendingRate } from '../../tfmcc/sending-rate.ts';
import type { Answer } from '../answers.ts';
import type { Clockwork } from '../clockwork.ts';
import type { Member } from '../membership/members.ts';
import type { Roster } from '../membership/roster.ts';
import type { Outgoing } from '../outgoing.ts';
import type { SenderReports } from '../sender-reports.ts';
import type { TransmitRate } from './transmit-rate.ts';

/** Receivers report what they got in the last four GRTT; with the way there and back: */
const REPORTED_GRTT = 6;
/** Changes of the limiting receiver are told no more often. */
const NEWS_MS = 1000;

const fields = TfmccDataInfoLayout.fields;

interface Parts {
	readonly config: SenderConfig;
	readonly clock: Clockwork;
	readonly roster: Roster;
	readonly outgoing: Outgoing;
	readonly reports: SenderReports;
	readonly rate: TransmitRate;
}

export class CongestionControl {
	readonly #parts: Parts;
	readonly #rate: SendingRate;
	readonly #damping = new Damping();
	/** Those that do not know the round trip time that was measured last. */
	readonly #untold = new Set<Member>();
	/** Whose turn it is to hear it again. */
	#turn: IterableIterator<Member>;
	#hasStarted = false;
	/** Nothing of a file flows yet, or any more: the session asks and is answered. */
	#isAsking = true;
	/** Data flows, and since when. */
	#isSending = false;
	#sendingSince = 0;
	#nextAt = 0;
	/** When the first CONG_CTRL left: no report can answer an older one. */
	#firstAskedAt: number | undefined;
	#toldAt = Number.NEGATIVE_INFINITY;
	/** As data packets carry them. */
	#sendRateCode = 0;
	#feedbackRateCode = 0;

	constructor(parts: Parts, config: CongestionConfig, now: number) {
		this.#parts = parts;
		this.#turn = parts.roster.all();
		const { packetBytes, grttMs } = parts.clock;
		const { minBytesPerSecond: minimum, maxBytesPerSecond: maximum, initialBytesPerSecond: initial } = config;
		const { robust } = parts.config;
		this.#rate = new SendingRate({ packetBytes, robust, minimum, initial, maximum }, grttMs);
		parts.clock.advertised = (measuredMs) => this.#advertisedGrttMs(measuredMs);
		this.#apply(now);
	}

	get rateBytesPerSecond(): number {
		return this.#rate.bounded(this.#rate.bytesPerSecond * this.#damping.factor, this.#parts.clock.grttMs);
	}

	/**
	 * While the session only asks, the GRTT by which it repeats itself: 4.10.2 proxies hold answers for as long as the
	 * headers say, anew with each one that comes, so that one sent more often than that would never leave.
	 */
	#advertisedGrttMs(grttMs: number): number {
		return this.#isAsking ? grttMs : this.#rate.advertisedGrttMs(grttMs);
	}

	/** When the next CONG_CTRL is due. */
	get deadline(): number {
		return this.#isSending ? this.#nextAt : Number.POSITIVE_INFINITY;
	}

	/** Blocks of a file begin to flow to those that need it. */
	start(now: number): void {
		const { roster, clock } = this.#parts;
		const { grttMs } = clock;
		if (!this.#hasStarted) this.#rate.restart(grttMs);
		if (!this.#hasStarted) for (const member of roster.all()) this.#untold.add(member);
		this.#hasStarted = true;
		this.#isAsking = false;
		this.#isSending = true;
		assert(now >= this.#sendingSince, 'time runs backwards');
		this.#sendingSince = now;
		this.#nextAt = Math.max(this.#nextAt, now);
		this.#rate.resume(now);
		const { clr } = this.#rate;
		if (clr === undefined || !needsData(roster.get(clr))) this.#rate.choose(now, this.#furthest());
		this.#apply(now);
	}

	/** The session asks: whether a file is wanted, or whether everything has come. */
	ask(): void {
		this.#isAsking = true;
	}

	/** The pass is over: nothing flows until the next one. */
	pause(): void {
		this.#isSending = false;
	}

	/** Sends CONG_CTRL when it is due; false when nobody has answered for so long that nobody will. */
	onTimeout(now: number): boolean {
		if (!this.#isSending || now < this.#nextAt) return true;
		const { roster, clock } = this.#parts;
		const { clr } = this.#rate;
		if (clr !== undefined && !needsData(roster.get(clr))) this.#rate.choose(now, this.#furthest());
		if (this.#rate.tick(now, clock.grttMs)) clock.update(roster.roundTrips);
		this.#apply(now);
		this.#nextAt = now + clock.advertisedGrttMs;
		this.#firstAskedAt ??= now;
		this.#send();
		return !this.#rate.isDeaf(now, clock.grttMs);
	}

	/** An answer of a receiver: a CC_ACK is a report, and a STATUS may carry one. */
	report(now: number, member: Member, answer: Answer): void {
		if (answer.kind !== MessageType.CC_ACK && answer.kind !== MessageType.STATUS) return;
		const { tfmccAck } = answer.message;
		if (tfmccAck !== undefined) this.#report(now, member, tfmccAck);
	}

	#report(now: number, member: Member, info: TfmccAckInfo): void {
		const { clock, roster } = this.#parts;
		if (this.#firstAskedAt === undefined) return;
		const rttMs = clock.roundTripMs(now, info.timestamp, this.#firstAskedAt, member.rttMs);
		if (rttMs !== undefined) roster.measured(member, rttMs);
		assert(member.isIn, 'who is not in the session reports');
		this.#untold.add(member);
		clock.raise(member.rttMs);
		// Who has the file has no part in how fast it is sent.
		if (!needsData(member)) return;
		const wasSlowStart = this.#rate.isSlowStart;
		const isSlowStart = (info.flags & CcFlag.SLOW_START) !== 0;
		const { clr } = this.#rate;
		const isStarved = !this.#isSending || now - this.#sendingSince < REPORTED_GRTT * clock.grttMs;
		const rateBytesPerSecond = decodeRate(info.ccRateCode);
		const hasRtt = (info.flags & CcFlag.RTT) !== 0;
		const report = { hasRtt, isSlowStart, rateBytesPerSecond, rttMs: member.rttMs };
		this.#rate.report(now, member.id, report, clock.grttMs, isStarved);
		if (this.#rate.clr !== clr) this.#damping.reset();
		if (this.#rate.clr === member.id && !this.#rate.isSlowStart) this.#damping.sample(member.rttMs);
		this.#apply(now);
		if (this.#rate.clr !== clr) this.#tell(now, 'another receiver takes less', member);
		else if (wasSlowStart && !this.#rate.isSlowStart) this.#tell(now, 'the first packets were lost or marked', member);
	}

	/** Puts TFMCC_DATA_INFO at `at`; returns its length. Hot: allocates nothing. */
	writeDataInfo(bytes: Uint8Array, at: number): number {
		assert(at + TfmccDataInfoLayout.size <= bytes.length, 'an extension does not fit into its batch');
		fields.type.set(bytes, at, ExtensionType.TFMCC_DATA_INFO);
		fields.words.set(bytes, at, TfmccDataInfoLayout.size / 4);
		fields.sendRateCode.set(bytes, at, this.#sendRateCode);
		fields.ccSequence.set(bytes, at, this.#rate.round);
		fields.ccRateCode.set(bytes, at, this.#feedbackRateCode);
		return TfmccDataInfoLayout.size;
	}

	#apply(now: number): void {
		const { rateBytesPerSecond } = this;
		assert(rateBytesPerSecond > 0, 'congestion control sends nothing');
		this.#parts.rate.pacer.setRate(now, rateBytesPerSecond);
		this.#encode();
	}

	#encode(): void {
		this.#sendRateCode = encodeRate(this.rateBytesPerSecond);
		this.#feedbackRateCode = encodeRate(this.#rate.feedbackBytesPerSecond);
	}

	#tell(now: number, what: string, member: Member): void {
		if (now - this.#toldAt < NEWS_MS) return;
		this.#toldAt = now;
		const reason = `${what} (${formatUid(member.id)})`;
		this.#parts.reports.emit({ kind: 'rateChanged', rateBytesPerSecond: this.#rate.bytesPerSecond, reason });
	}

	/** Of those that need data the one with the longest round trip; undefined if there is none. */
	#furthest(): number | undefined {
		let furthest: Member | undefined;
		for (const member of this.#parts.roster.all()) {
			if (!needsData(member)) continue;
			if (furthest === undefined || member.rttMs > furthest.rttMs) furthest = member;
		}
		return furthest?.id;
	}

	#send(): void {
		const { outgoing, clock } = this.#parts;
		const items = this.#items();
		outgoing.send(MessageType.CONG_CTRL, (bytes, at, now) =>
			encodeCongCtrl(bytes, at, {
				ccSequence: this.#rate.round,
				ccRateCode: this.#feedbackRateCode,
				timestamp: clock.timestamp(now),
				items,
			}),
		);
	}

	/** The CLR first, then those that do not know their latest round trip time yet, then others in turn. */
	#items(): CongCtrlItem[] {
		const { roster, config, outgoing } = this.#parts;
		const most = Math.min(congCtrlItemsPerMessage(config.blockBytes), Math.trunc(outgoing.idsPerPacket / 2));
		const told = new Set<Member>();
		const { clr, isSlowStart } = this.#rate;
		const limiting = clr === undefined ? undefined : roster.get(clr);
		if (limiting !== undefined) told.add(limiting);
		for (const member of this.#untold) {
			if (told.size >= most) break;
			this.#untold.delete(member);
			told.add(member);
		}
		for (let asked = 0; told.size < most && asked < Math.min(most, roster.size); asked++) told.add(this.#another());
		const common = CcFlag.RTT | (isSlowStart ? CcFlag.SLOW_START : 0);
		assert(told.size <= most, 'CONG_CTRL names more receivers than it has room for');
		const known = [...told].filter((member) => member.isPresent && member.rttMs > 0);
		return known.map((member) => ({
			clientId: member.id,
			flags: common | (member.id === clr ? CcFlag.CLR : 0),
			rttCode: encodeRtt(member.rttMs / 1000),
		}));
	}

	/** The next one of all members, again and again. There is one. */
	#another(): Member {
		const next = this.#turn.next();
		if (next.done !== true) return next.value;
		this.#turn = this.#parts.roster.all();
		const first = this.#turn.next();
		assert(first.done !== true, 'a transfer has no receivers');
		return first.value;
	}
}

/** It is there, and has said neither that it has the file nor that it does not want it. */
function needsData(member: Member | undefined): boolean {
	return member?.isPresent === true && (member.fileState === 'active' || member.fileState === 'naked');
}

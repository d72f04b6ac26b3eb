/**
 * Congestion control at a receiver (TFMCC, docs/protocol.md, section 10): watches how much comes and what is lost,
 * works out the rate that a TCP flow would have on this path, and says when the sender has to hear of it.
 */

import {
	CcFlag,
	type CongCtrl,
	decodeCongCtrl,
	decodeRate,
	decodeRtt,
	ExtensionType,
	encodeRate,
	type Family,
	FileSegLayout,
	HEADER_BYTES,
	isMalformed,
	LOWER_HEADER_BYTES,
	type Malformed,
	TfmccDataInfoLayout,
} from '@uftp/wire';
import { assert } from '../assert.ts';
import type { HeldTimestamp } from '../shared/held-timestamp.ts';
import { FeedbackTimer } from '../tfmcc/feedback-timer.ts';
import { LossHistory } from '../tfmcc/loss-history.ts';
import { ReceiveRate } from '../tfmcc/receive-rate.ts';
import { smoothRtt } from '../tfmcc/round-trip.ts';
import { lossIntervalAt, tcpBytesPerSecond } from '../tfmcc/throughput.ts';
import type { IncomingBlock } from './incoming-block.ts';
import type { IncomingMessage } from './incoming-message.ts';

/** As long as nothing has been lost the sender may double what comes. */
const SLOW_START_GAIN = 2;
/** Words of a FILESEG's second header with TFMCC_DATA_INFO. */
const TFMCC_HEADER_WORDS = (FileSegLayout.size + TfmccDataInfoLayout.size) / 4;

const { type: extensionType, ccSequence, ccRateCode } = TfmccDataInfoLayout.fields;

/** What a CC_ACK says. */
export interface CongestionReport {
	readonly flags: number;
	readonly ccSequence: number;
	readonly ccRateCode: number;
	readonly echoed: HeldTimestamp;
}

interface CongestionStart {
	readonly receiverId: number;
	readonly seed: number;
	readonly family: Family;
	readonly grttMs: number;
	readonly announced: HeldTimestamp;
	readonly groupSize: number;
}

export class Congestion {
	readonly #receiverId: number;
	readonly #lowerHeaderBytes: number;
	readonly history = new LossHistory();
	readonly #received: ReceiveRate;
	readonly #timer: FeedbackTimer;
	readonly #own = { isClr: false, rateBytesPerSecond: 0, grttMs: 0, rttMs: 0, groupSize: 0 };
	/** What the sender's newest timestamp was: it measures round trips by it. */
	#echoed: HeldTimestamp;
	#ccRateCode = -1;
	#blocks = 0;
	#blockBytes = 0;
	/** When the last timer that was missed is up: an answer is due at once. */
	#isAsked = false;

	/** `announced` is the timestamp of the ANNOUNCE; receivers with different seeds answer at different times. */
	constructor({ receiverId, seed, family, grttMs, announced, groupSize }: CongestionStart) {
		assert(grttMs > 0, 'round trips take time');
		this.#receiverId = receiverId;
		this.#lowerHeaderBytes = LOWER_HEADER_BYTES[family];
		this.#received = new ReceiveRate(grttMs);
		this.#timer = new FeedbackTimer(seed);
		this.#echoed = announced;
		this.#own.grttMs = grttMs;
		this.#own.groupSize = groupSize;
	}

	get isClr(): boolean {
		return this.#own.isClr;
	}

	/** The own round trip time in ms; 0 before the sender has said it. */
	get rttMs(): number {
		return this.#own.rttMs;
	}

	/** Bytes per second that this receiver stands. */
	rateBytesPerSecond(now: number): number {
		if (this.history.isLossless) return SLOW_START_GAIN * this.#received.bytesPerSecond(now);
		return tcpBytesPerSecond(this.#packetBytes, this.#effectiveRttMs, this.history.lossEventRate);
	}

	get #packetBytes(): number {
		assert(this.#blocks > 0, 'packets have a size when one has come');
		return this.#blockBytes / this.#blocks;
	}

	get #effectiveRttMs(): number {
		return this.#own.rttMs > 0 ? this.#own.rttMs : this.#own.grttMs;
	}

	/** A control message of the sender came. What was before the first block was not meant for all. */
	control(now: number, sequence: number, isMarked: boolean): void {
		if (this.#blocks > 0) this.#note(now, sequence, isMarked);
	}

	/** A data packet of the sender came. Hot: allocates nothing. */
	block(now: number, sequence: number, { bytes, headerAt, datagramBytes, isMarked }: Readonly<IncomingBlock>): void {
		assert(datagramBytes > 0, 'a datagram has bytes');
		const wireBytes = datagramBytes + this.#lowerHeaderBytes;
		this.#blocks++;
		this.#blockBytes += wireBytes;
		this.#received.add(now, wireBytes);
		this.#note(now, sequence, isMarked);
		const extensionAt = headerAt + HEADER_BYTES + FileSegLayout.size;
		if (bytes[headerAt + HEADER_BYTES + 1] < TFMCC_HEADER_WORDS) return;
		if (extensionType.get(bytes, extensionAt) !== ExtensionType.TFMCC_DATA_INFO) return;
		this.#hearRound(now, ccSequence.get(bytes, extensionAt), ccRateCode.get(bytes, extensionAt));
	}

	#note(now: number, sequence: number, isMarked: boolean): void {
		const isFirstLoss = this.history.packet(now, sequence, isMarked, this.#own.grttMs);
		if (!isFirstLoss) return;
		const received = this.#received.bytesPerSecond(now);
		this.history.begin(lossIntervalAt(received, this.#packetBytes, this.#effectiveRttMs));
	}

	#hearRound(now: number, round: number, rateCode: number): void {
		if (round === this.#timer.round && rateCode === this.#ccRateCode) return;
		this.#ccRateCode = rateCode;
		this.#own.rateBytesPerSecond = this.rateBytesPerSecond(now);
		this.#timer.hear(now, round, decodeRate(rateCode), this.#own);
	}

	/** CONG_CTRL: the sender's round, who the CLR is, and how far away this receiver is. */
	handleCongCtrl(now: number, { bytes, at, length }: IncomingMessage): Malformed | undefined {
		const message = decodeCongCtrl(bytes, at, length);
		if (isMalformed(message)) return message;
		this.#echoed = { timestamp: message.timestamp, heardAt: now };
		this.#readItems(message);
		this.#hearRound(now, message.ccSequence, message.ccRateCode);
		if (this.isClr) {
			this.#timer.stop();
			this.#isAsked = true;
		}
		return undefined;
	}

	#readItems({ items }: CongCtrl): void {
		const own = this.#own;
		own.isClr = items.some((item) => item.clientId === this.#receiverId && (item.flags & CcFlag.CLR) !== 0);
		for (const { clientId, flags, rttCode } of items) {
			if (clientId !== this.#receiverId || (flags & CcFlag.RTT) === 0) continue;
			own.rttMs = smoothRtt(own.rttMs, decodeRtt(rttCode) * 1000, own.isClr);
			return;
		}
	}

	/** FILEINFO has a timestamp, too. */
	heardTimestamp(echoed: HeldTimestamp): void {
		this.#echoed = echoed;
	}

	adopt(now: number, grttMs: number, groupSize: number): void {
		assert(grttMs > 0 && groupSize >= 0, 'the settings of the sender are in range');
		const own = this.#own;
		own.groupSize = groupSize;
		if (grttMs === own.grttMs) return;
		this.#timer.rescale(now, grttMs / own.grttMs);
		own.grttMs = grttMs;
		this.#received.setGrtt(now, grttMs);
	}

	get deadline(): number {
		return this.#timer.deadline;
	}

	/** The report that is due now; undefined if none is. Before the first block there is nothing to say. */
	takeReport(now: number): CongestionReport | undefined {
		const isDue = this.#timer.takeDue(now) || this.#isAsked;
		this.#isAsked = false;
		if (!isDue || this.#blocks === 0) return undefined;
		const hasRtt = this.#own.rttMs > 0 ? CcFlag.RTT : 0;
		const isStarting = this.history.isLossless ? CcFlag.SLOW_START : 0;
		return {
			flags: hasRtt | isStarting,
			ccSequence: Math.max(0, this.#timer.round),
			ccRateCode: encodeRate(this.rateBytesPerSecond(now)),
			echoed: this.#echoed,
		};
	}
}

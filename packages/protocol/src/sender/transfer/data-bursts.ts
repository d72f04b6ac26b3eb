/** The data of one file in passes: which blocks the next burst carries, and their headers. */
import {
	type CommonHeader,
	encodeGroupSize,
	FileSegLayout,
	HEADER_BYTES,
	MessageType,
	type Status,
	TfmccDataInfoLayout,
	writeFileSegHeader,
	writeHeader,
} from '@uftp/wire';
import { assert } from '../../assert.ts';
import type { OutgoingBatch } from '../../ports.ts';
import type { SectionMap } from '../../sections.ts';
import type { SenderParts } from '../parts.ts';
import { Repairs } from './repairs.ts';

/** In a pass, NAKs are collected for so long before a detour repairs what they report. */
const DETOUR_GRTT = 1.5;
/**
 * Over long ways, repairs that take less than this share of a GRTT are sent twice: to hear that one was lost takes more
 * than a whole one. Elsewhere that is soon heard.
 */
const TWICE_GRTT = 0.25;
const LONG_GRTT_MS = 100;

type Parts = Pick<
	SenderParts,
	'config' | 'clock' | 'roster' | 'reports' | 'outgoing' | 'rate' | 'security' | 'congestion'
>;

/** What is sent: a file, by its index and its id on the wire. */
export interface Transfer {
	readonly now: number;
	readonly file: number;
	readonly fileId: number;
	readonly map: SectionMap;
	/** False: the first pass sends nothing, its DONE asks what is missing. */
	readonly startsWithData: boolean;
}

export class DataBursts {
	readonly #parts: Parts;
	readonly #file: number;
	readonly #fileId: number;
	readonly #map: SectionMap;
	readonly #repairs: Repairs;
	readonly #header: CommonHeader;
	readonly #secondHeaderBytes: number;
	/** Where the second header starts, and from one datagram of a burst to the next, in bytes. */
	readonly #plainOffset: number;
	readonly #stride: number;
	pass = 1;
	readonly #startsWithData: boolean;
	/** When the oldest NAK came that nothing has been sent for. */
	#oldestNakAt = Number.NaN;

	constructor(parts: Parts, { now, file, fileId, map, startsWithData }: Transfer) {
		this.#parts = parts;
		this.#file = file;
		this.#fileId = fileId;
		this.#map = map;
		this.#startsWithData = startsWithData;
		this.#repairs = new Repairs(map, startsWithData);
		const { config, security, congestion } = parts;
		const { sourceId, groupId, groupInstance, blockBytes } = config;
		this.#secondHeaderBytes = FileSegLayout.size + (congestion === undefined ? 0 : TfmccDataInfoLayout.size);
		const plainBytes = this.#secondHeaderBytes + blockBytes;
		this.#plainOffset = security?.sealer.plainOffset ?? HEADER_BYTES;
		this.#stride = security?.sealer.sealedBytes(plainBytes) ?? HEADER_BYTES + plainBytes;
		const func = MessageType.FILESEG;
		this.#header = { func, sequence: 0, sourceId, groupId, groupInstance, grtt: 0, groupSize: 0 };
		this.#startPass(now);
	}

	get isPassOver(): boolean {
		return this.#repairs.section < 0;
	}

	/** Passes that were begun to send something. */
	get dataPasses(): number {
		return this.#startsWithData ? this.pass : this.pass - 1;
	}

	get hasNaks(): boolean {
		return this.#repairs.hasCollected;
	}

	get passBlocks(): readonly [number, number] {
		return [this.#repairs.sentBlocks, this.#repairs.passBlocks];
	}

	deadline(now: number): number {
		return this.#parts.rate.nextAt(now);
	}

	/** A report of `missing` blocks, of which at most `most` new ones are taken; returns how many. */
	collect(now: number, message: Status, missing: number, most: number): number {
		const taken = this.#repairs.collect(message.section, message.bitmap, message.bitmapAt, most);
		assert(taken <= most && taken <= missing, 'more repairs were taken than were asked for');
		if (Number.isNaN(this.#oldestNakAt)) this.#oldestNakAt = now;
		this.#parts.rate.lossReported(now, message.section, missing);
		return taken;
	}

	rewind(now: number): void {
		const isRepairing = this.dataPasses > 0;
		this.#repairs.rewind();
		if (isRepairing && this.#isShort(this.#repairs.passBlocks)) this.#repairs.sendTwice();
		this.pass++;
		this.#startPass(now);
	}

	/** At a fixed rate only: what finds its rate itself must not lose more than it needs to send. */
	#isShort(blocks: number): boolean {
		const { rate, clock } = this.#parts;
		if (rate.isAdaptive || clock.grttMs < LONG_GRTT_MS) return false;
		return rate.durationMs(blocks) < TWICE_GRTT * clock.grttMs;
	}

	/** What has been reported missing is not sent: nobody is left who needs it. */
	forget(): void {
		this.#repairs.forget();
	}

	/** Fills the batch with as many data packets as may leave now. Allocates nothing. */
	compose(now: number, batch: OutgoingBatch, sequence: number): boolean {
		const { config, clock, rate, congestion, outgoing } = this.#parts;
		rate.follow(now);
		if (congestion !== undefined) this.#header.grtt = clock.grttCode;
		const room = Math.min(batch.capacity, config.burstMax, Math.floor(batch.bytes.length / this.#stride));
		assert(room > 0, 'a batch has no room for a block');
		const most = Math.min(room, rate.packetsNow(now));
		if (most === 0 || this.isPassOver) return false;
		if (now - this.#oldestNakAt >= DETOUR_GRTT * clock.grttMs) this.#detour();
		const count = this.#fillHeaders(now, batch, sequence, most);
		assert(count > 0 && count <= most, 'a burst holds no block, or more than there is room for');
		batch.file = this.#file;
		batch.stride = this.#stride;
		batch.payloadOffset = this.#plainOffset + this.#secondHeaderBytes;
		batch.payloadBytes = config.blockBytes;
		batch.destination = config.privateEndpoint;
		rate.pacer.charge(count * clock.packetBytes);
		outgoing.sent(count, (count - 1) * this.#stride + batch.lastLength);
		return true;
	}

	/** The repairs themselves may be lost: the receivers say so when the pass is over. */
	#detour(): void {
		if (this.#repairs.isOnDetour || !this.#repairs.hasCollected) return;
		this.#oldestNakAt = Number.NaN;
		this.#repairs.detour();
	}

	#fillHeaders(now: number, batch: OutgoingBatch, sequence: number, most: number): number {
		const repairs = this.#repairs;
		const map = this.#map;
		const header = this.#header;
		const stride = this.#stride;
		let count = 0;
		let payloadBytes = 0;
		let repaired = 0;
		while (count < most && repairs.section >= 0) {
			const { section, block } = repairs;
			if (repairs.isOnDetour || this.pass > 1) repaired++;
			const at = count * stride;
			header.sequence = (sequence + count) & 0xffff;
			writeHeader(batch.bytes, at, header);
			this.#writeSecondHeader(batch.bytes, at + this.#plainOffset, section, block);
			batch.offsets[count] = map.blockOffset(section, block);
			payloadBytes = map.blockLength(section, block);
			count++;
			const finished = repairs.advance();
			if (finished >= 0) this.#sectionSent(now, finished);
			// Only the last datagram of a burst may be shorter than the others.
			if (payloadBytes < map.blockBytes) break;
		}
		assert(payloadBytes > 0 && payloadBytes <= map.blockBytes, 'a block is empty, or longer than a block');
		batch.count = count;
		batch.lastPayloadBytes = payloadBytes;
		const plainBytes = this.#secondHeaderBytes + payloadBytes;
		batch.lastLength = this.#parts.security?.sealer.sealedBytes(plainBytes) ?? HEADER_BYTES + plainBytes;
		this.#parts.outgoing.repairBytesSent += repaired * stride;
		return count;
	}

	#writeSecondHeader(bytes: Uint8Array, at: number, section: number, block: number): void {
		const { congestion } = this.#parts;
		const plainBytes = writeFileSegHeader(bytes, at, this.#fileId, section, block);
		if (congestion === undefined) return;
		FileSegLayout.fields.headerWords.set(bytes, at, this.#secondHeaderBytes / 4);
		congestion.writeDataInfo(bytes, at + plainBytes);
	}

	#startPass(now: number): void {
		const { clock, roster, rate, congestion, reports } = this.#parts;
		this.#header.grtt = clock.grttCode;
		this.#header.groupSize = encodeGroupSize(roster.size);
		rate.startPass(now, roster);
		if (!this.isPassOver) congestion?.start(now);
		rate.pacer.restart(now);
		this.#oldestNakAt = Number.NaN;
		const { pass } = this;
		if (this.isPassOver) return;
		reports.emit({ kind: 'passStarted', file: this.#file, pass, blocks: this.#repairs.passBlocks });
	}

	#sectionSent(now: number, section: number): void {
		const { rate, reports } = this.#parts;
		rate.sectionSent(now, this.pass, section, this.#repairs.finishedBlocks);
		reports.emit({ kind: 'sectionSent', file: this.#file, section, pass: this.pass });
	}
}

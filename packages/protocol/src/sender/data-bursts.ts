/** The data of one file in passes: which blocks the next burst carries, and their headers. */
import {
	type CommonHeader,
	encodeGroupSize,
	encodeRtt,
	FileSegLayout,
	HEADER_BYTES,
	MessageType,
	type Status,
	TfmccDataInfoLayout,
	writeFileSegHeader,
	writeHeader,
} from '@uftp/wire';
import type { OutgoingBatch } from '../ports.ts';
import type { SectionMap } from '../sections.ts';
import type { SenderContext } from './context.ts';
import { Repairs } from './repairs.ts';

/** In a pass, NAKs are collected for so long before a detour repairs what they report. */
const DETOUR_GRTT = 1.5;
/**
 * Over long ways, repairs that take less than this share of a GRTT are sent twice: to hear that one was lost takes more
 * than a whole one. Elsewhere that is soon heard.
 */
const TWICE_GRTT = 0.25;
const LONG_GRTT_MS = 100;
/** A section's NAKs have come when its hold-off of one GRTT and a round trip are over. */
const NAK_HOLDOFF_GRTT = 3;

export class DataBursts {
	readonly #context: SenderContext;
	readonly #file: number;
	readonly #fileId: number;
	readonly #map: SectionMap;
	readonly #repairs: Repairs;
	readonly #header: CommonHeader;
	readonly #secondHeaderBytes: number;
	pass = 1;
	readonly #startsWithData: boolean;
	/** When the oldest NAK came that nothing has been sent for. */
	#oldestNakAt = Number.NaN;

	/** `startsWithData` false: the first pass sends nothing, its DONE asks what is missing. */
	constructor(
		context: SenderContext,
		now: number,
		file: number,
		fileId: number,
		map: SectionMap,
		startsWithData: boolean,
	) {
		this.#context = context;
		this.#file = file;
		this.#fileId = fileId;
		this.#map = map;
		this.#startsWithData = startsWithData;
		this.#repairs = new Repairs(map, startsWithData);
		this.#secondHeaderBytes = FileSegLayout.size + (context.congestion === undefined ? 0 : TfmccDataInfoLayout.size);
		this.#header = {
			func: MessageType.FILESEG,
			sequence: 0,
			sourceId: context.config.sourceId,
			groupId: context.config.groupId,
			groupInstance: context.config.groupInstance,
			grtt: 0,
			groupSize: 0,
		};
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
		return this.#context.pacer.nextAt(now, this.#context.packetBytes);
	}

	collect(now: number, message: Status, missing: number): void {
		this.#repairs.collect(message.section, message.bitmap, message.bitmapAt);
		if (Number.isNaN(this.#oldestNakAt)) this.#oldestNakAt = now;
		const control = this.#context.rateControl;
		if (control !== undefined) this.#context.applyRate(now, control.lossReported(message.section, missing));
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
		const { rateControl, congestion, pacer, packetBytes, grttMs } = this.#context;
		if (rateControl !== undefined || congestion !== undefined || grttMs < LONG_GRTT_MS) return false;
		return (1000 * blocks * packetBytes) / pacer.rateBytesPerSecond < TWICE_GRTT * grttMs;
	}

	/** What has been reported missing is not sent: nobody is left who needs it. */
	forget(): void {
		this.#repairs.forget();
	}

	/** Fills the batch with as many data packets as may leave now. Allocates nothing. */
	compose(now: number, batch: OutgoingBatch, sequence: number): boolean {
		const context = this.#context;
		const { packetBytes, pacer } = context;
		const { blockBytes, burstMax } = context.config;
		if (context.rateControl !== undefined) this.#followRate(now);
		if (context.congestion !== undefined) this.#header.grtt = encodeRtt(context.advertisedGrttMs / 1000);
		const sealer = context.security?.sealer;
		const plainOffset = sealer?.plainOffset ?? HEADER_BYTES;
		const secondBytes = this.#secondHeaderBytes;
		const stride = sealer?.sealedBytes(secondBytes + blockBytes) ?? HEADER_BYTES + secondBytes + blockBytes;
		const room = Math.min(batch.capacity, burstMax, Math.floor(batch.bytes.length / stride));
		const most = Math.min(room, pacer.packetsNow(now, packetBytes));
		if (most === 0 || this.isPassOver) return false;
		if (now - this.#oldestNakAt >= DETOUR_GRTT * context.grttMs) this.#detour();
		const count = this.#fillHeaders(now, batch, sequence, stride, plainOffset, most);
		batch.file = this.#file;
		batch.stride = stride;
		batch.payloadOffset = plainOffset + secondBytes;
		batch.payloadBytes = blockBytes;
		batch.destination = context.config.privateEndpoint;
		pacer.charge(count * packetBytes);
		const bytes = (count - 1) * stride + batch.lastLength;
		context.bytesSent += bytes;
		context.packetsSent += count;
		return true;
	}

	/** The repairs themselves may be lost: the receivers say so when the pass is over. */
	#detour(): void {
		if (this.#repairs.isOnDetour || !this.#repairs.hasCollected) return;
		this.#oldestNakAt = Number.NaN;
		this.#repairs.detour();
	}

	#fillHeaders(
		now: number,
		batch: OutgoingBatch,
		sequence: number,
		stride: number,
		plainOffset: number,
		most: number,
	): number {
		const repairs = this.#repairs;
		const map = this.#map;
		const header = this.#header;
		let count = 0;
		let payloadBytes = 0;
		let repaired = 0;
		while (count < most && repairs.section >= 0) {
			const { section, block } = repairs;
			if (repairs.isOnDetour || this.pass > 1) repaired++;
			const at = count * stride;
			header.sequence = (sequence + count) & 0xffff;
			writeHeader(batch.bytes, at, header);
			this.#writeSecondHeader(batch.bytes, at + plainOffset, section, block);
			batch.offsets[count] = map.blockOffset(section, block);
			payloadBytes = map.blockLength(section, block);
			count++;
			const finished = repairs.advance();
			if (finished >= 0) this.#sectionSent(now, finished);
			// Only the last datagram of a burst may be shorter than the others.
			if (payloadBytes < map.blockBytes) break;
		}
		batch.count = count;
		batch.lastPayloadBytes = payloadBytes;
		const plainBytes = this.#secondHeaderBytes + payloadBytes;
		batch.lastLength = this.#context.security?.sealer.sealedBytes(plainBytes) ?? HEADER_BYTES + plainBytes;
		this.#context.repairBytesSent += repaired * stride;
		return count;
	}

	#writeSecondHeader(bytes: Uint8Array, at: number, section: number, block: number): void {
		const { congestion } = this.#context;
		const plainBytes = writeFileSegHeader(bytes, at, this.#fileId, section, block);
		if (congestion === undefined) return;
		FileSegLayout.fields.headerWords.set(bytes, at, this.#secondHeaderBytes / 4);
		congestion.writeDataInfo(bytes, at + plainBytes);
	}

	#startPass(now: number): void {
		const context = this.#context;
		this.#header.grtt = encodeRtt(context.advertisedGrttMs / 1000);
		this.#header.groupSize = encodeGroupSize(context.roster.size);
		context.startRateControl(now);
		if (!this.isPassOver) context.congestion?.start(now);
		context.pacer.restart(now);
		this.#oldestNakAt = Number.NaN;
		const { pass } = this;
		if (!this.isPassOver) {
			context.emit({ kind: 'passStarted', file: this.#file, pass, blocks: this.#repairs.passBlocks });
		}
	}

	#sectionSent(now: number, section: number): void {
		const context = this.#context;
		const { finishedBlocks } = this.#repairs;
		context.rateControl?.sectionSent(now, this.pass, section, finishedBlocks, context.packetBytes);
		context.emit({ kind: 'sectionSent', file: this.#file, section, pass: this.pass });
	}

	#followRate(now: number): void {
		const context = this.#context;
		const reason = context.rateControl!.evaluate(now, NAK_HOLDOFF_GRTT * context.grttMs);
		context.applyRate(now, reason);
	}
}

/** Proxies that the test plays before a sender session of `../scripted-receivers.ts`. */
import {
	EMPTY_SPAN,
	encodeAbort,
	encodeCcAck,
	encodeComplete,
	encodeFileInfoAck,
	encodeRegister,
	encodeStatus,
	MessageType,
	statusBitmapBytes,
	type TfmccAckInfo,
} from '@uftp/wire';
import type { Endpoint } from '../../../src/index.ts';
import { writeOwnMarker } from '../../../src/shared/own-marker.ts';
import { Actor, entry, type Stage, stamp } from '../scripted-receivers.ts';

export const FILES = [entry('a.bin', 5000)];
/** Blocks of 1300 bytes in it. */
export const BLOCKS = 4;
export const ALICE = 0x0a000002;
export const BOB = 0x0a000003;
export const CAROL = 0x0a000004;
export const PROXY = 0x0a0000f1;
export const OTHER = 0x0a0000f2;

/** A proxy that gathers answers: `instance` marks it as one of ours, all of whose receivers are ours. */
export class ProxyActor {
	readonly id: number;
	from: Endpoint;
	readonly #stage: Stage;
	readonly #instance: readonly [number, number] | undefined;
	/** Lends its datagrams the common header. */
	readonly #scribe: Actor;

	constructor(stage: Stage, id: number, host: string, instance?: readonly [number, number]) {
		this.#stage = stage;
		this.id = id;
		this.from = { host, port: 1044 };
		this.#instance = instance;
		this.#scribe = new Actor(stage, id, host);
	}

	register(ids: readonly number[], rttMs = Math.min(2, this.#stage.now)): void {
		const rand2 = new Uint8Array(32);
		if (this.#instance !== undefined) writeOwnMarker(rand2, this.#instance);
		const timestamp = stamp(this.#stage.now - rttMs);
		this.say(MessageType.REGISTER, (bytes, at) =>
			encodeRegister(bytes, at, { timestamp, rand2, keyInfo: EMPTY_SPAN, ids }),
		);
	}

	acknowledge(fileId: number, ids: readonly number[], rttMs = 0): void {
		const timestamp = stamp(this.#stage.now - rttMs);
		this.say(MessageType.FILEINFO_ACK, (bytes, at) =>
			encodeFileInfoAck(bytes, at, { fileId, partial: false, timestamp, ids }),
		);
	}

	/** As C: a bitmap as long as a block, with junk behind the blocks of the section. */
	nak(fileId: number, blocks: readonly number[], blocksInSection = BLOCKS, tfmccAck?: TfmccAckInfo): void {
		const bitmap = new Uint8Array(1300).fill(0xff);
		bitmap.fill(0, 0, statusBitmapBytes(blocksInSection));
		bitmap[blocksInSection >> 3] |= 0xff << (blocksInSection & 7);
		for (const block of blocks) bitmap[block >> 3] |= 1 << (block & 7);
		const status = { fileId, section: 0, bitmap, bitmapAt: 0, bitmapBytes: bitmap.length };
		this.say(MessageType.STATUS, (bytes, at) =>
			encodeStatus(bytes, at, { ...status, ...(tfmccAck === undefined ? {} : { tfmccAck }) }),
		);
	}

	complete(fileId: number, ids: readonly number[], status = 0): void {
		this.say(MessageType.COMPLETE, (bytes, at) => encodeComplete(bytes, at, { fileId, status, ids }));
	}

	/** Passes a report of congestion control on, under the receiver's id as C does, or under its own. */
	report(clientId: number, sourceId = clientId): void {
		const timestamp = stamp(this.#stage.now - 2);
		const tfmccAck = { flags: 2, ccSequence: 0, ccRateCode: 0x20c5, clientId, timestamp };
		this.say(MessageType.CC_ACK, (bytes, at) => encodeCcAck(bytes, at, { tfmccAck }), sourceId);
	}

	abort(host: number, message: string): void {
		this.say(MessageType.ABORT, (bytes, at) => encodeAbort(bytes, at, { currentFileOnly: false, host, message }));
	}

	say(func: number, encode: (bytes: Uint8Array, at: number) => number, sourceId = this.id): void {
		const { host, port } = this.from;
		const scribe = sourceId === this.id ? this.#scribe : new Actor(this.#stage, sourceId, host, undefined, port);
		this.#stage.give(this.from, scribe.datagram(func, encode));
	}
}

/** Everything from DONE of the file on, for receivers that have it. */
export function finish(stage: Stage, proxy: ProxyActor, ids: readonly number[]): void {
	stage.run(5);
	proxy.complete(1, ids);
	stage.run(5);
	proxy.complete(0, ids);
	stage.run(100);
}

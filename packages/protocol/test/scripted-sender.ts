/**
 * A sender made of hand-written steps, and a shell around a receiving node: what the receiver tests speak through.
 * Time is the tests' own.
 */

import {
	type Announce,
	type CongCtrl,
	decodeAbort,
	decodeCcAck,
	decodeComplete,
	decodeFileInfoAck,
	decodeHeader,
	decodeRegister,
	decodeStatus,
	encodeAbort,
	encodeAnnounce,
	encodeCongCtrl,
	encodeDone,
	encodeDoneConf,
	encodeFileInfo,
	encodeFileSeg,
	encodeRegConf,
	encodeRtt,
	type FileInfo,
	isMalformed,
	type Malformed,
	MessageType,
	type TfmccAckInfo,
	type TfmccDataInfo,
	writeFileSegHeader,
	writeHeader,
} from '@uftp/wire';
import { SingleArrival } from '../src/arrival.ts';
import type { ReceiverEvent } from '../src/events.ts';
import { makeBatch } from '../src/index.ts';
import type { Endpoint, FileDecision, IncomingFile, OutgoingBatch } from '../src/ports.ts';
import { ReceiverNode } from '../src/receiver/receiver.ts';
import { RECEIVER_DEFAULTS, type ReceiverConfig } from '../src/receiver-config.ts';
import type { ReceiverRequest } from '../src/receiver-port.ts';
import { SectionMap } from '../src/sections.ts';
import { isNak } from '../src/shared/nak-bitmap.ts';

export const SENDER_ID = 0x0a630001;
export const RECEIVER_ID = 0x0a630002;
export const GROUP_ID = 0x11223344;
export const SENDER: Endpoint = { host: '10.99.0.1', port: 40_000 };
/** About 10 ms once it has been through the wire. */
export const GRTT_MS = 10;

type Answer =
	| { kind: 'register'; sequence: number; message: Exclude<ReturnType<typeof decodeRegister>, Malformed> }
	| {
			kind: 'fileInfoAck';
			sequence: number;
			fileId: number;
			isPartial: boolean;
			timestamp: { seconds: number; microseconds: number };
	  }
	| { kind: 'status'; sequence: number; fileId: number; section: number; bitmapBytes: number; naks: number[] }
	| { kind: 'complete'; sequence: number; fileId: number; status: number; freeSpaceBytes: number | undefined }
	| { kind: 'ccAck'; sequence: number; report: TfmccAckInfo }
	| { kind: 'abort'; sequence: number; message: string };
export type AnswerOf<K extends Answer['kind']> = Extract<Answer, { kind: K }>;

/** Larger files are received without their contents: a lie about a size must not become the test's own memory. */
const CONTENT_BYTES_MAX = 64 * 1024 * 1024;

/** A receiving node with the smallest possible shell: files are kept in memory, every offer is decided by `decide`. */
export class ShellUnderTest {
	readonly node: ReceiverNode;
	now = 1000;
	readonly events: ReceiverEvent[] = [];
	readonly requests: ReceiverRequest[] = [];
	/** Undefined: a fault of the node fails the test. */
	faults: unknown[] | undefined;
	readonly answers: (Answer & { groupId: number; to: Endpoint; at: number })[] = [];
	readonly contents = new Map<number, Uint8Array>();
	decide: (file: IncomingFile) => FileDecision | undefined = () => ({ kind: 'accept', status: 0 });
	/** Undefined: the shell does not answer by itself. */
	store: ((file: IncomingFile) => void) | undefined = (file) => this.node.fileStored(this.now, file.handle);

	constructor(config: Partial<ReceiverConfig> = {}) {
		this.node = new ReceiverNode({
			...RECEIVER_DEFAULTS,
			receiverId: RECEIVER_ID,
			instance: [0xfeed, 0xbeef],
			...config,
		});
	}

	/** Hands over a datagram, stores the block that is in it, then drains. True if a block was wanted. */
	deliver(datagram: Uint8Array, from = SENDER, isMarked = false): boolean {
		const placement = this.node.handle(this.now, new SingleArrival(from, datagram, { isMarked }));
		if (placement !== undefined) {
			const { handle, offset, bytes, at, length } = placement;
			this.contents.get(handle)?.set(bytes.subarray(at, at + length), offset);
		}
		this.drain();
		return placement !== undefined;
	}

	drain(): void {
		const { node } = this;
		for (let request = node.pollRequest(); request !== undefined; request = node.pollRequest()) this.#act(request);
		for (let event = node.pollEvent(); event !== undefined; event = node.pollEvent()) this.events.push(event);
		const batch = makeBatch();
		while (this.node.pollTransmit(this.now, batch)) this.answers.push(this.#decode(batch));
	}

	#act(request: ReceiverRequest): void {
		this.requests.push(request);
		if (request.kind === 'offerFile') {
			const { handle, size } = request.file;
			const decision = this.decide(request.file);
			const isKept = decision?.kind === 'accept' && size <= CONTENT_BYTES_MAX;
			if (isKept) this.contents.set(handle, new Uint8Array(size));
			if (decision !== undefined) this.node.fileDecided(this.now, handle, decision);
		} else if (request.kind === 'finishFile') this.store?.(request.file);
		else if (request.kind === 'fault' && this.faults === undefined) throw request.error;
		else if (request.kind === 'fault') this.faults?.push(request.error);
	}

	#decode(batch: OutgoingBatch): Answer & { groupId: number; to: Endpoint; at: number } {
		const { bytes, lastLength: length, destination: to } = batch;
		const header = decodeHeader(bytes, 0, length);
		if (isMalformed(header)) throw new Error(`the receiver sent a malformed header: ${header.malformed}`);
		if (header.grtt !== 0 || header.groupSize !== 0) throw new Error('receivers send GRTT and group size 0');
		if (batch.count !== 1 || batch.file !== -1) throw new Error('a control message is one datagram without a file');
		const { sequence, groupId } = header;
		return { ...decodeAnswer(header.func, bytes, 16, length - 16, sequence), groupId, to, at: this.now };
	}

	/** Lets time pass, waking the node exactly when it asks for it. */
	advance(ms: number): void {
		const until = this.now + ms;
		for (let steps = 0; ; steps++) {
			if (steps > 100_000) throw new Error('the node asks to be woken without end');
			const next = this.node.pollTimeout();
			if (next > until) break;
			this.now = Math.max(this.now, next);
			this.node.handleTimeout(this.now);
			this.drain();
		}
		this.now = until;
	}

	of<K extends Answer['kind']>(kind: K): (AnswerOf<K> & { groupId: number; to: Endpoint; at: number })[] {
		return this.answers.filter((answer) => answer.kind === kind) as never;
	}

	eventsOf<K extends ReceiverEvent['kind']>(kind: K): Extract<ReceiverEvent, { kind: K }>[] {
		return this.events.filter((event) => event.kind === kind) as never;
	}

	/** Forgets what has been answered so far. */
	clear(): void {
		this.answers.length = 0;
		this.events.length = 0;
		this.requests.length = 0;
	}
}

function decodeAnswer(func: number, bytes: Uint8Array, at: number, length: number, sequence: number): Answer {
	const read = <T extends object>(message: T | Malformed): T => {
		if (isMalformed(message)) throw new Error(`the receiver sent a malformed message ${func}: ${message.malformed}`);
		return message;
	};
	switch (func) {
		case MessageType.REGISTER:
			return { kind: 'register', sequence, message: read(decodeRegister(bytes, at, length)) };
		case MessageType.FILEINFO_ACK: {
			const { fileId, partial: isPartial, timestamp } = read(decodeFileInfoAck(bytes, at, length));
			return { kind: 'fileInfoAck', sequence, fileId, isPartial, timestamp };
		}
		case MessageType.STATUS: {
			const { fileId, section, bitmap, bitmapAt, bitmapBytes } = read(decodeStatus(bytes, at, length));
			const naks: number[] = [];
			for (let i = 0; i < bitmapBytes * 8; i++) if (isNak(bitmap, bitmapAt, i)) naks.push(i);
			return { kind: 'status', sequence, fileId, section, bitmapBytes, naks };
		}
		case MessageType.COMPLETE: {
			const { fileId, status, freeSpaceBytes } = read(decodeComplete(bytes, at, length));
			return { kind: 'complete', sequence, fileId, status, freeSpaceBytes };
		}
		case MessageType.CC_ACK:
			return { kind: 'ccAck', sequence, report: read(decodeCcAck(bytes, at, length)).tfmccAck };
		case MessageType.ABORT:
			return { kind: 'abort', sequence, message: read(decodeAbort(bytes, at, length)).message };
	}
	throw new Error(`receivers do not send function ${func}`);
}

/** What a scripted sender says; every call gives one datagram. */
export class ScriptedSender {
	sequence = 0;
	grttMs = GRTT_MS;
	groupSize = 0x18;
	readonly groupId: number;
	readonly sourceId: number;
	readonly blockBytes: number;
	groupInstance = 0;

	constructor(options: { groupId?: number; sourceId?: number; blockBytes?: number } = {}) {
		this.groupId = options.groupId ?? GROUP_ID;
		this.sourceId = options.sourceId ?? SENDER_ID;
		this.blockBytes = options.blockBytes ?? 512;
	}

	#message(func: number, encode: (bytes: Uint8Array, at: number) => number): Uint8Array {
		const bytes = new Uint8Array(9000);
		writeHeader(bytes, 0, {
			func: func as MessageType,
			sequence: this.sequence,
			sourceId: this.sourceId,
			groupId: this.groupId,
			groupInstance: this.groupInstance,
			grtt: encodeRtt(this.grttMs / 1000),
			groupSize: this.groupSize,
		});
		this.sequence = (this.sequence + 1) & 0xffff;
		return bytes.slice(0, 16 + encode(bytes, 16));
	}

	announce(options: Partial<Announce> = {}): Uint8Array {
		const announce: Announce = {
			sync: false,
			preview: false,
			family: 4,
			robust: 20,
			ccType: 0,
			blockBytes: this.blockBytes,
			timestamp: { seconds: 1000, microseconds: 250_000 },
			publicAddress: '230.4.4.1',
			privateAddress: '230.5.5.9',
			ids: [],
			...options,
		};
		return this.#message(MessageType.ANNOUNCE, (bytes, at) => encodeAnnounce(bytes, at, announce));
	}

	regConf(ids = [RECEIVER_ID]): Uint8Array {
		return this.#message(MessageType.REG_CONF, (bytes, at) => encodeRegConf(bytes, at, { ids }));
	}

	fileInfo(options: Partial<FileInfo> = {}): Uint8Array {
		const info: FileInfo = {
			fileId: 1,
			type: 0,
			name: 'file.bin',
			link: '',
			size: 0,
			modifiedSeconds: 1_600_000_000,
			timestamp: { seconds: 2000, microseconds: 0 },
			ids: [RECEIVER_ID],
			...options,
		};
		return this.#message(MessageType.FILEINFO, (bytes, at) => encodeFileInfo(bytes, at, info));
	}

	done(fileId: number, section: number, ids: readonly number[] = [RECEIVER_ID]): Uint8Array {
		return this.#message(MessageType.DONE, (bytes, at) => encodeDone(bytes, at, { fileId, section, ids }));
	}

	doneConf(ids = [RECEIVER_ID]): Uint8Array {
		return this.#message(MessageType.DONE_CONF, (bytes, at) => encodeDoneConf(bytes, at, { ids }));
	}

	abort(message: string, host = 0, currentFileOnly = false): Uint8Array {
		return this.#message(MessageType.ABORT, (bytes, at) => encodeAbort(bytes, at, { host, currentFileOnly, message }));
	}

	/** A data packet; `payload` is its whole payload. */
	block(fileId: number, section: number, block: number, payload: Uint8Array): Uint8Array {
		return this.#message(MessageType.FILESEG, (bytes, at) => {
			writeFileSegHeader(bytes, at, fileId, section, block);
			bytes.set(payload, at + 8);
			return 8 + payload.length;
		});
	}

	congCtrl(options: Partial<CongCtrl> = {}): Uint8Array {
		const message = { ccSequence: 0, ccRateCode: 0x481e, timestamp: { seconds: 3000, microseconds: 0 }, items: [] };
		return this.#message(MessageType.CONG_CTRL, (bytes, at) => encodeCongCtrl(bytes, at, { ...message, ...options }));
	}

	/** A data packet of a congestion-controlled session. */
	ccBlock(fileId: number, section: number, block: number, payload: Uint8Array, tfmccData: TfmccDataInfo): Uint8Array {
		const data = { bytes: payload, at: 0, length: payload.length };
		return this.#message(MessageType.FILESEG, (bytes, at) =>
			encodeFileSeg(bytes, at, { fileId, section, block, tfmccData, data }),
		);
	}

	/** Block `i` of section `section` of `content`. */
	blockOf(fileId: number, content: Uint8Array, section: number, i: number): Uint8Array {
		const map = SectionMap.of(content.length, this.blockBytes);
		if (typeof map === 'string') throw new Error(map);
		const from = map.blockOffset(section, i);
		return this.block(fileId, section, i, content.subarray(from, from + map.blockLength(section, i)));
	}
}

/** Bytes that differ from block to block. */
export function contentOf(size: number, salt = 0): Uint8Array {
	return Uint8Array.from({ length: size }, (_, i) => (i * 31 + (i >> 9) * 7 + salt) & 0xff);
}

/** A node that has joined and is confirmed, and its sender. */
export function joined(
	config: Partial<ReceiverConfig> = {},
	sender: { groupId?: number; sourceId?: number; blockBytes?: number } = {},
): { shell: ShellUnderTest; sender: ScriptedSender } {
	const shell = new ShellUnderTest(config);
	const script = new ScriptedSender(sender);
	shell.deliver(script.announce());
	shell.deliver(script.regConf());
	shell.clear();
	return { shell, sender: script };
}

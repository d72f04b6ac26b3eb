/** A sender session with receivers played by the test: each message is written out with the wire's encoders. */

import {
	type CommonHeader,
	type CongCtrlItem,
	decodeDatagram,
	EMPTY_SPAN,
	encodeAbort,
	encodeCcAck,
	encodeComplete,
	encodeFileInfoAck,
	encodeRegister,
	encodeStatus,
	HEADER_BYTES,
	isMalformed,
	MessageType,
	statusBitmapBytes,
	type TfmccAckInfo,
	type TfmccDataInfo,
	type Timestamp,
	writeHeader,
} from '@uftp/wire';
import {
	type CatalogueEntry,
	type Endpoint,
	FileType,
	makeBatch,
	SENDER_DEFAULTS,
	type SenderConfig,
	type SenderEvent,
	type SenderRequest,
	SingleArrival,
} from '../../src/index.ts';
import { SenderSession } from '../../src/sender/index.ts';
import { writeOwnMarker } from '../../src/shared/own-marker.ts';

export const GROUP = 0x11223344;
export const EPOCH_MS = 1_700_000_000_000;

export function entry(name: string, size: number, type: FileType = FileType.Regular): CatalogueEntry {
	return { name, size, type, modifiedSeconds: 1_000_000_000, link: type === FileType.SymbolicLink ? 'target' : '' };
}

export function config(changes: Partial<SenderConfig> = {}): SenderConfig {
	return {
		groupId: GROUP,
		groupInstance: 0,
		sourceId: 0x0a000001,
		family: 4,
		publicEndpoint: { host: '230.4.4.1', port: 1044 },
		privateEndpoint: { host: '230.5.5.5', port: 1044 },
		isUnicast: false,
		...SENDER_DEFAULTS,
		rateBytesPerSecond: 100e6,
		targets: [],
		proxies: [],
		expected: [],
		openPolicy: 'full',
		quitOnError: false,
		epochMs: EPOCH_MS,
		seed: 1,
		...changes,
	};
}

/** The fields that the tests look at, of whatever message they know it to be. */
interface Fields {
	readonly ids: readonly number[];
	readonly fileId: number;
	readonly section: number;
	readonly block: number;
	readonly name: string;
	readonly host: number;
	readonly message: string;
	readonly ccType: number;
	readonly ccSequence: number;
	readonly items: readonly CongCtrlItem[];
	readonly tfmccData: TfmccDataInfo | undefined;
}

export interface Sent {
	readonly at: number;
	readonly func: number;
	readonly message: Fields;
	readonly header: CommonHeader;
	readonly destination: Endpoint;
}

export class Stage {
	now = 0;
	readonly session: SenderSession;
	readonly events: SenderEvent[] = [];
	readonly requests: SenderRequest[] = [];
	readonly sent: Sent[] = [];
	/** Files that cannot be opened, with the reason. */
	readonly unavailable = new Map<number, string>();
	readonly #batch = makeBatch();

	constructor(changes: Partial<SenderConfig>, catalogue: readonly CatalogueEntry[]) {
		this.session = new SenderSession(config(changes), catalogue, 0);
		this.drain();
	}

	drain(): void {
		const { session } = this;
		for (let isDrained = false; !isDrained; ) {
			for (let ask = session.pollRequest(); ask !== undefined; ask = session.pollRequest()) this.#act(ask);
			for (let event = session.pollEvent(); event !== undefined; event = session.pollEvent()) this.events.push(event);
			isDrained = !session.pollTransmit(this.now, this.#batch);
			if (!isDrained) this.#record();
		}
	}

	/** Lets time pass. */
	run(ms: number): void {
		const end = this.now + ms;
		while (this.session.pollTimeout() <= end) {
			this.now = Math.max(this.now, this.session.pollTimeout());
			this.session.handleTimeout(this.now);
			this.drain();
		}
		this.now = end;
	}

	give(from: Endpoint, bytes: Uint8Array): void {
		this.session.handle(this.now, new SingleArrival(from, bytes));
		this.drain();
	}

	of(func: number): Sent[] {
		return this.sent.filter((sent) => sent.func === func);
	}

	kinds<K extends SenderEvent['kind']>(kind: K): Extract<SenderEvent, { kind: K }>[] {
		return this.events.filter((event) => event.kind === kind) as Extract<SenderEvent, { kind: K }>[];
	}

	#act(request: SenderRequest): void {
		this.requests.push(request);
		if (request.kind !== 'openFile') return;
		const reason = this.unavailable.get(request.file);
		if (reason === undefined) this.session.fileOpened(this.now, request.file);
		else this.session.fileUnavailable(this.now, request.file, reason);
	}

	#record(): void {
		const { bytes, count, stride, lastLength, destination } = this.#batch;
		for (let i = 0; i < count; i++) {
			const length = i === count - 1 ? lastLength : stride;
			const decoded = decodeDatagram(bytes.slice(i * stride, i * stride + length), 0, length);
			if (isMalformed(decoded)) throw new Error(`the sender sent a datagram that is ${decoded.malformed}`);
			const { header, content } = decoded;
			this.sent.push({
				at: this.now,
				func: header.func,
				header,
				message: content.message as unknown as Fields,
				destination,
			});
		}
	}
}

/** A receiver that the test plays. */
export class Actor {
	readonly id: number;
	from: Endpoint;
	readonly #stage: Stage;
	readonly #instance: readonly [number, number] | undefined;

	constructor(stage: Stage, id: number, host: string, instance?: readonly [number, number], port = 1044) {
		this.#stage = stage;
		this.id = id;
		this.from = { host, port };
		this.#instance = instance;
	}

	/** With the timestamp of a message that came `rttMs` ago, or with the first one. */
	register(rttMs = Math.min(2, this.#stage.now)): void {
		this.#stage.give(this.from, this.registerDatagram(rttMs));
	}

	registerDatagram(rttMs = 0): Uint8Array {
		const rand2 = new Uint8Array(32);
		if (this.#instance !== undefined) writeOwnMarker(rand2, this.#instance);
		const timestamp = stamp(this.#stage.now - rttMs);
		return this.datagram(MessageType.REGISTER, (bytes, at) =>
			encodeRegister(bytes, at, { timestamp, rand2, keyInfo: EMPTY_SPAN, ids: [] }),
		);
	}

	acknowledge(fileId: number, rttMs = 0, partial = false): void {
		const timestamp = stamp(this.#stage.now - rttMs);
		this.#say(MessageType.FILEINFO_ACK, (bytes, at) =>
			encodeFileInfoAck(bytes, at, { fileId, partial, timestamp, ids: [] }),
		);
	}

	nak(fileId: number, section: number, blocks: readonly number[], blocksInSection: number): void {
		const bitmap = new Uint8Array(statusBitmapBytes(blocksInSection));
		for (const block of blocks) bitmap[block >> 3] |= 1 << (block & 7);
		this.#say(MessageType.STATUS, (bytes, at) =>
			encodeStatus(bytes, at, { fileId, section, bitmap, bitmapAt: 0, bitmapBytes: bitmap.length }),
		);
	}

	complete(fileId: number, status = 0): void {
		this.#say(MessageType.COMPLETE, (bytes, at) => encodeComplete(bytes, at, { fileId, status, ids: [] }));
	}

	report(info: Partial<TfmccAckInfo>, rttMs = 2): void {
		const timestamp = stamp(this.#stage.now - rttMs);
		const common = { flags: 0, ccSequence: 0, ccRateCode: 0, clientId: this.id, timestamp };
		this.#say(MessageType.CC_ACK, (bytes, at) => encodeCcAck(bytes, at, { tfmccAck: { ...common, ...info } }));
	}

	abort(message: string): void {
		this.#say(MessageType.ABORT, (bytes, at) => encodeAbort(bytes, at, { currentFileOnly: false, host: 0, message }));
	}

	datagram(func: number, encode: (bytes: Uint8Array, at: number) => number): Uint8Array {
		const bytes = new Uint8Array(2000);
		const length = HEADER_BYTES + encode(bytes, HEADER_BYTES);
		writeHeader(bytes, 0, {
			func: func as MessageType,
			sequence: 0,
			sourceId: this.id,
			groupId: GROUP,
			groupInstance: 0,
			grtt: 0,
			groupSize: 0,
		});
		return bytes.slice(0, length);
	}

	#say(func: number, encode: (bytes: Uint8Array, at: number) => number): void {
		this.#stage.give(this.from, this.datagram(func, encode));
	}
}

/** Lets the time of a session pass, at most `ms`, in which one receiver answers whatever it is asked, and gets all blocks. */
export function runAnswering(stage: Stage, actor: Actor, ms: number): void {
	const end = stage.now + ms;
	let next = 0;
	while (stage.now < end && stage.session.end === undefined) {
		for (; next < stage.sent.length; next++) {
			const { func, message } = stage.sent[next];
			if (func !== MessageType.FILEINFO && func !== MessageType.DONE) continue;
			if (!message.ids.includes(actor.id)) continue;
			if (func === MessageType.FILEINFO) actor.acknowledge(message.fileId, 1);
			else actor.complete(message.fileId);
		}
		stage.run(2);
	}
}

export function stamp(now: number): Timestamp {
	const ms = EPOCH_MS + now;
	return { seconds: Math.floor(ms / 1000), microseconds: Math.round((ms % 1000) * 1000) };
}

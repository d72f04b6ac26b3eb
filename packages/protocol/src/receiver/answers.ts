/** What a receiver sends: small messages that wait for a poll and are encoded when their turn comes. */
import {
	type ClientKey,
	emptyHeader,
	encodeAbort,
	encodeCcAck,
	encodeClientKey,
	encodeComplete,
	encodeFileInfoAck,
	encodeKeyInfoAck,
	encodeRegister,
	HEADER_BYTES,
	MESSAGE_TRAITS,
	MessageType,
	type Span,
	StatusLayout,
	statusBitmapBytes,
	writeHeader,
} from '@uftp/wire';
import { assert } from '../assert.ts';
import { ANSWERS_MAX } from '../limits.ts';
import type { CompleteStatus, Endpoint, OutgoingBatch } from '../ports.ts';
import { advance, type HeldTimestamp } from '../shared/held-timestamp.ts';
import type { SessionSecurity } from '../shared/security/session-security.ts';
import { nextSequence } from '../shared/sequence.ts';
import type { CongestionReport } from './congestion.ts';
import type { Counters } from './counters.ts';
import type { ReceivedBlocks } from './files/received-blocks.ts';

/** Which session an answer belongs to and where it goes: outlives the session for late answers. */
export interface SessionLink {
	readonly groupId: number;
	readonly groupInstance: number;
	readonly senderId: number;
	/** Where the ANNOUNCE came from. */
	readonly sender: Endpoint;
	/** The response proxy that takes the answers; undefined: the sender does. */
	proxy: Endpoint | undefined;
	/** Sequence number of the next message to this sender. */
	sequence: number;
	/** The keys of an encrypted session. */
	readonly security: SessionSecurity | undefined;
}

export type Answer =
	| {
			readonly kind: 'register';
			readonly announced: HeldTimestamp;
			readonly rand2: Uint8Array;
			readonly keyInfo: Span;
	  }
	| { readonly kind: 'clientKey'; readonly message: ClientKey }
	| { readonly kind: 'keyInfoAck'; readonly verifyData: Uint8Array }
	| {
			readonly kind: 'fileInfoAck';
			readonly fileId: number;
			/** Part of the file is here already: only what is missing has to be sent. */
			readonly isPartial: boolean;
			readonly described: HeldTimestamp;
	  }
	| { readonly kind: 'status'; readonly fileId: number; readonly section: number; readonly ledger: ReceivedBlocks }
	| {
			readonly kind: 'complete';
			readonly fileId: number;
			readonly status: CompleteStatus;
			readonly freeSpaceBytes?: number | undefined;
	  }
	| { readonly kind: 'ccAck'; readonly report: CongestionReport }
	| { readonly kind: 'abort'; readonly reason: string };

const FUNCTIONS = {
	register: MessageType.REGISTER,
	clientKey: MessageType.CLIENT_KEY,
	keyInfoAck: MessageType.KEYINFO_ACK,
	fileInfoAck: MessageType.FILEINFO_ACK,
	status: MessageType.STATUS,
	complete: MessageType.COMPLETE,
	ccAck: MessageType.CC_ACK,
	abort: MessageType.ABORT,
} as const;

/** How many of the latest answers are compared with a new one. */
const REPEATS_LOOKED_AT = 16;

export class AnswerQueue {
	readonly #receiverId: number;
	readonly #counters: Counters;
	#queue: { readonly link: SessionLink; readonly answer: Answer }[] = [];
	/** Entries before this one have been sent. */
	#next = 0;
	readonly #header = emptyHeader();
	/** Of the answer that was composed last, or is being composed. */
	composing: SessionLink | undefined;

	constructor(receiverId: number, counters: Counters) {
		this.#receiverId = receiverId;
		this.#counters = counters;
	}

	push(link: SessionLink, answer: Answer): void {
		if (this.#isQueued(link, answer)) return;
		if (this.#queue.length - this.#next >= ANSWERS_MAX) this.#counters.drop('queue-full');
		else this.#queue.push({ link, answer });
	}

	/** After a burst of repeated requests one answer is enough. */
	#isQueued(link: SessionLink, answer: Answer): boolean {
		if (answer.kind !== 'complete' && answer.kind !== 'fileInfoAck') return false;
		const oldest = Math.max(this.#next, this.#queue.length - REPEATS_LOOKED_AT);
		for (let i = this.#queue.length - 1; i >= oldest; i--) {
			const queued = this.#queue[i];
			if (queued.link !== link || queued.answer.kind !== answer.kind) continue;
			if (queued.answer.fileId === answer.fileId) return true;
		}
		return false;
	}

	/** Composes the oldest answer into the batch; false when none is left. */
	poll(now: number, batch: OutgoingBatch): boolean {
		while (this.#next < this.#queue.length) {
			assert(this.#queue.length - this.#next <= ANSWERS_MAX, 'the queue of answers is bounded');
			const { link, answer } = this.#queue[this.#next++];
			this.composing = link;
			if (this.#next === this.#queue.length) {
				this.#queue = [];
				this.#next = 0;
			}
			// With the group key everything is sealed but what led to it.
			const isClear = MESSAGE_TRAITS[FUNCTIONS[answer.kind]].encryption === 'never';
			const sealer = isClear ? undefined : link.security?.sealer;
			const bodyAt = sealer?.plainOffset ?? HEADER_BYTES;
			const bodyBytes = this.#encode(now, answer, batch.bytes, bodyAt);
			assert(bodyBytes >= 0 && bodyAt + bodyBytes <= batch.bytes.length, 'an answer fits the batch');
			if (bodyBytes === 0) continue;
			const header = this.#header;
			header.func = FUNCTIONS[answer.kind];
			header.sequence = link.sequence;
			header.sourceId = this.#receiverId;
			header.groupId = link.groupId;
			header.groupInstance = link.groupInstance;
			writeHeader(batch.bytes, 0, header);
			link.sequence = nextSequence(link.sequence);
			batch.count = 1;
			const length = sealer?.seal(batch.bytes, 0, bodyBytes) ?? bodyAt + bodyBytes;
			assert(length > HEADER_BYTES && length <= batch.bytes.length, 'a datagram fits the batch');
			batch.stride = length;
			batch.lastLength = length;
			batch.file = -1;
			batch.destination = link.proxy ?? link.sender;
			this.#counters.answersSent++;
			return true;
		}
		return false;
	}

	/** Writes what follows the common header, at `at`, and returns its length; 0 when there is nothing to say any more. */
	#encode(now: number, answer: Answer, bytes: Uint8Array, at: number): number {
		switch (answer.kind) {
			case 'register':
				return encodeRegister(bytes, at, {
					timestamp: advance(answer.announced, now),
					rand2: answer.rand2,
					keyInfo: answer.keyInfo,
					ids: [],
				});
			case 'clientKey':
				return encodeClientKey(bytes, at, answer.message);
			case 'keyInfoAck':
				return encodeKeyInfoAck(bytes, at, answer);
			case 'fileInfoAck':
				return encodeFileInfoAck(bytes, at, {
					fileId: answer.fileId,
					partial: answer.isPartial,
					timestamp: advance(answer.described, now),
					ids: [],
				});
			case 'status':
				return this.#encodeStatus(answer.fileId, answer.section, answer.ledger, bytes, at);
			case 'complete': {
				const { fileId, status, freeSpaceBytes } = answer;
				const freeSpace = freeSpaceBytes === undefined ? {} : { freeSpaceBytes };
				return encodeComplete(bytes, at, { fileId, status, ...freeSpace, ids: [] });
			}
			case 'ccAck': {
				const { echoed, ...report } = answer.report;
				const timestamp = advance(echoed, now);
				return encodeCcAck(bytes, at, { tfmccAck: { ...report, clientId: this.#receiverId, timestamp } });
			}
			case 'abort':
				return encodeAbort(bytes, at, { currentFileOnly: false, host: 0, message: answer.reason });
		}
	}

	/** The bitmap goes from the ledger straight into the batch, as it is now: late blocks are not asked for. */
	#encodeStatus(fileId: number, section: number, ledger: ReceivedBlocks, bytes: Uint8Array, at: number): number {
		const bitmapAt = at + StatusLayout.size;
		const bitmapBytes = statusBitmapBytes(ledger.map.blocksIn(section));
		assert(bitmapAt + bitmapBytes <= bytes.length, 'the batch has no room for a STATUS');
		const missing = ledger.writeNaks(section, bytes, bitmapAt);
		if (missing === 0) return 0;
		const headerWords = StatusLayout.size / 4;
		StatusLayout.encode(bytes, at, { func: MessageType.STATUS, headerWords, fileId, section });
		assert(missing <= ledger.map.blocksIn(section), 'no more blocks are missing than there are');
		this.#counters.statusesSent++;
		this.#counters.naksSent += missing;
		return StatusLayout.size + bitmapBytes;
	}
}

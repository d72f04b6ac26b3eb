/**
 * Answers of receivers that wait for others of the same kind, to go to the sender in one message (docs/protocol.md,
 * section 12.4). Each kind of message about one thing has one place; bitmaps of missing blocks are merged.
 */
import { type Complete, copyBytes, type Status } from '@uftp/wire';
import { assert } from '../../assert.ts';
import type { HeldTimestamp } from '../../shared/held-timestamp.ts';
import { NEVER } from '../../timers.ts';

export type PendingKind = 'register' | 'fileInfoAck' | 'status' | 'complete';

/** Answers that will be one message. */
export interface PendingAnswer {
	readonly kind: PendingKind;
	readonly fileId: number;
	readonly section: number;
	readonly status: number;
	/** REGISTER: whether all its receivers carry the capability tag of this implementation. */
	readonly isExtended: boolean;
	readonly freeSpaceBytes: number | undefined;
	/** What the first one echoed. */
	readonly echoed: HeldTimestamp | undefined;
	readonly firstAt: number;
	dueAt: number;
	/** Receivers that it speaks for, each once. */
	readonly ids: Set<number>;
	/** FILEINFO_ACK: all of them have part of the file. */
	isPartial: boolean;
	bitmap: Uint8Array;
	bitmapBytes: number;
}

interface Subject {
	readonly kind: PendingKind;
	readonly fileId?: number;
	readonly section?: number;
	readonly status?: number;
	readonly isExtended?: boolean;
	readonly freeSpaceBytes?: number | undefined;
	readonly echoed?: HeldTimestamp | undefined;
}

/** A message that would be one too many makes others leave early. */
export interface PendingLimits {
	/** Receivers that one message names. */
	readonly idsMax: number;
	readonly placesMax: number;
	readonly bitmapBytesMax: number;
}

/** Whose answer it is, when it came, and how long it may wait for others (ms). */
export interface PendingOf {
	readonly now: number;
	readonly holdMs: number;
	readonly id: number;
}

export interface PendingFileInfoAck {
	readonly fileId: number;
	readonly isPartial: boolean;
	readonly echoed: HeldTimestamp;
}

export type PendingComplete = Pick<Complete, 'fileId' | 'status' | 'freeSpaceBytes'>;

const NO_BITMAP = new Uint8Array(0);

export class PendingAnswers {
	readonly #limits: PendingLimits;
	/** In the order in which their first answers came. */
	readonly #places: PendingAnswer[] = [];
	/** Those that more answers may join, by what they are about. */
	readonly #open = new Map<number, PendingAnswer>();
	#bitmapBytes = 0;
	#deadline = NEVER;

	constructor(limits: PendingLimits) {
		this.#limits = limits;
	}

	addRegister(of: PendingOf, isExtended: boolean, echoed: HeldTimestamp): void {
		this.#add(of, { kind: 'register', isExtended, echoed });
	}

	addFileInfoAck(of: PendingOf, { fileId, isPartial, echoed }: PendingFileInfoAck): void {
		const place = this.#add(of, { kind: 'fileInfoAck', fileId, echoed });
		place.isPartial &&= isPartial;
	}

	/** Free space differs from receiver to receiver: such an answer waits for no other. */
	addComplete(of: PendingOf, { fileId, status, freeSpaceBytes }: PendingComplete): void {
		if (freeSpaceBytes === undefined) this.#add(of, { kind: 'complete', fileId, status });
		else this.#add({ ...of, holdMs: 0 }, { kind: 'complete', fileId, status, freeSpaceBytes });
	}

	/** The bitmap becomes as long as the longest of those that it is made of: shorter ones are refused by senders. */
	addStatus(of: PendingOf, status: Status): void {
		const { fileId, section, bitmap, bitmapAt, bitmapBytes } = status;
		assert(bitmapBytes > 0 && bitmapAt + bitmapBytes <= bitmap.length, 'a bitmap lies within its datagram');
		const place = this.#add(of, { kind: 'status', fileId, section });
		if (place.bitmapBytes < bitmapBytes) {
			const longer = new Uint8Array(bitmapBytes);
			copyBytes(place.bitmap, 0, longer, 0, place.bitmapBytes);
			this.#bitmapBytes += bitmapBytes - place.bitmapBytes;
			place.bitmap = longer;
			place.bitmapBytes = bitmapBytes;
		}
		for (let i = 0; i < bitmapBytes; i++) place.bitmap[i] |= bitmap[bitmapAt + i];
		if (this.#bitmapBytes > this.#limits.bitmapBytesMax) this.release(of.now);
	}

	#add({ now, holdMs, id }: PendingOf, subject: Subject): PendingAnswer {
		assert(holdMs >= 0, 'an answer is not due before it came');
		const key = subject.freeSpaceBytes === undefined ? keyOf(subject) : undefined;
		let place = key === undefined ? undefined : this.#open.get(key);
		if (place === undefined) {
			if (this.#places.length >= this.#limits.placesMax) this.#makeDue(this.#places[0], now);
			place = emptyPlace(now, now + holdMs, subject);
			this.#places.push(place);
			if (key !== undefined) this.#open.set(key, place);
			this.#deadline = Math.min(this.#deadline, place.dueAt);
		}
		place.ids.add(id);
		// A STATUS names nobody, so it is never full.
		if (subject.kind !== 'status' && place.ids.size >= this.#limits.idsMax) {
			// What comes now begins another message.
			if (key !== undefined) this.#open.delete(key);
			this.#makeDue(place, now);
		}
		assert(this.#open.size <= this.#places.length, 'what more answers may join is waiting');
		return place;
	}

	#makeDue(place: PendingAnswer, now: number): void {
		place.dueAt = Math.min(place.dueAt, now);
		this.#deadline = Math.min(this.#deadline, place.dueAt);
	}

	/** Nobody is waited for any longer. */
	release(now: number): void {
		for (const place of this.#places) this.#makeDue(place, now);
	}

	/** How many receivers have said `kind` about the file, in messages that still wait. */
	count(kind: PendingKind, fileId: number): number {
		let ids = 0;
		for (const place of this.#places) if (place.kind === kind && place.fileId === fileId) ids += place.ids.size;
		return ids;
	}

	/** When the next message is due; `NEVER` if none waits. */
	get deadline(): number {
		return this.#deadline;
	}

	/** Takes out the oldest message that is due; undefined if there is none. */
	takeDue(now: number): PendingAnswer | undefined {
		if (this.#deadline > now) return undefined;
		const index = this.#places.findIndex(({ dueAt }) => dueAt <= now);
		const [place] = index < 0 ? [] : this.#places.splice(index, 1);
		this.#deadline = NEVER;
		for (const { dueAt } of this.#places) this.#deadline = Math.min(this.#deadline, dueAt);
		if (place === undefined) return undefined;
		this.#bitmapBytes -= place.bitmapBytes;
		assert(this.#bitmapBytes >= 0, 'bitmaps are counted once');
		assert(place.ids.size > 0, 'a message speaks for somebody');
		const key = keyOf(place);
		if (this.#open.get(key) === place) this.#open.delete(key);
		return place;
	}
}

const KINDS: readonly PendingKind[] = ['register', 'fileInfoAck', 'status', 'complete'];

/** A number for what the message is about; free space apart. */
function keyOf({ kind, fileId = 0, section = 0, status = 0, isExtended = false }: Subject): number {
	const what = ((KINDS.indexOf(kind) * 2 + (isExtended ? 1 : 0)) * 0x100 + status) * 0x1_0000;
	return (what + fileId) * 0x1_0000 + section;
}

function emptyPlace(firstAt: number, dueAt: number, subject: Subject): PendingAnswer {
	return {
		fileId: 0,
		section: 0,
		status: 0,
		isExtended: false,
		freeSpaceBytes: undefined,
		echoed: undefined,
		...subject,
		firstAt,
		dueAt,
		ids: new Set(),
		isPartial: true,
		bitmap: NO_BITMAP,
		bitmapBytes: 0,
	};
}

/**
 * Answers of receivers that wait for others of the same kind, to go to the sender in one message (wire facts, section
 * 15). Each kind of message about one thing has one place; bitmaps of missing blocks are merged.
 */
import { copyBytes, type Status } from '@uftp/wire';
import type { HeldTimestamp } from '../../receiver/answers.ts';
import { NEVER } from '../../timers.ts';

export type PendingKind = 'register' | 'fileInfoAck' | 'status' | 'complete';

/** Answers that will be one message. */
export interface PendingAnswer {
	readonly kind: PendingKind;
	readonly fileId: number;
	readonly section: number;
	readonly status: number;
	/** REGISTER: whether all its receivers bear our mark. */
	readonly isOurs: boolean;
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

type Subject = Pick<PendingAnswer, 'kind'> &
	Partial<Pick<PendingAnswer, 'fileId' | 'section' | 'status' | 'isOurs' | 'freeSpaceBytes' | 'echoed'>>;

const NO_BITMAP = new Uint8Array(0);

export class PendingAnswers {
	readonly #idsMax: number;
	readonly #placesMax: number;
	/** In the order in which their first answers came. */
	readonly #places: PendingAnswer[] = [];

	/** `idsMax` receivers fit one message; `placesMax` messages wait at the same time. */
	constructor(idsMax: number, placesMax: number) {
		this.#idsMax = idsMax;
		this.#placesMax = placesMax;
	}

	addRegister(now: number, holdMs: number, id: number, isOurs: boolean, echoed: HeldTimestamp): void {
		this.#add(now, holdMs, id, { kind: 'register', isOurs, echoed });
	}

	addFileInfoAck(
		now: number,
		holdMs: number,
		id: number,
		fileId: number,
		isPartial: boolean,
		echoed: HeldTimestamp,
	): void {
		const place = this.#add(now, holdMs, id, { kind: 'fileInfoAck', fileId, echoed });
		place.isPartial &&= isPartial;
	}

	addComplete(now: number, holdMs: number, id: number, fileId: number, status: number): void {
		this.#add(now, holdMs, id, { kind: 'complete', fileId, status });
	}

	/** Free space differs from receiver to receiver: such an answer waits for no other. */
	addFreeSpace(now: number, id: number, fileId: number, status: number, freeSpaceBytes: number): void {
		this.#add(now, 0, id, { kind: 'complete', fileId, status, freeSpaceBytes });
	}

	/** The bitmap becomes as long as the longest of those that it is made of: shorter ones are refused by senders. */
	addStatus(now: number, holdMs: number, id: number, status: Status): void {
		const { fileId, section, bitmap, bitmapAt, bitmapBytes } = status;
		const place = this.#add(now, holdMs, id, { kind: 'status', fileId, section });
		if (place.bitmapBytes < bitmapBytes) {
			const longer = new Uint8Array(bitmapBytes);
			copyBytes(place.bitmap, 0, longer, 0, place.bitmapBytes);
			place.bitmap = longer;
			place.bitmapBytes = bitmapBytes;
		}
		for (let i = 0; i < bitmapBytes; i++) place.bitmap[i] |= bitmap[bitmapAt + i];
	}

	#add(now: number, holdMs: number, id: number, subject: Subject): PendingAnswer {
		let place = this.#places.find((one) => isSameSubject(one, subject) && one.ids.size < this.#idsMax);
		if (place === undefined) {
			if (this.#places.length >= this.#placesMax) this.#places[0].dueAt = now;
			place = emptyPlace(now, now + holdMs, subject);
			this.#places.push(place);
		}
		place.ids.add(id);
		if (place.ids.size >= this.#idsMax) place.dueAt = now;
		return place;
	}

	/** Nobody is waited for any longer. */
	release(now: number): void {
		for (const place of this.#places) place.dueAt = Math.min(place.dueAt, now);
	}

	/** How many receivers have said `kind` about the file, in messages that still wait. */
	count(kind: PendingKind, fileId: number): number {
		let ids = 0;
		for (const place of this.#places) if (place.kind === kind && place.fileId === fileId) ids += place.ids.size;
		return ids;
	}

	/** When the next message is due; `NEVER` if none waits. */
	get deadline(): number {
		let earliest = NEVER;
		for (const { dueAt } of this.#places) earliest = Math.min(earliest, dueAt);
		return earliest;
	}

	/** Takes out the oldest message that is due; undefined if there is none. */
	takeDue(now: number): PendingAnswer | undefined {
		const index = this.#places.findIndex(({ dueAt }) => dueAt <= now);
		return index < 0 ? undefined : this.#places.splice(index, 1)[0];
	}
}

function isSameSubject(place: PendingAnswer, { kind, fileId = 0, section = 0, ...rest }: Subject): boolean {
	if (place.kind !== kind || place.fileId !== fileId || place.section !== section) return false;
	if (place.freeSpaceBytes !== undefined || rest.freeSpaceBytes !== undefined) return false;
	return place.status === (rest.status ?? 0) && place.isOurs === (rest.isOurs ?? false);
}

function emptyPlace(firstAt: number, dueAt: number, subject: Subject): PendingAnswer {
	return {
		fileId: 0,
		section: 0,
		status: 0,
		isOurs: false,
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

/** Control messages that wait to be sent: each knows how to encode itself when its turn comes. */

import { MESSAGE_TRAITS, type MessageType } from '@uftp/wire';
import { OUTBOX_MAX } from '../limits.ts';
import type { Endpoint } from '../ports.ts';
import type { Encode } from '../shared/encode.ts';

export interface QueuedMessage {
	readonly func: MessageType;
	readonly destination: Endpoint;
	readonly encode: Encode;
	/** Stays in the clear in an encrypted session. */
	readonly isClear: boolean;
	/** Signs the whole datagram once it is composed. */
	readonly sign?: (bytes: Uint8Array, length: number) => void;
	/** Part of a list over several packets: leaves at the session's rate, as the blocks do. */
	readonly isPaced: boolean;
	/** The group size byte is sent as 0 (the first announcement of an open group). */
	readonly hidesGroupSize: boolean;
}

type QueueOptions = Partial<Pick<QueuedMessage, 'isClear' | 'sign' | 'isPaced' | 'hidesGroupSize'>>;

export class Outbox {
	readonly #queue: QueuedMessage[] = [];

	/** What is not said is as for most messages: sealed in an encrypted session unless it never is, and not paced. */
	push(func: MessageType, destination: Endpoint, encode: Encode, options: QueueOptions = {}): void {
		if (this.#queue.length >= OUTBOX_MAX) return;
		const isClear = MESSAGE_TRAITS[func].encryption === 'never';
		this.#queue.push({ func, destination, encode, isClear, isPaced: false, hidesGroupSize: false, ...options });
	}

	/** Queues one message per list of ids that fits into a packet: `encode` is given each list. */
	pushList(
		func: MessageType,
		destination: Endpoint,
		ids: readonly number[],
		idsPerPacket: number,
		encode: (ids: readonly number[]) => Encode,
	): void {
		for (let first = 0; first < ids.length; first += idsPerPacket) {
			const part = first === 0 && ids.length <= idsPerPacket ? ids : ids.slice(first, first + idsPerPacket);
			this.push(func, destination, encode(part), { isPaced: ids.length > idsPerPacket });
		}
	}

	peek(): QueuedMessage | undefined {
		return this.#queue[0];
	}

	shift(): void {
		this.#queue.shift();
	}

	get isEmpty(): boolean {
		return this.#queue.length === 0;
	}
}

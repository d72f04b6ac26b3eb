/** Control messages that wait to be sent: each knows how to encode itself when its turn comes. */

import { MESSAGE_TRAITS, type MessageType } from '@uftp/wire';
import { assert } from '../assert.ts';
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

export type QueueOptions = Partial<Pick<QueuedMessage, 'isClear' | 'sign' | 'isPaced' | 'hidesGroupSize'>>;

export class Outbox {
	#queue: QueuedMessage[] = [];
	/** Those before it have been taken. */
	#next = 0;

	/** What is not said is as for most messages: sealed in an encrypted session unless it never is, and not paced. */
	push(func: MessageType, destination: Endpoint, encode: Encode, options: QueueOptions = {}): void {
		if (this.#queue.length - this.#next >= OUTBOX_MAX) return;
		assert(this.#next <= this.#queue.length, 'more messages were taken than there were');
		const isClear = MESSAGE_TRAITS[func].encryption === 'never';
		this.#queue.push({ func, destination, encode, isClear, isPaced: false, hidesGroupSize: false, ...options });
	}

	peek(): QueuedMessage | undefined {
		return this.#queue[this.#next];
	}

	shift(): void {
		assert(this.#next < this.#queue.length, 'a message is taken from an empty outbox');
		this.#next++;
		if (this.#next < this.#queue.length) return;
		this.#queue = [];
		this.#next = 0;
	}

	get isEmpty(): boolean {
		return this.#next === this.#queue.length;
	}
}

/** Gives the group key to the receivers that the sender has confirmed, until they say that they have it. */

import { keyInfoItemsPerMessage, MessageType } from '@uftp/wire';
import { assert } from '../../assert.ts';
import { NEVER } from '../../timers.ts';
import type { RelayContext } from './relay-context.ts';
import type { RelayedReceiver } from './relayed-receivers.ts';

const RESEND_GRTT = 2;

export class KeyDelivery {
	readonly #context: RelayContext;
	deadline = NEVER;

	constructor(context: RelayContext) {
		this.#context = context;
	}

	/** Somebody has been confirmed, or has asked again: it gets the key at once, if it is here. */
	start(now: number, receiver: RelayedReceiver): void {
		receiver.hasGroupKey = false;
		receiver.keyTries = 0;
		this.deadline = now;
	}

	/** The group key is here, or it is another one than before: whoever is confirmed gets it. */
	startAll(now: number): void {
		for (const receiver of this.#context.receivers.all()) {
			receiver.hasGroupKey = false;
			receiver.keyTries = 0;
		}
		this.deadline = now;
	}

	handleTimeout(now: number): void {
		if (now < this.deadline) return;
		this.deadline = NEVER;
		const { security, receivers, terms, grttMs } = this.#context;
		if (security?.hasGroupKey !== true) return;
		const waiting = [...receivers.all()].filter((one) => this.#isWaiting(one));
		assert(
			waiting.every((one) => !one.isUnproven),
			'the group key is for those who have shown theirs',
		);
		const most = keyInfoItemsPerMessage(terms.blockBytes);
		assert(most > 0, 'a KEYINFO has room for a receiver');
		for (let first = 0; first < waiting.length; first += most) {
			const encode = security.keyInfoFor(waiting.slice(first, first + most).map(({ id }) => id));
			this.#context.sendDown(now, MessageType.KEYINFO, encode);
		}
		for (const one of waiting) one.keyTries++;
		if (waiting.length > 0) this.deadline = now + RESEND_GRTT * grttMs;
	}

	#isWaiting(receiver: RelayedReceiver): boolean {
		if (!receiver.isConfirmed || receiver.hasGroupKey) return false;
		return receiver.keyTries < 2 * this.#context.terms.robust;
	}

	/** A receiver has proved that it has the key. True the first time. */
	acknowledge(receiver: RelayedReceiver, verifyData: Uint8Array): boolean {
		const { security } = this.#context;
		if (security?.acknowledge(receiver.id, verifyData) !== true || receiver.hasGroupKey) return false;
		assert(!receiver.isUnproven, 'who acknowledges the key may have it');
		receiver.hasGroupKey = true;
		return true;
	}
}

/**
 * The proxy's own registration with the sender, which names the receivers that have registered with it: repeated, as a
 * receiver repeats its own, until the sender has confirmed them (docs/protocol.md, section 12.4).
 */
import { EMPTY_SPAN, encodeClientKey, encodeRegister, MessageType } from '@uftp/wire';
import { assert } from '../../assert.ts';
import { answerWindowMs } from '../../shared/grtt.ts';
import { advance, type HeldTimestamp } from '../../shared/held-timestamp.ts';
import { OWN_MARKER_BYTES, writeOwnMarker } from '../../shared/own-marker.ts';
import { TimerTable } from '../../timers.ts';
import type { PendingAnswer } from './pending-answers.ts';
import type { RelayContext } from './relay-context.ts';
import type { RelayedReceiver } from './relayed-receivers.ts';

const Timer = { Resend: 0, Window: 1, ClientKey: 2 } as const;
const RESEND_GRTT = 4;
/**
 * CLIENT_KEY follows its REGISTER so much later: where it comes before any REGISTER, 4.10.2 senders crash. One alone may
 * get lost, so that the first CLIENT_KEY follows two.
 */
const CLIENT_KEY_GAP_MS = 3;

export class RelayRegistration {
	readonly #context: RelayContext;
	readonly #timers = new TimerTable(3);
	readonly #noMarker = new Uint8Array(OWN_MARKER_BYTES);
	readonly #marker = new Uint8Array(OWN_MARKER_BYTES);
	/** What the first of the receivers that are not confirmed yet echoed. */
	#echoed: HeldTimestamp | undefined;
	#registers = 0;

	constructor(context: RelayContext) {
		this.#context = context;
		writeOwnMarker(this.#marker, context.node.config.instance);
	}

	/** A receiver has registered, or has repeated it: the sender hears of it soon, with others. */
	add(now: number, receiver: RelayedReceiver): void {
		const { pending, holdMs, terms, grttMs } = this.#context;
		this.#echoed ??= receiver.registered;
		pending.addRegister({ now, holdMs, id: receiver.id }, this.#isExtended(receiver), receiver.registered);
		assert(!receiver.isUnproven, 'who has not shown its key is not named to the sender');
		this.#timers.set(Timer.Window, now + answerWindowMs(terms.robust, grttMs));
	}

	/** In the clear the tag speaks for all receivers of a REGISTER; an encrypted one has one random field. */
	#isExtended(receiver: RelayedReceiver): boolean {
		return receiver.instance !== undefined && this.#context.security === undefined;
	}

	/** What has been gathered goes to the sender. */
	send(now: number, { ids, echoed, isExtended }: PendingAnswer): void {
		assert(echoed !== undefined, 'a REGISTER says when it was asked for');
		this.#register(now, this.#context.receivers.inOrder(ids), echoed, isExtended);
	}

	#register(now: number, ids: readonly number[], echoed: HeldTimestamp, isExtended: boolean): void {
		const context = this.#context;
		const { security } = context;
		assert(ids.length > 0 && ids.length <= context.idsPerMessage, 'a REGISTER names as many as fit');
		const rand2 = security?.rand2 ?? (isExtended ? this.#marker : this.#noMarker);
		const keyInfo = security?.keyInfo ?? EMPTY_SPAN;
		context.sendUp(now, MessageType.REGISTER, (bytes, at) =>
			encodeRegister(bytes, at, { timestamp: advance(echoed, now), rand2, keyInfo, ids }),
		);
		this.#registers++;
		this.#timers.set(Timer.Resend, now + RESEND_GRTT * context.grttMs);
		if (security?.clientKey !== undefined && !security.hasGroupKey) {
			this.#timers.set(Timer.ClientKey, now + CLIENT_KEY_GAP_MS);
		}
	}

	get deadline(): number {
		return this.#timers.next();
	}

	handleTimeout(now: number): void {
		const { security } = this.#context;
		const clientKey = security?.clientKey;
		if (this.#timers.takeDue(Timer.ClientKey, now) && clientKey !== undefined) {
			if (this.#registers === 1) this.#repeat(now);
			this.#timers.clear(Timer.ClientKey);
			this.#context.sendUp(now, MessageType.CLIENT_KEY, (bytes, at) => encodeClientKey(bytes, at, clientKey));
		}
		if (this.#timers.takeDue(Timer.Window, now)) this.#giveUp();
		if (this.#timers.takeDue(Timer.Resend, now)) this.#repeat(now);
	}

	#repeat(now: number): void {
		const { receivers, idsPerMessage } = this.#context;
		const waiting = [...receivers.all()].filter((one) => !one.isConfirmed && !one.isUnproven);
		const echoed = this.#echoed;
		if (waiting.length === 0 || echoed === undefined) {
			this.#echoed = undefined;
			this.#timers.clearAll();
			return;
		}
		for (const isExtended of [false, true]) {
			const ids = waiting.filter((one) => this.#isExtended(one) === isExtended).map(({ id }) => id);
			for (let first = 0; first < ids.length; first += idsPerMessage) {
				this.#register(now, ids.slice(first, first + idsPerMessage), echoed, isExtended);
			}
		}
	}

	/** They have given up themselves by now, and have said so. */
	#giveUp(): void {
		const { receivers, node, terms } = this.#context;
		this.#timers.clearAll();
		this.#echoed = undefined;
		for (const receiverId of receivers.idsOf((one) => !one.isConfirmed)) {
			this.#context.drop(receiverId);
			const reason = 'The sender has not confirmed its registration';
			node.reports.emit({ kind: 'receiverAborted', groupId: terms.groupId, receiverId, reason });
		}
	}
}

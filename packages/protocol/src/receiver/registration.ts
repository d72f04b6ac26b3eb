/** Announce and Register: from the ANNOUNCE to the first sign that the sender knows this receiver (section 4). */
import { decodeRegConf, isMalformed, type Malformed } from '@uftp/wire';
import { OWN_MARKER_BYTES, writeOwnMarker } from '../own-marker.ts';
import { type SessionContext, SessionTimer } from './session-context.ts';

export class Registration {
	readonly #context: SessionContext;
	readonly #rand2 = new Uint8Array(OWN_MARKER_BYTES);

	constructor(context: SessionContext) {
		this.#context = context;
		writeOwnMarker(this.#rand2, context.node.config.instance);
	}

	start(now: number): void {
		this.#register(now);
		this.#context.timers.set(SessionTimer.AnswerWindow, now + this.#context.answerWindowMs);
	}

	#register(now: number): void {
		const { terms, timers, resendMs } = this.#context;
		// Repeats echo the first ANNOUNCE: its timestamp has been advancing here since then.
		this.#context.answer({ kind: 'register', announced: terms.announced, rand2: this.#rand2 });
		timers.set(SessionTimer.Resend, now + resendMs);
	}

	handleRegConf(bytes: Uint8Array, at: number, length: number): Malformed | undefined {
		const message = decodeRegConf(bytes, at, length);
		if (isMalformed(message)) return message;
		if (message.ids.includes(this.#context.node.config.receiverId)) this.confirm();
		return undefined;
	}

	/** A REG_CONF or FILEINFO listed this receiver. */
	confirm(): void {
		const context = this.#context;
		if (context.phase !== 'registering') return;
		context.phase = 'active';
		context.timers.clearAll();
		context.node.emit({ kind: 'registered', groupId: context.link.groupId, grttMs: context.grttMs });
	}

	handleTimeout(now: number): void {
		const { timers } = this.#context;
		if (timers.takeDue(SessionTimer.AnswerWindow, now)) {
			this.#context.finish('unconfirmed', 'Registration unconfirmed', true);
		} else if (timers.takeDue(SessionTimer.Resend, now)) this.#register(now);
	}
}

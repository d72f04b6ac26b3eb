/** Completion and confirmation: from DONE with file id 0 to DONE_CONF (docs/protocol.md, section 9.1). */

import { decodeDoneConf, isMalformed, type Malformed } from '@uftp/wire';
import { assert } from '../assert.ts';
import { CompleteStatus } from '../ports.ts';
import { SESSION_FILE_ID } from '../shared/session-file-id.ts';
import type { IncomingMessage } from './incoming-message.ts';
import { type SessionContext, SessionTimer } from './session-context.ts';

export class Completion {
	readonly #context: SessionContext;

	constructor(context: SessionContext) {
		this.#context = context;
	}

	/** DONE(0) lists this receiver: says COMPLETE, for the first time or again. */
	handleDone(now: number): void {
		const context = this.#context;
		if (context.phase !== 'completing') {
			context.phase = 'completing';
			context.timers.clearAll();
			context.beginAnswerWindow(now);
		}
		this.#complete(now);
	}

	#complete(now: number): void {
		assert(this.#context.phase === 'completing', 'COMPLETE of the session is an answer to its DONE');
		this.#context.answer({ kind: 'complete', fileId: SESSION_FILE_ID, status: CompleteStatus.Normal });
		this.#context.timers.set(SessionTimer.Resend, now + this.#context.resendMs);
	}

	handleDoneConf({ bytes, at, length }: IncomingMessage): Malformed | undefined {
		const message = decodeDoneConf(bytes, at, length);
		if (isMalformed(message)) return message;
		const isListed = message.ids.includes(this.#context.node.config.receiverId);
		if (isListed && this.#context.phase === 'completing') {
			this.#context.finish('completed', 'The sender has confirmed the end of the session', false);
		}
		return undefined;
	}

	handleTimeout(now: number): void {
		const { timers } = this.#context;
		if (timers.takeDue(SessionTimer.AnswerWindow, now)) {
			// As C does: everything is here and the sender has been told often enough.
			this.#context.finish('completed', 'The sender did not confirm the end of the session', false);
		} else if (timers.takeDue(SessionTimer.Resend, now)) this.#complete(now);
	}
}

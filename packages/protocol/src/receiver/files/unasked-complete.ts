/**
 * A COMPLETE that left before a DONE asked for it. A DONE that comes within the next GRTT was most likely on its way
 * already; C senders, which have gone on to the next file by the time of a second COMPLETE, log that one as rejected.
 * So such a DONE is answered a GRTT later, and not at all if the sender is seen to have gone on.
 */
import { assert } from '../../assert.ts';
import { NEVER } from '../../timers.ts';

export class UnaskedComplete {
	#fileId: number | undefined;
	#sentAt = 0;
	/** When the DONE that crossed it is answered after all; NEVER: none has come. */
	deadline: number = NEVER;

	/** COMPLETE has left for this file, and nobody had asked. */
	sent(now: number, fileId: number): void {
		assert(fileId > 0, 'COMPLETE of the session is never sent unasked');
		this.#fileId = fileId;
		this.#sentAt = now;
		this.deadline = NEVER;
	}

	/** A DONE asks for the file: true if it has crossed the COMPLETE, so that its answer waits. */
	isCrossedBy(now: number, fileId: number, grttMs: number): boolean {
		assert(grttMs > 0, 'round trips take time');
		if (fileId !== this.#fileId || now - this.#sentAt >= grttMs) return false;
		if (this.deadline === NEVER) this.deadline = now + grttMs;
		return true;
	}

	/** The sender is at this file (or at the end of the session): an answer for another one comes too late. */
	senderIsAt(fileId: number): void {
		if (fileId !== this.#fileId) this.#forget();
	}

	/** The file whose answer has waited long enough. */
	takeDue(now: number): number | undefined {
		if (now < this.deadline) return undefined;
		const fileId = this.#fileId;
		this.#forget();
		return fileId;
	}

	#forget(): void {
		this.#fileId = undefined;
		this.deadline = NEVER;
	}
}

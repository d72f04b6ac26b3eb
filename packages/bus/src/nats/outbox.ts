/** What was published while the connection was down, in order, within bounds: the oldest give way to the newest. */
import type { HeaderMap } from '../payload.ts';

export interface OutboxEntry {
	readonly subject: string;
	readonly data: Uint8Array;
	readonly headers: HeaderMap;
	readonly reply: string | undefined;
}

export class Outbox {
	readonly #maxMessages: number;
	readonly #maxBytes: number;
	#entries: OutboxEntry[] = [];
	#bytes = 0;

	constructor(maxMessages: number, maxBytes: number) {
		this.#maxMessages = maxMessages;
		this.#maxBytes = maxBytes;
	}

	get size(): number {
		return this.#entries.length;
	}

	/** Keeps an entry; the result is what had to go for it (the entry itself if it alone is too large). */
	push(entry: OutboxEntry): OutboxEntry[] {
		this.#entries.push(entry);
		this.#bytes += entry.data.length;
		let drop = 0;
		while (this.#entries.length - drop > this.#maxMessages || this.#bytes > this.#maxBytes) {
			this.#bytes -= (this.#entries[drop++] as OutboxEntry).data.length;
		}
		return drop === 0 ? [] : this.#entries.splice(0, drop);
	}

	/** Empties it; the result is what was in it, oldest first. */
	take(): OutboxEntry[] {
		const entries = this.#entries;
		this.#entries = [];
		this.#bytes = 0;
		return entries;
	}
}

/**
 * Nodes that use the id of another receiver. They are told with an ABORT to their own address, since their id would
 * reach the first one, too; and only when they have sent as much as that takes, so that nobody is made to flood another.
 */
import { HEADER_BYTES } from '@uftp/wire';
import { DOUBLES_MAX } from './gathering-limits.ts';

/** An ABORT as it stands: common header, 8 bytes, and its text field. */
const ABORT_BYTES = HEADER_BYTES + 8 + 300;

export class Doubles {
	/** Bytes that came from an address, less those that went there; the oldest first. */
	readonly #credit = new Map<string, number>();

	/** So many bytes have come from there. True when it may be answered now. */
	mayAnswer(host: string, port: number, bytes: number): boolean {
		const key = `${host} ${port}`;
		const credit = (this.#credit.get(key) ?? 0) + bytes;
		const isEnough = credit >= ABORT_BYTES;
		this.#credit.delete(key);
		this.#credit.set(key, isEnough ? credit - ABORT_BYTES : credit);
		if (this.#credit.size > DOUBLES_MAX) this.#forgetOldest();
		return isEnough;
	}

	#forgetOldest(): void {
		for (const oldest of this.#credit.keys()) {
			this.#credit.delete(oldest);
			return;
		}
	}
}

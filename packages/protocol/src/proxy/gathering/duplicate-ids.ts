/**
 * Nodes that use the id of another receiver, and others whose address nothing proves. They are answered with an ABORT to
 * their own address, since their id would reach the first one, too; and only when they have sent as many bytes as that
 * takes, so that nobody is made to flood another.
 */
import { HEADER_BYTES } from '@uftp/wire';
import { assert } from '../../assert.ts';
import { DUPLICATE_IDS_MAX } from './gathering-limits.ts';

/** An ABORT as it stands: common header, 8 bytes, and its text field. */
const ABORT_BYTES = HEADER_BYTES + 8 + 300;

export class DuplicateIds {
	/** Bytes that came from an address, less those that went there; the oldest first. */
	readonly #credit = new Map<string, number>();

	/** So many bytes have come from there. True when it may be answered now. */
	mayAnswer(host: string, port: number, bytes: number): boolean {
		assert(bytes > 0, 'a datagram has bytes');
		const key = `${host} ${port}`;
		const credit = (this.#credit.get(key) ?? 0) + bytes;
		const isEnough = credit >= ABORT_BYTES;
		this.#credit.delete(key);
		this.#credit.set(key, isEnough ? credit - ABORT_BYTES : credit);
		for (const oldest of this.#credit.keys()) {
			if (this.#credit.size <= DUPLICATE_IDS_MAX) break;
			this.#credit.delete(oldest);
		}
		return isEnough;
	}
}

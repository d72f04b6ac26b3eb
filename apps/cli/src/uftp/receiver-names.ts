/**
 * How the log names receivers: those of -H by what stood there, all others by their UID (0x0A630001), as C does.
 */
import { formatUid } from '@uftp/wire';

export class ReceiverNames {
	readonly #given: ReadonlyMap<number, string>;

	/** `given`: UIDs of -H with their texts, in order. */
	constructor(given: ReadonlyMap<number, string>) {
		this.#given = given;
	}

	/** The UIDs of -H, in order. */
	get given(): Iterable<number> {
		return this.#given.keys();
	}

	of(receiverId: number): string {
		return this.#given.get(receiverId) ?? formatUid(receiverId);
	}
}

/**
 * How the log names receivers and proxies: those of -H and -j by what stood there, all others by their UID
 * (0x0A630001), as C does.
 */
import { formatUid } from '@uftp/wire';

export class ReceiverNames {
	readonly #given: ReadonlyMap<number, string>;
	readonly #proxies: ReadonlyMap<number, string>;

	/** UIDs of -H, and of -j, with their texts, in order. */
	constructor(given: ReadonlyMap<number, string>, proxies: ReadonlyMap<number, string> = new Map()) {
		this.#given = given;
		this.#proxies = proxies;
	}

	/** The UIDs of -H, in order. */
	get given(): Iterable<number> {
		return this.#given.keys();
	}

	/** The UIDs of -j, in order. */
	get proxies(): Iterable<number> {
		return this.#proxies.keys();
	}

	of(id: number): string {
		return this.#given.get(id) ?? this.#proxies.get(id) ?? formatUid(id);
	}
}

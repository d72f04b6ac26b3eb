import { hostKey } from '@uftp/wire';

/**
 * The addresses that a session's sender speaks from. With IPv4 it is the one of its ANNOUNCE. With IPv6 the source
 * follows the scope of the group, so the private group may have an address of its own: the first that comes.
 */
export class SenderHosts {
	readonly #first: number;
	#other: number;

	constructor(announcer: string) {
		this.#first = hostKey(announcer);
		this.#other = announcer.includes(':') ? Number.NaN : this.#first;
	}

	/** Whether packets from this host (`IncomingBatch.sourceKey`) are the sender's. */
	has(sourceKey: number): boolean {
		if (sourceKey === this.#first || sourceKey === this.#other) return true;
		if (!Number.isNaN(this.#other)) return false;
		this.#other = sourceKey;
		return true;
	}
}

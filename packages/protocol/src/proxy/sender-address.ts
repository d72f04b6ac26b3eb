/** Where the sender of a relayed session speaks from. */
import { hostKey } from '@uftp/wire';
import type { Endpoint } from '../ports.ts';

export class SenderAddress {
	readonly #port: number;
	readonly #first: number;
	/** With IPv6 the source follows the scope of the group: one more address, that of the first packet from there. */
	#other: number;

	/** `announcer`: where the ANNOUNCE came from. */
	constructor(announcer: Endpoint) {
		this.#port = announcer.port;
		this.#first = hostKey(announcer.host);
		this.#other = announcer.host.includes(':') ? Number.NaN : this.#first;
	}

	/** Whether a datagram from there (a number of `hostKey`, a port) is the sender's. Hot. */
	is(key: number, port: number): boolean {
		return port === this.#port && (key === this.#first || key === this.#other);
	}

	/** Takes `key` for another address of the same IPv6 sender: only the first one, and with the sender's port. */
	adopt(key: number, port: number): boolean {
		if (!Number.isNaN(this.#other) || port !== this.#port || key >= 0) return false;
		this.#other = key;
		return true;
	}
}

/** Where the sender of a relayed session speaks from: one port, on one host or (IPv6) two. */
import type { Endpoint } from '../ports.ts';
import { SenderHosts } from '../shared/sender-hosts.ts';

export class SenderAddress {
	readonly #port: number;
	readonly #hosts: SenderHosts;

	/** `announcer`: where the ANNOUNCE came from. */
	constructor(announcer: Endpoint) {
		this.#port = announcer.port;
		this.#hosts = new SenderHosts(announcer.host);
	}

	/** Whether a datagram from there (a number of `hostKey`, a port) is the sender's. Hot. */
	is(key: number, port: number): boolean {
		return port === this.#port && this.#hosts.isKnown(key);
	}

	/** Takes `key` for another address of the same IPv6 sender: only the first one, and with the sender's port. */
	adopt(key: number, port: number): boolean {
		return port === this.#port && this.#hosts.accepts(key);
	}
}

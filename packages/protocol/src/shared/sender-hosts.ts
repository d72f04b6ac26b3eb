/**
 * The hosts that a session's sender sends from, as numbers of `hostKey`. With IPv4 it is the one of its ANNOUNCE. With
 * IPv6 the source address follows the scope of the group, so the private group may have an address of its own: the
 * first other one that comes in the sender's name.
 */
import { addressFamily, hostKey } from '@uftp/wire';

export class SenderHosts {
	readonly #first: number;
	/** NaN, which equals nothing, as long as none is known. */
	#other = Number.NaN;
	readonly #mayHaveOther: boolean;

	/** `announcer`: the address that the ANNOUNCE came from. */
	constructor(announcer: string) {
		this.#first = hostKey(announcer);
		this.#mayHaveOther = addressFamily(announcer) === 6;
	}

	/** The host that the ANNOUNCE came from. */
	get announcer(): number {
		return this.#first;
	}

	/** Whether the host is one of the sender's, as far as they are known by now. Hot. */
	isKnown(sourceKey: number): boolean {
		return sourceKey === this.#first || sourceKey === this.#other;
	}

	/** Whether what comes from there in the sender's name may be its own: the first other IPv6 host is taken for it. Hot. */
	accepts(sourceKey: number): boolean {
		if (this.isKnown(sourceKey)) return true;
		// IPv4 hosts have no negative keys.
		if (!this.#mayHaveOther || !Number.isNaN(this.#other) || !(sourceKey < 0)) return false;
		this.#other = sourceKey;
		return true;
	}
}

/** Senders that a receiver has reason to trust with a place before strangers get one. */

import { hostKey } from '@uftp/wire';
import { assert } from '../../assert.ts';
import { KNOWN_HOSTS_MAX, KNOWN_SENDERS_PER_HOST_MAX } from '../../limits.ts';
import type { ReceiverConfig } from '../../receiver-config.ts';

export class KnownSenders {
	readonly #config: ReceiverConfig;
	/** Ids by the host that they are at, the latest last: sessions of theirs were completed here. */
	readonly #byHost = new Map<number, Set<number>>();

	constructor(config: ReceiverConfig) {
		this.#config = config;
	}

	/** A session of this sender was completed. */
	note(sourceKey: number, senderId: number): void {
		const ids = this.#byHost.get(sourceKey) ?? new Set();
		this.#byHost.delete(sourceKey);
		this.#byHost.set(sourceKey, ids);
		ids.delete(senderId);
		ids.add(senderId);
		forgetOldest(ids, KNOWN_SENDERS_PER_HOST_MAX);
		forgetOldest(this.#byHost, KNOWN_HOSTS_MAX);
		assert(this.#byHost.size <= KNOWN_HOSTS_MAX, 'a bounded number of senders is known');
	}

	/** Whether a session was completed with it, or the list of senders names it at this address. */
	has(sourceKey: number, senderId: number): boolean {
		if (this.#byHost.get(sourceKey)?.has(senderId) === true) return true;
		const { senders } = this.#config.security ?? {};
		if (senders === undefined) return false;
		return senders.some((entry) => {
			return entry.senderId === senderId && (entry.address === undefined || hostKey(entry.address) === sourceKey);
		});
	}
}

/** Leaves at most `most` entries. */
export function forgetOldest<Key>(
	entries: { readonly size: number; keys(): Iterable<Key>; delete(key: Key): unknown },
	most: number,
): void {
	if (entries.size <= most) return;
	for (const oldest of entries.keys()) {
		entries.delete(oldest);
		return;
	}
}

/** Ties the receivers and proxies of a session to the keys that they have proved to own, if these are their first ones. */
import type { SenderEvent } from '@uftp/protocol';
import { KnownKeys } from '../identity/known-keys.ts';

/** What became of the keys of a session: those that are pinned now, as text, or why they cannot be. */
export type PinEvent =
	| { readonly kind: 'keyPinned'; readonly id: number; readonly fingerprint: string }
	| { readonly kind: 'keysNotPinned'; readonly why: string };

/** Pins the keys that receivers and proxies of one session have proved to own. */
export class FirstUse {
	readonly #folder: string;
	readonly #proved = new Map<number, Uint8Array>();
	readonly #proxies: ReadonlySet<number>;

	/** `proxies`: only those that somebody has named. Others come and go as their pool is scaled: they are tied to nothing. */
	constructor(folder: string, proxies: readonly number[]) {
		this.#folder = folder;
		this.#proxies = new Set(proxies);
	}

	/**
	 * Takes note of an event, and pins what has been proved when registration is over. No key is missed: the driver polls
	 * events after every batch, and the core has room for more of them than a session has receivers.
	 */
	onEvent(event: SenderEvent): readonly PinEvent[] {
		if (event.kind === 'registered') this.#note(event.receiverId, event.fingerprint);
		if (event.kind === 'proxyRegistered' && this.#proxies.has(event.proxyId)) {
			this.#note(event.proxyId, event.fingerprint);
		}
		// Once for all of them, not in the middle of the handshakes.
		return event.kind === 'registrationEnded' || event.kind === 'ended' ? this.#pin() : [];
	}

	#note(id: number, fingerprint: Uint8Array | undefined): void {
		if (fingerprint !== undefined) this.#proved.set(id, fingerprint.slice());
	}

	#pin(): readonly PinEvent[] {
		if (this.#proved.size === 0) return [];
		try {
			const fresh = KnownKeys.read(this.#folder).pin(this.#proved);
			return fresh.map(([id, fingerprint]) => ({ kind: 'keyPinned', id, fingerprint }));
		} catch (error) {
			return [{ kind: 'keysNotPinned', why: error instanceof Error ? error.message : String(error) }];
		} finally {
			this.#proved.clear();
		}
	}
}

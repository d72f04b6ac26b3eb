/** What receivers and proxies have in common at the sender: an id, an address, and a way into the session. */
import { RECEIVER_REPLAY_WINDOW } from '../../limits.ts';
import type { Endpoint } from '../../ports.ts';
import type { MemberKeys } from '../../shared/security/member-keys.ts';
import { ReplayWindow } from '../../shared/security/replay-window.ts';

export type PeerState = 'mute' | 'registered' | 'lost' | 'aborted';

export abstract class Peer {
	readonly id: number;
	state: PeerState = 'mute';
	address: Endpoint | undefined;
	/** Registered with the mark of our programs. */
	isOurs = false;
	instance: readonly [number, number] | undefined;
	rttMs = 0;
	/** A REGISTER came that no REG_CONF has answered yet. */
	needsConfirmation = false;
	reason: string | undefined;
	/** Another address answered with this id: from now on only the registered one counts. */
	hasDouble = false;
	#keys: MemberKeys | undefined;
	#window: ReplayWindow | undefined;

	constructor(id: number) {
		this.id = id;
	}

	/** Encrypted sessions: what it shares with this sender, from its REGISTER on. None for receivers behind a proxy. */
	get keys(): MemberKeys | undefined {
		return this.#keys;
	}

	/** With other keys it counts anew. */
	set keys(keys: MemberKeys | undefined) {
		this.#keys = keys;
		this.#window = undefined;
	}

	/** Which of its packets have been opened: every source id has a count of its own, whatever way they take. */
	get window(): ReplayWindow {
		this.#window ??= new ReplayWindow(RECEIVER_REPLAY_WINDOW);
		return this.#window;
	}

	/** In the session, whether it answers at present or not. */
	get isIn(): boolean {
		return this.state === 'registered';
	}
}

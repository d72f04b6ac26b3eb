/** A proxy that gathers the answers of receivers (wire facts, section 15): never a receiver itself. */
import type { Member } from '../roster.ts';
import { Peer } from './peer.ts';

export class ProxyPeer extends Peer {
	/** The receivers that registered through it, whatever became of them since. */
	readonly members = new Set<Member>();
	/** Receivers that it named before it had proved its key: they are let in with it. */
	readonly claimed = new Set<number>();
	/** When anything came from it last. */
	heardAt = Number.NEGATIVE_INFINITY;
	/** Since the last rewind it has reported losses, of which of its receivers nobody knows. */
	hasNaked = false;

	/** Those of its receivers that are in the session. */
	*present(): IterableIterator<Member> {
		for (const member of this.members) if (member.isIn) yield member;
	}
}

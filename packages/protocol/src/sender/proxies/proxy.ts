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
	/** It became known only while the session was announced; those of the configuration are listed there. */
	isListedLate = false;
	/** The key that it must have then, in an encrypted session. */
	lateFingerprint: Uint8Array | undefined;
	/** Since the last rewind it has reported losses, of which of its receivers nobody knows. */
	hasNaked = false;

	/** Those of its receivers that are in the session. */
	*present(): IterableIterator<Member> {
		for (const member of this.members) if (member.isIn) yield member;
	}
}

/**
 * Receivers and proxies of a sending session, and their life cycle. Only the roster moves them from state to state: it
 * emits the event of each move and keeps the counts.
 */
import { assert } from '../../assert.ts';
import type { FileResult, Outcome } from '../../events.ts';
import { RECEIVER_REPLAY_WINDOW } from '../../limits.ts';
import type { Endpoint } from '../../ports.ts';
import type { MemberKeys } from '../../shared/security/member-keys.ts';
import { ReplayWindow } from '../../shared/security/replay-window.ts';

/**
 * - `mute`: expected, or not let in yet: no valid REGISTER has come;
 * - `present`: in the session, and answers;
 * - `away`: in the session, does not answer at present, and may come back;
 * - `finished`: has answered the end of the session;
 * - `lost`: did not answer for too long;
 * - `aborted`: has left, was told to leave, or the session was ended before it had everything.
 */
export type PeerState = 'mute' | 'present' | 'away' | 'finished' | 'lost' | 'aborted';

/** From each state, the states that may follow. */
export const MOVES: Readonly<Record<PeerState, readonly PeerState[]>> = {
	mute: ['present', 'aborted'],
	present: ['away', 'finished', 'lost', 'aborted'],
	away: ['present', 'lost', 'aborted'],
	finished: ['aborted'],
	lost: [],
	aborted: [],
};

/** What receivers and proxies have in common: an id, an address, and a way into the session. */
export abstract class Peer {
	readonly id: number;
	#state: PeerState = 'mute';
	#reason: string | undefined;
	#address: Endpoint | undefined;
	/** Registered with the mark of our programs. */
	isOurs = false;
	instance: readonly [number, number] | undefined;
	rttMs = 0;
	/** Another address answered with this id: from now on only the registered one counts. */
	hasDuplicateId = false;
	#keys: MemberKeys | undefined;
	#window: ReplayWindow | undefined;

	constructor(id: number) {
		assert(Number.isInteger(id) && id >= 0, 'the id of a node is a 32-bit number');
		this.id = id;
	}

	get state(): PeerState {
		return this.#state;
	}

	/** Why it has left, or (mute) why it was not let in. */
	get reason(): string | undefined {
		return this.#reason;
	}

	/** Where its answers come from; of a receiver behind a proxy, the proxy's. Undefined before a REGISTER has come. */
	get address(): Endpoint | undefined {
		return this.#address;
	}

	/** The address of a node that has registered. */
	get knownAddress(): Endpoint {
		assert(this.#address !== undefined, 'a node that has registered has an address');
		return this.#address;
	}

	/** For the roster alone: a move of the life cycle, which starts without a reason unless it has one. */
	enter(state: PeerState, reason?: string): void {
		assert(MOVES[this.#state].includes(state), 'a node made a move that its life cycle does not have');
		this.#state = state;
		this.#reason = reason;
	}

	/** It tried to register and was not let in. It may try again. */
	refused(reason: string): void {
		assert(this.#state === 'mute' || this.isIn, 'a node that has left cannot be refused');
		if (this.#state === 'mute') this.#reason = reason;
	}

	/** Its answers come from this address from now on. */
	answersFrom(address: Endpoint): void {
		assert(this.#state !== 'lost' && this.#state !== 'aborted', 'a node that has left gets no new address');
		this.#address = address;
	}

	/** Encrypted sessions: what it shares with this sender, from its REGISTER on. None for receivers behind a proxy. */
	get keys(): MemberKeys | undefined {
		return this.#keys;
	}

	/** With other keys it counts anew. */
	set keys(keys: MemberKeys | undefined) {
		assert(keys === undefined || (this.#state !== 'lost' && this.#state !== 'aborted'), 'who has left gets no keys');
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
		return this.#state === 'present' || this.#state === 'away' || this.#state === 'finished';
	}
}

/** Where a receiver is with the file of the current round. */
export type FileState = 'none' | 'active' | 'naked' | 'done';

/** A receiver. If it is of ours it rides out silence, and can be served later what it missed. */
export class Member extends Peer {
	/** The proxy that gathers its answers; undefined: it answers itself. */
	via: ProxyPeer | undefined;
	/** Nobody knows whether it is ours, but it may be, and may find another way: it is waited for as if it were. */
	mayMove = false;
	/** It has answered more than the announcement, so that there is somebody who gets what the session sends. */
	hasAnswered = false;
	/** Why it has left, as its proxy is said to have said: nothing proves it. */
	unauthenticatedReason: string | undefined;
	/** When it was first said that it is behind another proxy, while its own may still be there. */
	claimedAt: number | undefined;
	/** Kept by the round. */
	fileState: FileState = 'none';
	/** Blocks that its STATUSes since the last rewind reported missing. */
	missingBlocks = 0;
	/** Reports of more missing blocks than the session allows. */
	nakExcesses = 0;
	/** Blocks that it may still report missing in this pass. */
	repairBudget = Number.POSITIVE_INFINITY;
	/** When it became away. */
	awaySince = 0;
	/** Indices of files that went by while it was away. */
	readonly owed = new Set<number>();
	bytes = 0;
	readonly files: Record<'received' | 'overwritten' | 'skipped' | 'rejected', number> = {
		received: 0,
		overwritten: 0,
		skipped: 0,
		rejected: 0,
	};
	filesMissing = 0;

	get isPresent(): boolean {
		return this.state === 'present' || this.state === 'finished';
	}

	get isAway(): boolean {
		return this.state === 'away';
	}

	get isFinished(): boolean {
		return this.state === 'finished';
	}

	/** Encrypted sessions: it has registered, but the group key is not there yet: with it, or with its proxy. */
	get lacksGroupKey(): boolean {
		return (this.via ?? this).keys?.hasGroupKey === false;
	}

	/** Counts what became of one file. */
	count(result: FileResult, bytes: number): void {
		switch (result.outcome) {
			case 'received':
			case 'overwritten':
				this.files[result.outcome]++;
				this.bytes += bytes;
				break;
			case 'skipped':
			case 'rejected':
				this.files[result.outcome]++;
				break;
			case 'mute':
			case 'lost':
			case 'aborted':
				this.filesMissing++;
		}
	}

	/** The sum over the files: anything missing outranks what arrived. */
	get outcome(): Outcome {
		const { state, files } = this;
		if (state === 'mute' || state === 'lost' || state === 'aborted') return state;
		if (this.filesMissing > 0) return 'lost';
		if (files.rejected > 0) return 'rejected';
		if (files.received > 0) return 'received';
		if (files.overwritten > 0) return 'overwritten';
		return files.skipped > 0 ? 'skipped' : 'received';
	}
}

/** A proxy that gathers the answers of receivers: never a receiver itself. */
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

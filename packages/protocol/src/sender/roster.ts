/** The sender's table of receivers: who is expected, who came, and how each of them is doing. */

import type { FileResult, Outcome, ReceiverResult } from '../events.ts';
import { ROSTER_MAX } from '../limits.ts';
import type { Endpoint } from '../ports.ts';
import type { MemberKeys } from './security/member-keys.ts';

export type MemberState = 'mute' | 'registered' | 'lost' | 'aborted';
/** Where a receiver is with the file of the current round. */
export type FileState = 'none' | 'active' | 'naked' | 'done';

export class Member {
	readonly id: number;
	state: MemberState = 'mute';
	address: Endpoint | undefined;
	/** The receiver is of ours: it rides out silence, and can be served later what it missed. */
	isOurs = false;
	instance: readonly [number, number] | undefined;
	rttMs = 0;
	/** A REGISTER came that no REG_CONF has answered yet. */
	needsConfirmation = false;
	fileState: FileState = 'none';
	/** Blocks that its STATUSes since the last rewind reported missing. */
	missingBlocks = 0;
	/** Reports of more missing blocks than the session allows. */
	nakExcesses = 0;
	/** Does not answer at present; since when. */
	isAway = false;
	awaySince = 0;
	/** Indices of files that went by while it was away. */
	readonly owed = new Set<number>();
	/** It has answered the end of the session. */
	isFinished = false;
	/** A COMPLETE for the session's end came that no DONE_CONF has answered yet. */
	needsDoneConf = false;
	reason: string | undefined;
	/** Another address answered with this id: from now on only the registered one counts. */
	hasDouble = false;
	/** Encrypted sessions: what it shares with this sender, from its REGISTER on. */
	keys: MemberKeys | undefined;
	bytes = 0;
	readonly files: Record<'received' | 'overwritten' | 'skipped' | 'rejected', number> = {
		received: 0,
		overwritten: 0,
		skipped: 0,
		rejected: 0,
	};
	filesMissing = 0;

	constructor(id: number) {
		this.id = id;
	}

	/** In the session, whether it answers at present or not. */
	get isIn(): boolean {
		return this.state === 'registered';
	}

	get isPresent(): boolean {
		return this.state === 'registered' && !this.isAway;
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
			default:
				this.filesMissing++;
		}
	}
}

export class Roster {
	readonly #members = new Map<number, Member>();

	/** The member with this id, made if there is room. */
	add(id: number): Member | undefined {
		const known = this.#members.get(id);
		if (known !== undefined) return known;
		if (this.#members.size >= ROSTER_MAX) return undefined;
		const member = new Member(id);
		this.#members.set(id, member);
		return member;
	}

	/** Takes in a member that was made elsewhere. The caller has seen that there is room. */
	put(member: Member): void {
		this.#members.set(member.id, member);
	}

	get isFull(): boolean {
		return this.#members.size >= ROSTER_MAX;
	}

	get(id: number): Member | undefined {
		return this.#members.get(id);
	}

	get size(): number {
		return this.#members.size;
	}

	all(): IterableIterator<Member> {
		return this.#members.values();
	}

	select(test: (member: Member) => boolean): Member[] {
		const chosen: Member[] = [];
		for (const member of this.#members.values()) if (test(member)) chosen.push(member);
		return chosen;
	}

	some(test: (member: Member) => boolean): boolean {
		for (const member of this.#members.values()) if (test(member)) return true;
		return false;
	}

	largestRttMs(): number {
		let largest = 0;
		for (const member of this.#members.values()) {
			if (member.isPresent && member.rttMs > largest) largest = member.rttMs;
		}
		return largest;
	}

	results(): ReceiverResult[] {
		return [...this.#members.values()].map((member) => ({
			receiverId: member.id,
			outcome: sessionOutcome(member),
			address: member.address,
			...(member.reason === undefined ? {} : { reason: member.reason }),
			isOurs: member.isOurs,
			rttMs: member.rttMs,
			filesReceived: member.files.received,
			filesOverwritten: member.files.overwritten,
			filesSkipped: member.files.skipped,
			filesRejected: member.files.rejected,
			filesMissing: member.filesMissing,
			bytes: member.bytes,
		}));
	}
}

/** The sum over the files: anything missing outranks what arrived. */
function sessionOutcome(member: Member): Outcome {
	if (member.state === 'mute') return 'mute';
	if (member.state === 'lost' || member.state === 'aborted') return member.state;
	if (member.filesMissing > 0) return 'lost';
	if (member.files.rejected > 0) return 'rejected';
	if (member.files.received > 0) return 'received';
	if (member.files.overwritten > 0) return 'overwritten';
	if (member.files.skipped > 0) return 'skipped';
	return 'received';
}

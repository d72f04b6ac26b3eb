/**
 * The receivers of one round: where each of them is with the file, what became of it, and how many are where, so that
 * nothing walks over all of them for one answer.
 */
import { assert } from '../../assert.ts';
import type { FileResult } from '../../events.ts';
import type { FileState, Member, PeerState } from '../membership/members.ts';
import type { MoveWatcher } from '../membership/roster.ts';

export class RoundMembers implements MoveWatcher {
	readonly #members: ReadonlySet<Member>;
	readonly #results = new Map<Member, FileResult>();
	/** Those that are present, by state. */
	readonly #present: Record<FileState, number> = { none: 0, active: 0, naked: 0, done: 0 };
	/** Those that are away and have no result. */
	#away = 0;
	/** Those that have left without a result. */
	#departed: Member[] = [];

	constructor(members: readonly Member[]) {
		this.#members = new Set(members);
		for (const member of members) {
			assert(member.isIn, 'a round is for those that are in the session');
			member.fileState = 'none';
			member.missingBlocks = 0;
			member.repairBudget = Number.POSITIVE_INFINITY;
			if (member.isPresent) this.#present.none++;
			else this.#away++;
		}
	}

	[Symbol.iterator](): Iterator<Member> {
		return this.#members.values();
	}

	has(member: Member): boolean {
		return this.#members.has(member);
	}

	/** It is in this round, and nothing is known yet of what became of it. */
	isOpenFor(member: Member): boolean {
		return this.#members.has(member) && !this.#results.has(member);
	}

	get results(): FileResult[] {
		return [...this.#results.values()];
	}

	/** Those that have not got the file and may still get it. */
	owing(): Member[] {
		return [...this.#members].filter((member) => member.isIn && !this.#results.has(member));
	}

	/** Whether there are any. */
	get isOwing(): boolean {
		const { none, active, naked } = this.#present;
		return this.#away + none + active + naked > 0;
	}

	/** How many are present in one of these states. */
	count(...states: readonly FileState[]): number {
		let count = 0;
		for (const state of states) count += this.#present[state];
		assert(count <= this.#members.size, 'more receivers are in a state than there are');
		return count;
	}

	/** Those that are present in one of these states. */
	waitingFor(...states: readonly FileState[]): Member[] {
		return [...this.#members].filter((member) => member.isPresent && states.includes(member.fileState));
	}

	/** Those that are away and have no result. */
	get awayCount(): number {
		return this.#away;
	}

	/** Changes where a receiver is with the file. */
	set(member: Member, state: FileState): void {
		assert(this.#members.has(member), 'a receiver changes its state in a round of others');
		if (member.isPresent) {
			this.#present[member.fileState]--;
			this.#present[state]++;
			assert(this.#present[member.fileState] >= 0, 'fewer receivers than none are in a state');
		}
		member.fileState = state;
	}

	/** Notes what became of it. */
	record(member: Member, result: FileResult): void {
		assert(this.isOpenFor(member), 'a receiver has one result');
		if (member.isAway) this.#away--;
		this.#results.set(member, result);
	}

	/** Those that have left without a result since this was asked last. */
	takeDeparted(): Member[] {
		const departed = this.#departed;
		if (departed.length > 0) this.#departed = [];
		return departed;
	}

	moved(member: Member, from: PeerState): void {
		if (!this.#members.has(member)) return;
		const wasPresent = from === 'present' || from === 'finished';
		if (wasPresent && !member.isPresent) this.#present[member.fileState]--;
		else if (!wasPresent && member.isPresent) this.#present[member.fileState]++;
		assert(this.#present[member.fileState] >= 0, 'fewer receivers than none are in a state');
		if (this.#results.has(member)) return;
		if (from === 'away') {
			this.#away--;
			// What went by while it was away it never had.
			member.repairBudget = Number.POSITIVE_INFINITY;
		}
		if (member.isAway) this.#away++;
		else if (!member.isIn) this.#departed.push(member);
		assert(this.#away >= 0, 'fewer receivers than none are away');
	}
}

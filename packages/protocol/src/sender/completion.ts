/**
 * The Completion/Confirmation phase (docs/protocol.md, section 9.1) for some or all of the receivers: DONE with file id
 * 0 until each has answered COMPLETE, DONE_CONF for those that have, and one more DONE_CONF after a last GRTT.
 */
import { type Complete, encodeDone, encodeDoneConf, MessageType } from '@uftp/wire';
import { assert } from '../assert.ts';
import type { Member } from './membership/members.ts';
import { withProxies } from './membership/proxies.ts';
import type { SenderParts } from './parts.ts';
import type { Phase } from './phase.ts';

const REPEAT_GRTT = 3;

type Parts = Pick<SenderParts, 'config' | 'clock' | 'roster' | 'outgoing' | 'congestion'>;

export class Completion implements Phase {
	readonly name = 'completing';
	readonly #parts: Parts;
	readonly #members: readonly Member[];
	/** Those of them that have not answered yet; some may have left since. */
	readonly #waiting: Set<Member>;
	/** Those that have answered and get DONE_CONF with the next request. */
	readonly #unconfirmed = new Set<Member>();
	#requests = 0;
	#nextAt: number;
	#isLastWait = false;
	isOver = false;

	/** `members`: those that have everything, and are there. */
	constructor(parts: Parts, now: number, members: readonly Member[]) {
		assert(members.length > 0, 'a session is completed for somebody');
		this.#parts = parts;
		this.#members = members;
		this.#waiting = new Set(members);
		this.#nextAt = now;
		parts.congestion?.ask();
		this.onTimeout(now);
	}

	deadline(): number {
		return this.#nextAt;
	}

	onTimeout(now: number): void {
		if (this.isOver || now < this.#nextAt) return;
		const { config, clock, outgoing, roster } = this.#parts;
		if (this.#isLastWait) {
			this.#confirm(this.#members.filter((member) => member.isFinished));
			this.isOver = true;
			return;
		}
		if (this.#requests >= config.robust) {
			// Every file of theirs is confirmed; only the farewell is not. That is no failure.
			for (const member of this.#waiting) if (member.isPresent) roster.finish(member);
			this.isOver = true;
			return;
		}
		assert(this.#waiting.size > 0, 'nobody is asked');
		this.#requests++;
		this.#nextAt = now + REPEAT_GRTT * clock.grttMs;
		const ids = withProxies([...this.#waiting]);
		outgoing.sendList(
			MessageType.DONE,
			ids,
			(part) => (bytes, at) => encodeDone(bytes, at, { fileId: 0, section: 0, ids: part }),
		);
		this.#confirmNew();
	}

	onComplete(now: number, member: Member, message: Complete): boolean {
		if (message.fileId !== 0) return false;
		// Who is still owed something cannot be done with the session.
		if (member.owed.size > 0) return true;
		assert(member.isIn, 'who is not in the session completes it');
		this.#parts.roster.finish(member);
		this.#unconfirmed.add(member);
		this.onRosterChange(now, member);
		return true;
	}

	onRosterChange(now: number, member?: Member): void {
		if (member !== undefined) this.#settled(member);
		else for (const each of this.#waiting) this.#settled(each);
		if (this.isOver || this.#isLastWait || this.#waiting.size > 0) return;
		this.#confirmNew();
		this.#isLastWait = true;
		this.#nextAt = now + this.#parts.clock.grttMs;
	}

	#settled(member: Member): void {
		if (!member.isPresent || member.isFinished) this.#waiting.delete(member);
	}

	#confirmNew(): void {
		this.#confirm([...this.#unconfirmed]);
		this.#unconfirmed.clear();
	}

	#confirm(members: readonly Member[]): void {
		this.#parts.outgoing.sendList(
			MessageType.DONE_CONF,
			members.map((member) => member.id),
			(ids) => (bytes, at) => encodeDoneConf(bytes, at, { ids }),
		);
	}
}

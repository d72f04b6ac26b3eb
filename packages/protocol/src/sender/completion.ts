/**
 * The Completion/Confirmation phase (wire facts, section 9.6) for some or all of the receivers: DONE with file id 0
 * until each has answered COMPLETE, DONE_CONF for those that have, and one more DONE_CONF after a last GRTT.
 */
import { type Complete, encodeDone, encodeDoneConf, MessageType } from '@uftp/wire';
import type { SenderContext } from './context.ts';
import type { Phase } from './phase.ts';
import { withProxies } from './proxies/answers.ts';
import type { Member } from './roster.ts';

const REPEAT_GRTT = 3;

export class Completion implements Phase {
	readonly name = 'completing';
	readonly #context: SenderContext;
	readonly #members: readonly Member[];
	#requests = 0;
	#nextAt: number;
	#isLastWait = false;
	isOver = false;

	constructor(context: SenderContext, now: number, members: readonly Member[]) {
		this.#context = context;
		this.#members = members;
		this.#nextAt = now;
		context.congestion?.ask();
		if (this.#waiting().length === 0) this.isOver = true;
		else this.onTimeout(now);
	}

	deadline(): number {
		return this.#nextAt;
	}

	onTimeout(now: number): void {
		if (this.isOver || now < this.#nextAt) return;
		if (this.#isLastWait) {
			this.#confirm(this.#members.filter((member) => member.isFinished && member.isIn));
			this.isOver = true;
			return;
		}
		if (this.#requests >= this.#context.config.robust) {
			// Every file of theirs is confirmed; only the farewell is not. That is no failure.
			for (const member of this.#waiting()) member.isFinished = true;
			this.isOver = true;
			return;
		}
		this.#requests++;
		this.#nextAt = now + REPEAT_GRTT * this.#context.grttMs;
		const ids = withProxies(this.#waiting());
		const { outbox, config, idsPerPacket } = this.#context;
		outbox.pushList(
			MessageType.DONE,
			config.privateEndpoint,
			ids,
			idsPerPacket,
			(part) => (bytes, at) => encodeDone(bytes, at, { fileId: 0, section: 0, ids: part }),
		);
		this.#confirmNew();
	}

	onComplete(now: number, member: Member, message: Complete): void {
		if (message.fileId !== 0) return;
		member.isFinished = true;
		member.needsDoneConf = true;
		this.onRosterChange(now);
	}

	onRosterChange(now: number): void {
		if (this.isOver || this.#isLastWait || this.#waiting().length > 0) return;
		this.#confirmNew();
		this.#isLastWait = true;
		this.#nextAt = now + this.#context.grttMs;
	}

	#waiting(): Member[] {
		return this.#members.filter((member) => member.isPresent && !member.isFinished);
	}

	#confirmNew(): void {
		const ready = this.#members.filter((member) => member.needsDoneConf);
		for (const member of ready) member.needsDoneConf = false;
		this.#confirm(ready);
	}

	#confirm(members: readonly Member[]): void {
		const { outbox, config, idsPerPacket } = this.#context;
		outbox.pushList(
			MessageType.DONE_CONF,
			config.privateEndpoint,
			members.map((member) => member.id),
			idsPerPacket,
			(ids) => (bytes, at) => encodeDoneConf(bytes, at, { ids }),
		);
	}
}

/** Asking the receivers to take a file (wire facts, section 5): FILEINFO in cycles of 3 GRTT until all have answered. */
import { encodeFileInfo, MessageType } from '@uftp/wire';
import type { CatalogueEntry } from '../ports.ts';
import type { SenderContext } from './context.ts';
import type { Member } from './roster.ts';

const REPEAT_GRTT = 3;

export class FileInfoExchange {
	readonly #context: SenderContext;
	readonly #entry: CatalogueEntry;
	readonly #fileId: number;
	readonly #startedAt: number;
	#requests = 0;
	nextAt: number;

	constructor(context: SenderContext, now: number, fileId: number, entry: CatalogueEntry) {
		this.#context = context;
		this.#entry = entry;
		this.#fileId = fileId;
		this.#startedAt = now;
		this.nextAt = now;
		context.congestion?.ask();
	}

	/** The next cycle: gives up those that were asked often enough and asks the others. */
	ask(now: number, unanswered: readonly Member[]): void {
		const context = this.#context;
		context.updateGrtt();
		context.confirmRegistrations();
		const sinceMs = now - this.#startedAt;
		const asked: Member[] = [];
		for (const member of unanswered) {
			if (context.patienceIsOver(member, this.#requests, sinceMs)) {
				context.giveUp(now, member, 'no answer to FILEINFO');
			} else asked.push(member);
		}
		this.#requests++;
		this.nextAt = now + REPEAT_GRTT * context.grttMs;
		this.send(asked);
	}

	/** Asks some receivers without a cycle: those that are away, to see whether they are back. */
	send(members: readonly Member[]): void {
		const context = this.#context;
		const { type, name, link, size, modifiedSeconds, permissions } = this.#entry;
		context.outbox.pushList(
			MessageType.FILEINFO,
			context.config.privateEndpoint,
			members.map((member) => member.id),
			context.idsPerPacket,
			(ids) => (bytes, at, now) =>
				encodeFileInfo(bytes, at, {
					fileId: this.#fileId,
					type,
					name,
					link,
					size,
					modifiedSeconds,
					permissions,
					timestamp: context.timestamp(now),
					ids,
				}),
		);
	}
}

/**
 * Asking the receivers to take a file (docs/protocol.md, section 7.4): FILEINFO in cycles of 3 GRTT until all have
 * answered.
 */
import { encodeFileInfo, MessageType } from '@uftp/wire';
import { assert } from '../../assert.ts';
import type { CatalogueEntry } from '../../ports.ts';
import type { Member } from '../membership/members.ts';
import { giveUp, isPatienceOver } from '../membership/patience.ts';
import type { SenderParts } from '../parts.ts';

const REPEAT_GRTT = 3;

type Parts = Pick<SenderParts, 'config' | 'clock' | 'roster' | 'outgoing' | 'congestion'>;

export class FileInfoExchange {
	readonly #parts: Parts;
	readonly #entry: CatalogueEntry;
	readonly #fileId: number;
	readonly #startedAt: number;
	#requests = 0;
	nextAt: number;

	constructor(parts: Parts, now: number, fileId: number, entry: CatalogueEntry) {
		assert(fileId > 0 && fileId <= 0xffff, 'the id of a file has 16 bits and is not 0');
		this.#parts = parts;
		this.#entry = entry;
		this.#fileId = fileId;
		this.#startedAt = now;
		this.nextAt = now;
		parts.congestion?.ask();
	}

	/** The next cycle: gives up those that were asked often enough and asks the others. */
	ask(now: number, unanswered: readonly Member[]): void {
		const { config, clock, roster, outgoing } = this.#parts;
		assert(now >= this.nextAt, 'a cycle begins before its time');
		clock.update(roster.roundTrips);
		outgoing.confirmRegistrations(roster);
		const sinceMs = now - this.#startedAt;
		const asked: Member[] = [];
		for (const member of unanswered) {
			if (isPatienceOver(config, member, this.#requests, sinceMs)) {
				giveUp(this.#parts, now, member, 'no answer to FILEINFO');
			} else asked.push(member);
		}
		this.#requests++;
		this.nextAt = now + REPEAT_GRTT * clock.grttMs;
		this.send(asked);
	}

	/** Asks some receivers without a cycle: those that are away, to see whether they are back. */
	send(members: readonly Member[]): void {
		const { clock, outgoing } = this.#parts;
		const { type, name, link, size, modifiedSeconds, permissions } = this.#entry;
		const fileId = this.#fileId;
		outgoing.sendList(
			MessageType.FILEINFO,
			members.map((member) => member.id),
			(ids) => (bytes, at, now) => {
				const timestamp = clock.timestamp(now);
				const common = { fileId, type, name, link, size, modifiedSeconds, permissions };
				return encodeFileInfo(bytes, at, { ...common, timestamp, ids });
			},
		);
	}
}

/** Which file comes next, and for whom: all files once, then what receivers missed that were away. */
import type { Complete } from '@uftp/wire';
import type { FileResult } from '../events.ts';
import { SectionMap } from '../sections.ts';
import type { SenderContext } from './context.ts';
import { type FileRound, outcomeOf } from './file-round.ts';
import type { Member } from './roster.ts';

/** A stop: one file for some receivers. */
export interface Stop {
	readonly file: number;
	readonly fileId: number;
	readonly map: SectionMap;
	readonly members: readonly Member[];
	readonly isFresh: boolean;
}

export class Itinerary {
	readonly #context: SenderContext;
	#nextFresh = 0;
	filesUnavailable = 0;
	filesBytesDone = 0;
	readonly filesBytesTotal: number;
	/** Somebody has ever answered a FILEINFO. */
	hasAnswers = false;

	constructor(context: SenderContext) {
		this.#context = context;
		this.filesBytesTotal = context.catalogue.reduce((sum, entry) => sum + entry.size, 0);
	}

	get isFreshOver(): boolean {
		return this.#nextFresh >= this.#context.catalogue.length;
	}

	/** The next stop, or undefined when nothing is left to do for anybody. */
	next(): Stop | undefined {
		const { catalogue, roster } = this.#context;
		while (this.#nextFresh < catalogue.length) {
			const file = this.#nextFresh++;
			const members = roster.select((member) => member.isIn);
			const stop = this.#stop(file, members, true);
			if (stop !== undefined) return stop;
			this.filesUnavailable++;
		}
		return this.#nextOwed();
	}

	/** A file cannot be read: nobody gets it. */
	skipped(stop: Stop): void {
		if (stop.isFresh) this.filesUnavailable++;
		for (const member of stop.members) {
			if (member.owed.delete(stop.file)) member.filesMissing++;
		}
	}

	/** A round is over: whoever still needs the file is owed it. */
	ended(stop: Stop, round: FileRound): void {
		const owing = new Set(round.owing());
		for (const member of stop.members) {
			if (owing.has(member)) member.owed.add(stop.file);
			else member.owed.delete(stop.file);
		}
		if (stop.isFresh) this.filesBytesDone += this.#context.catalogue[stop.file].size;
	}

	/** A COMPLETE that is not for the current file: it may be the late one of a file that the receiver is owed. */
	completedLate(member: Member, message: Complete): void {
		for (const file of member.owed) {
			if (fileIdOf(file) !== message.fileId) continue;
			member.owed.delete(file);
			const result: FileResult = { receiverId: member.id, outcome: outcomeOf(message.status), elapsedMs: 0 };
			member.count(result, this.#context.catalogue[file].size);
			this.#context.emit({ kind: 'fileCompletedBy', file, result });
			return;
		}
	}

	/** Those that are there come first; the first file that any of them needs. */
	#nextOwed(): Stop | undefined {
		const owing = this.#context.roster.select((member) => member.isIn && member.owed.size > 0);
		const present = owing.filter((member) => member.isPresent);
		const candidates = present.length > 0 ? present : owing;
		let file = Number.POSITIVE_INFINITY;
		for (const member of candidates) for (const owed of member.owed) file = Math.min(file, owed);
		if (file === Number.POSITIVE_INFINITY) return undefined;
		return this.#stop(
			file,
			owing.filter((member) => member.owed.has(file)),
			false,
		);
	}

	#stop(file: number, members: readonly Member[], isFresh: boolean): Stop | undefined {
		const entry = this.#context.catalogue[file];
		const map = SectionMap.of(entry.size, this.#context.config.blockBytes);
		if (typeof map === 'string') {
			this.#context.emit({ kind: 'warning', message: `${entry.name} is skipped: ${map}` });
			return undefined;
		}
		return { file, fileId: fileIdOf(file), map, members, isFresh };
	}
}

/** Ids on the wire count from 1 and skip 0 when they wrap (wire facts, section 5.1). */
export function fileIdOf(file: number): number {
	return (file % 65535) + 1;
}

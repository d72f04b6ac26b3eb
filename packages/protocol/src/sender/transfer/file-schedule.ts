/** Which file comes next, and for whom: all files once, then what receivers missed that were away. */
import type { Complete } from '@uftp/wire';
import { assert } from '../../assert.ts';
import type { FileResult } from '../../events.ts';
import { problem } from '../../problem.ts';
import { SectionMap } from '../../sections.ts';
import type { Member } from '../membership/members.ts';
import type { SenderParts } from '../parts.ts';
import { outcomeOf } from './outcomes.ts';

/** One file for some receivers. */
export interface FileTask {
	readonly file: number;
	readonly fileId: number;
	readonly map: SectionMap;
	readonly members: readonly Member[];
	readonly isFresh: boolean;
}

type Parts = Pick<SenderParts, 'config' | 'catalogue' | 'roster' | 'reports'>;

export class FileSchedule {
	readonly #parts: Parts;
	#nextFresh = 0;
	filesUnavailable = 0;
	filesBytesDone = 0;
	readonly filesBytesTotal: number;
	/** Somebody has ever answered a FILEINFO. */
	hasAnswers = false;

	constructor(parts: Parts) {
		this.#parts = parts;
		this.filesBytesTotal = parts.catalogue.reduce((sum, entry) => sum + entry.size, 0);
	}

	get isFreshOver(): boolean {
		return this.#nextFresh >= this.#parts.catalogue.length;
	}

	/** The next task, or undefined when nothing is left to do for anybody. */
	next(): FileTask | undefined {
		const { catalogue, roster } = this.#parts;
		while (this.#nextFresh < catalogue.length) {
			const file = this.#nextFresh++;
			const members = roster.select((member) => member.isIn);
			const task = this.#taskFor(file, members, true);
			if (task !== undefined) return task;
			this.filesUnavailable++;
		}
		return this.#nextOwed();
	}

	/** A file cannot be read: nobody gets it. */
	skipped(task: FileTask): void {
		if (task.isFresh) this.filesUnavailable++;
		assert(this.filesUnavailable <= this.#parts.catalogue.length, 'more files are left out than there are');
		for (const member of task.members) {
			if (member.owed.delete(task.file)) this.#parts.roster.missed(member, 1);
		}
	}

	/** A round is over: whoever still needs the file (`owing`) is owed it. */
	ended(task: FileTask, owing: readonly Member[]): void {
		for (const member of task.members) member.owed.delete(task.file);
		for (const member of owing) {
			assert(member.isIn, 'somebody who has left is owed a file');
			member.owed.add(task.file);
		}
		if (task.isFresh) this.filesBytesDone += this.#parts.catalogue[task.file].size;
		assert(this.filesBytesDone <= this.filesBytesTotal, 'more bytes are done than there are');
	}

	/** A COMPLETE that is not for the current file: it may be the late one of a file that the receiver is owed. */
	completedLate(member: Member, message: Complete): void {
		for (const file of member.owed) {
			if (fileIdOf(file) !== message.fileId) continue;
			member.owed.delete(file);
			const result: FileResult = { receiverId: member.id, outcome: outcomeOf(message.status), elapsedMs: 0 };
			this.#parts.roster.record(member, result, this.#parts.catalogue[file].size);
			this.#parts.reports.emit({ kind: 'fileCompletedBy', file, result });
			return;
		}
	}

	/** Those that are there come first; the first file that any of them needs. */
	#nextOwed(): FileTask | undefined {
		const owing = this.#parts.roster.select((member) => member.isIn && member.owed.size > 0);
		const present = owing.filter((member) => member.isPresent);
		const candidates = present.length > 0 ? present : owing;
		let file = Number.POSITIVE_INFINITY;
		for (const member of candidates) for (const owed of member.owed) file = Math.min(file, owed);
		if (file === Number.POSITIVE_INFINITY) return undefined;
		return this.#taskFor(
			file,
			owing.filter((member) => member.owed.has(file)),
			false,
		);
	}

	#taskFor(file: number, members: readonly Member[], isFresh: boolean): FileTask | undefined {
		const entry = this.#parts.catalogue[file];
		assert(entry !== undefined, 'a task for a file that is not in the catalogue');
		const map = SectionMap.of(entry.size, this.#parts.config.blockBytes);
		if (typeof map === 'string') {
			const what = problem('file-skipped', { file, name: entry.name, reason: map });
			this.#parts.reports.warn(`${entry.name} is skipped: ${map}`, what);
			return undefined;
		}
		return { file, fileId: fileIdOf(file), map, members, isFresh };
	}
}

/** Ids on the wire count from 1 and skip 0 when they wrap. */
export function fileIdOf(file: number): number {
	return (file % 65535) + 1;
}

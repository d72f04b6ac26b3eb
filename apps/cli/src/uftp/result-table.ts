/**
 * Who is to be listed under each file, and how it went: all receivers of the session in one order, also those that never
 * came or were lost files ago. The log's tables and the status lines are made of this.
 */
import type { FileResult, Outcome, SenderEvent } from '@uftp/protocol';
import type { ReceiverNames } from './receiver-names.ts';

/** One row under a file. */
export interface ResultRow {
	readonly receiverId: number;
	readonly file: number;
	readonly outcome: Outcome;
	readonly elapsedMs: number;
	readonly freeSpaceBytes: number | undefined;
}

export class ResultTable {
	/** The place of each receiver: those of -H in their order, then the others as they registered. */
	readonly #places = new Map<number, number>();
	/** Receivers that get nothing any more. */
	readonly #gone = new Map<number, 'mute' | 'lost' | 'aborted'>();
	/** Files that went by while a receiver was away: their rows are still to come. */
	readonly #owed = new Map<number, Set<number>>();
	/** Files whose first round is over. */
	readonly #seen = new Set<number>();
	#file = -1;

	constructor(names: ReceiverNames) {
		for (const receiverId of names.given) this.place(receiverId);
	}

	/** Receivers in the order of the table. */
	get receivers(): readonly number[] {
		return [...this.#places.keys()];
	}

	isGone(receiverId: number): boolean {
		return this.#gone.has(receiverId);
	}

	/** Takes note of an event, and returns the rows that are settled by it, in the table's order. */
	rows(event: SenderEvent): ResultRow[] {
		switch (event.kind) {
			case 'registered':
				this.place(event.receiverId);
				return [];
			case 'registrationEnded':
				for (const receiverId of event.mute) this.#gone.set(receiverId, 'mute');
				return [];
			case 'receiverLost':
				this.#gone.set(event.receiverId, 'lost');
				return [];
			case 'receiverAborted':
			case 'receiverDropped':
				this.#gone.set(event.receiverId, 'aborted');
				return [];
			case 'fileStarted':
				this.#file = event.file;
				return [];
			case 'fileCompletedBy':
				// Of the current file the end of its round tells; an earlier one has no other.
				return event.file === this.#file ? [] : this.#settle(event.file, [event.result]);
			case 'fileEnded':
				return this.#fileEnded(event.file, event.results);
			case 'ended':
				return this.#lastRows();
			default:
				return [];
		}
	}

	/** The place of a receiver in the table. */
	place(receiverId: number): number {
		const known = this.#places.get(receiverId);
		if (known !== undefined) return known;
		this.#places.set(receiverId, this.#places.size);
		return this.#places.size - 1;
	}

	#fileEnded(file: number, results: readonly FileResult[]): ResultRow[] {
		this.#file = -1;
		if (this.#seen.has(file)) return this.#settle(file, results);
		this.#seen.add(file);
		const known = new Set(results.map((result) => result.receiverId));
		const rows = results.map((result) => rowOf(file, result));
		for (const receiverId of this.#places.keys()) {
			if (known.has(receiverId)) continue;
			const outcome = this.#gone.get(receiverId);
			if (outcome !== undefined) rows.push(goneRow(file, receiverId, outcome));
			else this.#owe(file, receiverId);
		}
		return this.#sorted(rows);
	}

	#owe(file: number, receiverId: number): void {
		const owed = this.#owed.get(file) ?? new Set();
		this.#owed.set(file, owed.add(receiverId));
	}

	/** Rows that come after the file's own: each receiver once. */
	#settle(file: number, results: readonly FileResult[]): ResultRow[] {
		const owed = this.#owed.get(file);
		return this.#sorted(
			results.filter((result) => owed?.delete(result.receiverId)).map((result) => rowOf(file, result)),
		);
	}

	/** Whoever was owed something and never came back. */
	#lastRows(): ResultRow[] {
		const rows: ResultRow[] = [];
		for (const [file, owed] of this.#owed) {
			for (const receiverId of owed) rows.push(goneRow(file, receiverId, this.#gone.get(receiverId) ?? 'lost'));
		}
		this.#owed.clear();
		return rows;
	}

	#sorted(rows: ResultRow[]): ResultRow[] {
		return rows.sort((a, b) => this.place(a.receiverId) - this.place(b.receiverId));
	}
}

function rowOf(file: number, { receiverId, outcome, elapsedMs, freeSpaceBytes }: FileResult): ResultRow {
	return { receiverId, file, outcome, elapsedMs, freeSpaceBytes };
}

function goneRow(file: number, receiverId: number, outcome: Outcome): ResultRow {
	return { receiverId, file, outcome, elapsedMs: 0, freeSpaceBytes: undefined };
}

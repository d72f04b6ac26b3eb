/** Which receivers have how much of a job, and since when. */
import { isDelivered } from '@uftp/bus';
import type { SendingEvent } from '@uftp/endpoint/sending';

export class JobTally {
	readonly #fileCount: number;
	readonly #seconds: () => number;
	readonly #filesDone = new Map<number, number>();
	readonly #secondsOf = new Map<number, number>();

	/** `seconds`: how long the job has been running. */
	constructor(fileCount: number, seconds: () => number) {
		this.#fileCount = fileCount;
		this.#seconds = seconds;
	}

	/** Seconds from the start until a receiver had its last file. */
	get secondsOf(): ReadonlyMap<number, number> {
		return this.#secondsOf;
	}

	/** Receivers that have all files. */
	get receiversDone(): number {
		let done = 0;
		for (const count of this.#filesDone.values()) if (count >= this.#fileCount) done++;
		return done;
	}

	onEvent(event: SendingEvent): void {
		if (event.kind !== 'fileCompletedBy' || !isDelivered(event.result.outcome)) return;
		const { receiverId } = event.result;
		this.#filesDone.set(receiverId, (this.#filesDone.get(receiverId) ?? 0) + 1);
		this.#secondsOf.set(receiverId, this.#seconds());
	}
}

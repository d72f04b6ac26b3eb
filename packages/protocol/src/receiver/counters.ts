/** What a receiving node counts. The fields are touched per block, so they stand alone; rare reasons share a map. */
import { DropCounts, type DropReason } from '../drop-reason.ts';

export class Counters {
	datagrams = 0;
	blocks = 0;
	blocksNew = 0;
	blocksDuplicate = 0;
	/** No memory for another bitmap: asked for again later. */
	blocksRefused = 0;
	/** Of a group or file that is not being received. */
	blocksUnknown = 0;
	/** Section, block or length do not fit the file, or the header lies. */
	blocksInvalid = 0;
	statusesSent = 0;
	/** Blocks that STATUSes reported missing, summed. */
	naksSent = 0;
	answersSent = 0;
	readonly #dropped = new DropCounts();

	/** Counts a datagram that was dropped. */
	drop(reason: DropReason): void {
		this.#dropped.count(reason);
	}

	/** Everything as plain numbers; dropped datagrams as `dropped.<reason>`. */
	snapshot(): Record<string, number> {
		const { datagrams, blocks, blocksNew, blocksDuplicate, blocksRefused, blocksUnknown, blocksInvalid } = this;
		const { statusesSent, naksSent, answersSent } = this;
		const result: Record<string, number> = {
			datagrams,
			blocks,
			blocksNew,
			blocksDuplicate,
			blocksRefused,
			blocksUnknown,
			blocksInvalid,
			statusesSent,
			naksSent,
			answersSent,
		};
		this.#dropped.addTo(result);
		return result;
	}
}

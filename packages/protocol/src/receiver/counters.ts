/** What a receiving node counts. The fields are touched per block, so they stand alone; rare reasons share a map. */
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
	readonly #dropped = new Map<string, number>();

	/** Counts a datagram that was dropped. Reasons come from a fixed set, so the map stays small. */
	drop(reason: string): void {
		this.#dropped.set(reason, (this.#dropped.get(reason) ?? 0) + 1);
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
		for (const [reason, count] of this.#dropped) result[`dropped.${reason}`] = count;
		return result;
	}
}

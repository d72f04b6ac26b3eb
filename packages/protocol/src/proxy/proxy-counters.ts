/** What a proxy counts since its start. The fields are touched per datagram, so they stand alone; rare reasons share a map. */
export class ProxyCounters {
	/** Forwarded as they stand, towards the receivers and towards the sender; each once, however many it is sent to. */
	datagramsDown = 0;
	datagramsUp = 0;
	/** Control messages that the proxy itself dealt with. */
	datagramsHandled = 0;
	heartbeatsIn = 0;
	heartbeatAnswers = 0;
	readonly #dropped = new Map<string, number>();

	/** Counts a datagram that was dropped. Reasons come from a fixed set, so the map stays small. */
	drop(reason: string): void {
		this.#dropped.set(reason, (this.#dropped.get(reason) ?? 0) + 1);
	}

	/** Everything as plain numbers; dropped datagrams as `dropped.<reason>`. */
	snapshot(): Record<string, number> {
		const { datagramsDown, datagramsUp, datagramsHandled, heartbeatsIn, heartbeatAnswers } = this;
		const result: Record<string, number> = {
			datagramsDown,
			datagramsUp,
			datagramsHandled,
			heartbeatsIn,
			heartbeatAnswers,
		};
		for (const [reason, count] of this.#dropped) result[`dropped.${reason}`] = count;
		return result;
	}
}

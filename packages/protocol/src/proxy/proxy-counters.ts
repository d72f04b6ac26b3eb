/** What a proxy counts since its start. The fields are touched per datagram, so they stand alone; rare reasons share a map. */
import { DropCounts, type DropReason } from '../drop-reason.ts';

export class ProxyCounters {
	/** Forwarded as they stand, towards the receivers and towards the sender; each once, however many it is sent to. */
	datagramsDown = 0;
	datagramsUp = 0;
	/** Control messages that the proxy itself dealt with. */
	datagramsHandled = 0;
	heartbeatsIn = 0;
	heartbeatAnswers = 0;
	readonly #dropped = new DropCounts();

	/** Counts a datagram that was dropped. */
	drop(reason: DropReason): void {
		this.#dropped.count(reason);
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
		this.#dropped.addTo(result);
		return result;
	}
}

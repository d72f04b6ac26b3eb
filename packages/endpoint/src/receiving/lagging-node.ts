import type { Arrival, Placement, ReceiverConfig } from '@uftp/protocol';
import { ReceiverNode } from '@uftp/protocol/receiver';
import { Header, MessageType } from '@uftp/wire';

/** Sealed datagrams that are longer carry blocks; what is shorter may be a message that keeps the session alive. */
const SEALED_MESSAGE_BYTES_MAX = 512;

/**
 * A receiving node whose sink may be slower than the network: blocks for a session that lags behind are lost, as in a
 * network without room for them. The sender repeats them, and slows down if it goes by losses.
 */
export class LaggingNode extends ReceiverNode {
	readonly #sink: { readonly lagging: ReadonlySet<number> };

	constructor(config: ReceiverConfig, sink: { readonly lagging: ReadonlySet<number> }) {
		super(config);
		this.#sink = sink;
	}

	override handle(now: number, arrival: Arrival): Placement | undefined {
		return this.#sink.lagging.size > 0 && this.#isLost(arrival) ? undefined : super.handle(now, arrival);
	}

	#isLost({ bytes, headerAt, length }: Arrival): boolean {
		if (!this.#sink.lagging.has(Header.fields.groupId.get(bytes, headerAt))) return false;
		const func = bytes[headerAt + 1];
		return func === MessageType.FILESEG || (func === MessageType.ENCRYPTED && length > SEALED_MESSAGE_BYTES_MAX);
	}
}

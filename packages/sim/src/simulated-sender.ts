/** Drives a sender session on the virtual clock, with contents made up from the position in the file. */

import type { CatalogueEntry, Endpoint, SenderConfig, SenderEnd, SenderEvent } from '@uftp/protocol';
import { makeBatch, SingleArrival } from '@uftp/protocol';
import { SenderSession } from '@uftp/protocol/sender';
import { fillContent } from './content.ts';
import type { EventQueue } from './event-queue.ts';
import type { Network } from './network.ts';

export class SimulatedSender {
	readonly session: SenderSession;
	readonly events: SenderEvent[] = [];
	endedAt = Number.NaN;
	/** Datagrams that arrived. */
	heard = 0;
	readonly #queue: EventQueue;
	readonly #network: Network;
	readonly #batch = makeBatch();
	readonly #self: Endpoint;
	/** The earliest wake-up that is planned. */
	#wakeAt = Number.POSITIVE_INFINITY;

	constructor(
		queue: EventQueue,
		network: Network,
		self: Endpoint,
		config: SenderConfig,
		catalogue: readonly CatalogueEntry[],
	) {
		this.#queue = queue;
		this.#self = self;
		this.#network = network;
		this.session = new SenderSession(config, catalogue, queue.now);
	}

	get end(): SenderEnd | undefined {
		return this.session.end;
	}

	start(): void {
		this.#settle();
	}

	/** As when somebody presses Ctrl-C. */
	abort(): void {
		this.session.abort(this.#queue.now, 'Server quit, aborting all');
		this.#settle();
	}

	receive(from: Endpoint, bytes: Uint8Array, at: number, length: number): void {
		this.heard++;
		// The network may deliver these bytes twice.
		this.session.handle(this.#queue.now, new SingleArrival(from, bytes, { at, length, isShared: true }));
		this.#settle();
	}

	#settle(): void {
		const { now } = this.#queue;
		const { session } = this;
		this.#drain(now);
		while (session.pollTransmit(now, this.#batch)) {
			this.#send();
			this.#drain(now);
		}
		this.#drain(now);
		if (session.end !== undefined && Number.isNaN(this.endedAt)) this.endedAt = now;
		this.#plan(session.pollTimeout());
	}

	#drain(now: number): void {
		const { session } = this;
		for (let request = session.pollRequest(); request !== undefined; request = session.pollRequest()) {
			if (request.kind === 'openFile') session.fileOpened(now, request.file);
		}
		for (let event = session.pollEvent(); event !== undefined; event = session.pollEvent()) this.events.push(event);
	}

	#send(): void {
		const { bytes, count, stride, lastLength, file, destination } = this.#batch;
		if (file >= 0) this.#fill();
		const burst = bytes.slice(0, (count - 1) * stride + lastLength);
		for (let i = 0; i < count; i++) {
			const length = i === count - 1 ? lastLength : stride;
			this.#network.sendForward(this.#self, destination, burst, i * stride, length);
		}
	}

	#fill(): void {
		const { bytes, count, stride, file, payloadOffset, payloadBytes, lastPayloadBytes, offsets } = this.#batch;
		for (let i = 0; i < count; i++) {
			const length = i === count - 1 ? lastPayloadBytes : payloadBytes;
			fillContent(file, offsets[i], bytes, i * stride + payloadOffset, length);
		}
		this.session.seal(this.#batch);
	}

	#plan(deadline: number): void {
		if (deadline >= this.#wakeAt) return;
		this.#wakeAt = deadline;
		this.#queue.at(deadline, () => {
			if (this.#wakeAt !== deadline) return;
			this.#wakeAt = Number.POSITIVE_INFINITY;
			this.session.handleTimeout(this.#queue.now);
			this.#settle();
		});
	}
}

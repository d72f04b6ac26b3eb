/** The counters of a bus and those who listen to its status; the same for every driver. */
import type { BusStats, BusStatus } from './bus.ts';

export class StatusBoard {
	published = 0;
	delivered = 0;
	dropped = 0;
	handlerErrors = 0;
	permissionErrors = 0;
	reconnects = 0;
	readonly #listeners = new Set<(status: BusStatus) => void>();

	listen(listener: (status: BusStatus) => void): () => void {
		this.#listeners.add(listener);
		return () => {
			this.#listeners.delete(listener);
		};
	}

	/** Counts what the status says and tells the listeners. A listener that throws does not stop the others. */
	tell(status: BusStatus): void {
		if (status.type === 'dropped') this.dropped++;
		else if (status.type === 'handler-error') this.handlerErrors++;
		else if (status.type === 'permission-denied') this.permissionErrors++;
		else if (status.type === 'reconnected') this.reconnects++;
		for (const listener of [...this.#listeners]) {
			try {
				listener(status);
			} catch (error) {
				queueMicrotask(() => {
					throw error;
				});
			}
		}
	}

	stats(outbox: number): BusStats {
		const { published, delivered, dropped, handlerErrors, permissionErrors, reconnects } = this;
		return { published, delivered, dropped, handlerErrors, permissionErrors, reconnects, outbox };
	}
}

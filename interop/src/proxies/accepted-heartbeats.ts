import { setTimeout as sleep } from 'node:timers/promises';
import type { Host } from '../host.ts';
import { runInside } from '../namespace.ts';

/**
 * As bits from the start of the UDP header: byte 1 of the datagram is the function, HB_RESP, and byte 18 says that the
 * heartbeat was accepted.
 */
const pattern = '@th,72,8 15 @th,208,8 1';

/** Counts the answers of server proxies, arriving at a client proxy's host, that accept its heartbeats. */
export class AcceptedHeartbeats {
	readonly #host: Host;

	constructor(host: Host) {
		this.#host = host;
		const chain = "nft 'add chain inet faults arrivals { type filter hook prerouting priority -310; }'";
		runInside(host.namespace, `${chain}\nnft add rule inet faults arrivals meta l4proto udp ${pattern} counter\n`);
	}

	count(): number {
		const said = runInside(this.#host.namespace, 'nft list chain inet faults arrivals');
		return Number(/counter packets (\d+)/.exec(said)?.[1] ?? 0);
	}

	/** Waits for the first; throws a sentence if none comes. */
	async wait(patienceMs: number): Promise<void> {
		const untilMs = performance.now() + patienceMs;
		while (this.count() === 0) {
			if (performance.now() > untilMs) throw new Error(`no heartbeat of ${this.#host.ipv4} was accepted`);
			await sleep(50);
		}
	}
}

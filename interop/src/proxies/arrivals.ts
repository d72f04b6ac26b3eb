import { setTimeout as sleep } from 'node:timers/promises';
import type { Host } from '../host.ts';
import { runInside } from '../namespace.ts';

/**
 * What a rule looks for, as bits from the start of the UDP header: byte 1 of the datagram is the function, byte 18 of an
 * HB_RESP says whether the heartbeat was accepted.
 */
const patterns = {
	'HB_RESP that accepts': '@th,72,8 15 @th,208,8 1',
	PROXY_KEY: '@th,72,8 17',
} as const;

/** Counts messages of a kind that arrive at a host, from now on. */
export class Arrivals {
	readonly #host: Host;
	readonly #what: keyof typeof patterns;

	constructor(host: Host, what: keyof typeof patterns) {
		this.#host = host;
		this.#what = what;
		const chain = "nft 'add chain inet faults arrivals { type filter hook prerouting priority -310; }'";
		runInside(
			host.namespace,
			`${chain}\nnft add rule inet faults arrivals meta l4proto udp ${patterns[what]} counter\n`,
		);
	}

	count(): number {
		const said = runInside(this.#host.namespace, 'nft list chain inet faults arrivals');
		return Number(/counter packets (\d+)/.exec(said)?.[1] ?? 0);
	}

	/** Waits for the first; throws a sentence if none comes. */
	async wait(patienceMs: number): Promise<void> {
		const untilMs = performance.now() + patienceMs;
		while (this.count() === 0) {
			if (performance.now() > untilMs) throw new Error(`no ${this.#what} came to ${this.#host.ipv4}`);
			await sleep(50);
		}
	}
}

/** What a proxy lost since it was asked last, as a sentence for the log. */
import { assert } from '@uftp/protocol';
import type { DatagramSocket } from '../datagram-socket.ts';
import type { ProxyDriver } from './proxy-driver.ts';

export class LossWatch {
	readonly #driver: ProxyDriver;
	readonly #sockets: readonly DatagramSocket[];
	#onArrival = 0;
	#waiting = 0;
	#refused = 0;
	#unreachable = 0;

	constructor(driver: ProxyDriver, sockets: readonly DatagramSocket[]) {
		this.#driver = driver;
		this.#sockets = sockets;
	}

	/** The sentence, or undefined if nothing was lost. */
	news(): string | undefined {
		const stats = this.#sockets.map((socket) => socket.stats());
		const sum = (keys: readonly ('kernelDrops' | 'queueDrops' | 'sendErrors')[]): number =>
			stats.reduce((total, each) => total + keys.reduce((part, key) => part + each[key], 0), 0);
		const onArrival = sum(['kernelDrops', 'queueDrops']);
		const waiting = this.#driver.lostDatagrams;
		const refused = sum(['sendErrors']);
		const unreachable = this.#driver.unreachableDatagrams;
		const parts: string[] = [];
		assert(waiting >= this.#waiting && unreachable >= this.#unreachable, 'losses are counted up');
		if (onArrival > this.#onArrival) {
			parts.push(`${onArrival - this.#onArrival} that came faster than they could be sent on`);
		}
		if (waiting > this.#waiting) parts.push(`${waiting - this.#waiting} because the send buffer stayed full`);
		if (refused > this.#refused) {
			const why = stats.map(({ lastError }) => lastError).find((error) => error !== '');
			parts.push(`${refused - this.#refused} that the system refused (${why ?? 'it did not say why'})`);
		}
		if (unreachable > this.#unreachable) {
			const families = this.#sockets.map(({ family }) => `IPv${family}`).join(' and ');
			parts.push(
				`${unreachable - this.#unreachable} for addresses that this proxy cannot reach: it speaks ${families}`,
			);
		}
		this.#unreachable = unreachable;
		this.#onArrival = onArrival;
		this.#waiting = waiting;
		this.#refused = refused;
		return parts.length === 0 ? undefined : `Packets were lost at this proxy: ${parts.join('; ')}.`;
	}
}

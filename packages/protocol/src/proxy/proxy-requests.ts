/**
 * What a proxy asks of its shell. The queue is bounded: a join that is withdrawn before the shell has fetched it leaves
 * no trace, so that at most one join waits for each session, and one leave for each group that the shell is in.
 */
import { assert } from '../assert.ts';
import { type FaultRequest, RequestQueue } from '../shared/request-queue.ts';
import type { ProxyRequest } from './proxy-port.ts';

export class ProxyRequests {
	readonly #queue = new RequestQueue<Exclude<ProxyRequest, FaultRequest>>();
	/** Sessions whose group has been asked for and not been given back. */
	readonly #joined = new Set<number>();

	poll(): ProxyRequest | undefined {
		return this.#queue.poll();
	}

	join(groupId: number, group: string, source: string | undefined): void {
		assert(!this.#joined.has(groupId), 'a session joins its group once');
		this.#joined.add(groupId);
		this.#queue.push({ kind: 'joinGroup', groupId, group, source });
	}

	/** Does nothing for a session that has joined no group. */
	leave(groupId: number): void {
		if (!this.#joined.delete(groupId)) return;
		if (this.#queue.withdraw((waiting) => waiting.kind === 'joinGroup' && waiting.groupId === groupId)) return;
		assert(!this.#joined.has(groupId), 'a group is left once');
		this.#queue.push({ kind: 'leaveGroup', groupId });
	}

	/** False, and nothing said, when more faults wait than anybody can want to read. */
	fault(groupId: number | undefined, error: unknown): boolean {
		return this.#queue.fault(groupId, error);
	}
}

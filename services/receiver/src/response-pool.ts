/**
 * Which response proxy this receiver answers through, where several share the work: the registry says which there are,
 * rendezvous hashing which of them is ours. Without a registry the one that was configured stays, or none.
 */
import { assignReplica, type Bus, type Replica, type ResponsePool, type Subjects } from '@uftp/bus';
import { parseResolveAnswer, parseResponsePool } from '@uftp/bus/schemas';
import type { Logger } from '@uftp/service-kit';

/** How long the registry may take to answer; it will publish what changes later in any case. */
const RESOLVE_MS = 2000;

/** What is to be done about it. */
export interface ResponseProxyUser {
	/** New sessions answer through this one; undefined: through the configured one, or straight to the sender. */
	assign(replica: Replica | undefined): void;
	/** It is gone: sessions in flight must not wait for it. Comes before the `assign` that follows. */
	lost(replica: Replica): void;
}

export interface PoolMemberOptions {
	readonly bus: Bus;
	readonly subjects: Subjects;
	readonly logger: Logger;
	readonly uid: string;
	readonly pool: string;
	readonly user: ResponseProxyUser;
}

export class PoolMember {
	readonly #options: PoolMemberOptions;
	readonly #stops: (() => void)[];
	readonly #epochs = new Map<string, number>();
	#assigned: Replica | undefined;
	/** Replicas that it had before and that were still there: sessions may go on through them. */
	#former: readonly Replica[] = [];

	/** Listens from now on, and asks the registry once. */
	constructor(options: PoolMemberOptions) {
		this.#options = options;
		const { bus, subjects, pool } = options;
		const subscription = bus.subscribe(subjects.responsePool(pool), (message) => this.#hear(message.data));
		const unlisten = bus.onStatus((status) => {
			if (status.type === 'reconnected') void this.#ask();
		});
		this.#stops = [() => subscription.unsubscribe(), unlisten];
		void this.#ask();
	}

	get assigned(): Replica | undefined {
		return this.#assigned;
	}

	stop(): void {
		for (const stop of this.#stops) stop();
	}

	async #ask(): Promise<void> {
		const { bus, subjects, pool, uid } = this.#options;
		try {
			const answer = await bus.request(subjects.registryResolve, { v: 1, pool, uid }, { timeoutMs: RESOLVE_MS });
			const parsed = parseResolveAnswer(answer.data);
			if (parsed.ok && parsed.value.ok) this.#take(parsed.value.pool);
			else this.#complain(parsed.ok ? 'it did not understand the question' : parsed.problem);
		} catch (error) {
			// Nobody there, or too slow: what changes is published, and until then nothing changes.
			this.#complain((error as Error).message);
		}
	}

	#complain(why: string): void {
		const { logger, pool } = this.#options;
		logger.warn(`The registry does not say which response proxies the pool "${pool}" has (${why}): nothing changes.`);
	}

	#hear(data: Uint8Array): void {
		const parsed = parseResponsePool(data);
		if (parsed.ok) this.#take(parsed.value);
		else this.#complain(parsed.problem);
	}

	#take({ registry, epoch, settled, replicas }: ResponsePool): void {
		const known = this.#epochs.get(registry);
		if (known !== undefined && epoch < known) return;
		this.#epochs.set(registry, epoch);
		const was = this.#assigned;
		// It may not have heard of all of them yet: good for a first choice, not for a change.
		if (!settled && was !== undefined) return;
		const { user, uid, logger } = this.#options;
		const isThere = (one: Replica) => replicas.some((replica) => isSame(replica, one));
		for (const one of was === undefined ? this.#former : [...this.#former, was]) {
			if (isThere(one)) continue;
			logger.warn(`${describe(one)} is gone.`);
			user.lost(one);
		}
		this.#former = this.#former.filter(isThere);
		const now = assignReplica(uid, replicas);
		if (was !== undefined && now !== undefined && isSame(was, now)) return;
		if (was === undefined && now === undefined) return;
		this.#assigned = now;
		if (was !== undefined && isThere(was)) this.#former = [...this.#former, was];
		if (now !== undefined) this.#former = this.#former.filter((one) => !isSame(one, now));
		logger.info(
			now === undefined
				? 'There is no response proxy at present.'
				: `${describe(now)} takes the answers of new sessions.`,
		);
		user.assign(now);
	}
}

/** The same program, started once, at the same place. */
function isSame(a: Replica, b: Replica): boolean {
	return a.id === b.id && a.instance === b.instance && a.address === b.address && a.port === b.port;
}

function describe({ id, uid, address, port }: Replica): string {
	return `The response proxy ${id} (${uid}) at ${address}, port ${port}`;
}

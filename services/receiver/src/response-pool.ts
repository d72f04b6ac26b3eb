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
	/** It is gone: sessions in flight must not wait for it. Comes after the `assign` of the one in its place. */
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

	#take({ registry, epoch, settled, replicas, gone: instancesGone = [] }: ResponsePool): void {
		const known = this.#epochs.get(registry);
		if (known !== undefined && epoch < known) return;
		this.#epochs.set(registry, epoch);
		const was = this.#assigned;
		const { user, uid, logger } = this.#options;
		const isThere = (one: Replica) => replicas.some((replica) => isSame(replica, one));
		// A registry that has just started may not have heard of all of them yet.
		const isGone = (one: Replica) => (settled ? !isThere(one) : instancesGone.includes(one.instance));
		const before = was === undefined ? this.#former : [...this.#former, was];
		const isLeaving = (one: Replica) => replicas.some((each) => isSame(each, one) && each.draining === true);
		const isChoosing = settled || was === undefined || isGone(was) || isLeaving(was);
		const now = isChoosing ? assignReplica(uid, replicas) : was;
		const isOther = now === undefined || was === undefined ? now !== was : !isSame(was, now);
		this.#assigned = now;
		this.#former = before.filter((one) => !isGone(one) && (now === undefined || !isSame(one, now)));
		if (isOther) {
			const news =
				now === undefined
					? 'There is no response proxy at present.'
					: `Answers of new sessions go to ${describe(now)}.`;
			logger.info(news);
			user.assign(now);
		}
		for (const gone of before.filter(isGone)) {
			logger.warn(`Gone: ${describe(gone)}.`);
			user.lost(gone);
		}
	}
}

/** The same program, started once, at the same place. */
function isSame(a: Replica, b: Replica): boolean {
	return a.id === b.id && a.instance === b.instance && a.address === b.address && a.port === b.port;
}

function describe({ id, uid, address, port }: Replica): string {
	return `the response proxy ${id} (${uid}) at ${address}, port ${port}`;
}

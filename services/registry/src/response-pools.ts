/** Which response proxies there are, pool by pool, out of the heartbeats; and which of them serves a receiver. */
import { assignReplica, type Heartbeat, type Replica, type ResolveAnswer, type ResponsePool } from '@uftp/bus';
import { maxReplicas, parseResolveRequest } from '@uftp/bus/schemas';
import type { PresenceTable } from './presence-table.ts';

/** The pool of replicas that name none. */
const DEFAULT_POOL = 'default';
/** Pools that are remembered, so that their epochs go on rising when they are empty for a while. */
const POOLS_MAX = 1000;
/** Whoever is there has spoken by then, as often as most nodes speak. */
const SETTLED_MS = 20_000;

export class ResponsePools {
	readonly #registry: string;
	readonly #table: PresenceTable;
	readonly #pools = new Map<string, ResponsePool>();

	/** `registry`: id of this registry. */
	constructor(registry: string, table: PresenceTable) {
		this.#registry = registry;
		this.#table = table;
	}

	/**
	 * Looks again; returns the pools that have changed. `listeningMs`: how long this registry has heard heartbeats;
	 * `wallMs`: milliseconds since 1970, so that epochs go on rising when the registry starts again.
	 */
	update(listeningMs: number, wallMs: number): ResponsePool[] {
		const settled = listeningMs >= SETTLED_MS;
		const found = this.#replicas();
		const changed: ResponsePool[] = [];
		for (const name of new Set([...this.#pools.keys(), ...found.keys()])) {
			const replicas = found.get(name) ?? [];
			const known = this.#pools.get(name);
			if (known !== undefined && known.settled === settled && isSame(known.replicas, replicas)) continue;
			if (known === undefined && this.#pools.size >= POOLS_MAX) continue;
			const epoch = Math.max((known?.epoch ?? 0) + 1, Math.floor(wallMs));
			const gone = settled ? [] : goneOf(known, replicas);
			const pool: ResponsePool = {
				v: 1,
				registry: this.#registry,
				pool: name,
				epoch,
				settled,
				replicas,
				...(gone.length === 0 ? {} : { gone }),
			};
			this.#pools.set(name, pool);
			changed.push(pool);
		}
		return changed;
	}

	/** Answers `uftp.registry.resolve`. */
	resolve(request: unknown): ResolveAnswer {
		const parsed = parseResolveRequest(request);
		if (!parsed.ok) return { ok: false, error: { code: 'bad-question', message: parsed.problem.slice(0, 1000) } };
		const { pool: name, uid } = parsed.value;
		const pool = this.#pools.get(name) ?? this.#empty(name);
		const assigned = assignReplica(uid, pool.replicas);
		return { ok: true, v: 1, pool, ...(assigned === undefined ? {} : { assigned }) };
	}

	#empty(pool: string): ResponsePool {
		return { v: 1, registry: this.#registry, pool, epoch: 0, settled: false, replicas: [] };
	}

	/** The live response proxies by pool. One that has no UID, address or port cannot be answered to. */
	#replicas(): Map<string, Replica[]> {
		const pools = new Map<string, Replica[]>();
		for (const [, { heartbeat, presence }] of this.#table.current('proxy')) {
			if (heartbeat.proxy?.mode !== 'response' || presence === 'lost') continue;
			const replica = replicaOf(heartbeat, presence === 'draining');
			if (replica === undefined) continue;
			const name = heartbeat.proxy.pool ?? DEFAULT_POOL;
			const replicas = pools.get(name);
			if (replicas === undefined) pools.set(name, [replica]);
			else if (replicas.length < maxReplicas) replicas.push(replica);
		}
		return pools;
	}
}

function replicaOf(heartbeat: Heartbeat, isDraining: boolean): Replica | undefined {
	const { id, instance, uid, port, keys } = heartbeat;
	const [address] = heartbeat.addresses;
	if (uid === undefined || address === undefined || port === undefined || port === 0) return undefined;
	const fingerprint = keys?.[0]?.fingerprint;
	return {
		id,
		instance,
		uid,
		address,
		port,
		...(fingerprint === undefined ? {} : { fingerprint }),
		...(isDraining ? { draining: true } : {}),
	};
}

/** Instances that were there since this registry listens, and are not any more: the last of them. */
function goneOf(known: ResponsePool | undefined, replicas: readonly Replica[]): string[] {
	const there = new Set(replicas.map(({ instance }) => instance));
	const before = [...(known?.gone ?? []), ...(known?.replicas ?? []).map(({ instance }) => instance)];
	return before.filter((instance) => !there.has(instance)).slice(-maxReplicas);
}

function isSame(a: readonly Replica[], b: readonly Replica[]): boolean {
	return JSON.stringify(a) === JSON.stringify(b);
}

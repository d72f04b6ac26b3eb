/** Response proxies that share receivers: a pool of replicas (`uftp.registry.pool.<pool>`, `uftp.registry.resolve`). */
import { z } from 'zod';
import { count, fingerprint, nodeId, problem, uid } from './words.ts';

/** Name of a pool: a token of its subject. */
export const poolName = nodeId;

/** Most replicas of one pool. */
export const maxReplicas = 256;

/** One replica: where receivers answer to, and the key that it must show. */
export const replica = z.strictObject({
	id: nodeId,
	/** One start of the program: after a restart it knows nothing of earlier sessions. */
	instance: nodeId,
	uid,
	address: z.string().max(64),
	port: z.int().min(1).max(65_535),
	fingerprint: fingerprint.optional(),
	/** It takes no new receivers, but serves those that it has. */
	draining: z.boolean().optional(),
});

export const responsePool = z.strictObject({
	v: z.literal(1),
	/** Who says so. */
	registry: nodeId,
	pool: poolName,
	/** Rises with every change that this registry has seen, and when it starts again. */
	epoch: count,
	/** The registry has listened for long enough: who is not listed is gone. Before, it may only not have been heard yet. */
	settled: z.boolean(),
	replicas: z.array(replica).max(maxReplicas),
	/** Before it is settled: instances that it has heard, and that are gone all the same. */
	gone: z.array(nodeId).max(maxReplicas).optional(),
});

export const resolveRequest = z.strictObject({ v: z.literal(1), pool: poolName, uid });

export const resolveAnswer = z.discriminatedUnion('ok', [
	z.strictObject({
		ok: z.literal(true),
		v: z.literal(1),
		pool: responsePool,
		/** The replica for this receiver; missing if there is none. */
		assigned: replica.optional(),
	}),
	z.strictObject({ ok: z.literal(false), error: problem }),
]);

export type Replica = z.output<typeof replica>;
export type ResponsePool = z.output<typeof responsePool>;
export type ResolveRequest = z.output<typeof resolveRequest>;
export type ResolveAnswer = z.output<typeof resolveAnswer>;

/** Question and answer of `uftp.registry.list`: who is there. */
import { z } from 'zod';
import { roles } from '../subjects.ts';
import { heartbeat } from './heartbeat.ts';
import { count, nodeId, problem, time, uid } from './words.ts';

/** Most nodes in one answer: it has to fit into one message. */
export const maxRegistryPage = 500;

/** What to list; an empty payload asks for everybody who is there. */
export const registryListRequest = z.strictObject({
	v: z.literal(1),
	role: z.enum(roles).optional(),
	uids: z.array(uid).max(10_000).optional(),
	/** Only those that listen to this multicast group. */
	group: z.string().max(64).optional(),
	/** Also those that fell silent; else only `alive`, `suspect` and `draining`. */
	lost: z.boolean().optional(),
	limit: z.int().min(1).max(maxRegistryPage).optional(),
	/** Continue behind this one: `next` of the answer before. */
	after: z.string().max(160).optional(),
});

/** `suspect` after two missed heartbeats, `lost` after three, `draining` since it said so. */
export const presence = z.enum(['alive', 'suspect', 'lost', 'draining']);

export const registryNode = z.strictObject({
	presence,
	/** By the clock of the registry. */
	firstSeen: time,
	lastSeen: time,
	ageMs: count,
	/** Other instances that answer with the same id at the same time. */
	duplicates: z
		.array(z.strictObject({ instance: nodeId, host: z.string().max(255) }))
		.max(16)
		.optional(),
	heartbeat,
});

export const registryListAnswer = z.discriminatedUnion('ok', [
	z.strictObject({
		ok: z.literal(true),
		v: z.literal(1),
		registry: nodeId,
		/** How long this registry has listened: below three heartbeat intervals it may not know everybody yet. */
		listeningMs: count,
		nodes: z.array(registryNode).max(maxRegistryPage),
		/** All that match, also those on other pages. */
		total: count,
		next: z.string().max(160).optional(),
	}),
	z.strictObject({ ok: z.literal(false), error: problem }),
]);

export type RegistryListRequest = z.output<typeof registryListRequest>;
export type RegistryListAnswer = z.output<typeof registryListAnswer>;
export type RegistryNode = z.output<typeof registryNode>;
export type Presence = z.output<typeof presence>;

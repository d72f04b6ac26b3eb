/** Where a downstream proxy is, as its server proxy has proved it (`uftp.pinhole.<server proxy>.<client proxy>`). */
import { z } from 'zod';
import { count, fingerprint, nodeId, time, uid } from './words.ts';

/** The three kinds of proxies. */
export const proxyMode = z.enum(['server', 'client', 'response']);

/**
 * Published only after the downstream has signed: an address that somebody else claims is no address. Whoever may read this
 * sees where people are; events carry the network only.
 */
export const pinhole = z.strictObject({
	v: z.literal(1),
	/** Id of the server proxy on the bus, and its UID. */
	serverProxy: nodeId,
	uid,
	/** UID of the downstream proxy, and the key that it has proved to own. */
	clientProxy: uid,
	fingerprint,
	/** Where it is heard from, and where everything for it is sent. */
	address: z.string().max(64),
	port: z.int().min(1).max(65_535),
	state: z.enum(['open', 'expired']),
	/** Since when it is there, and when it was heard last. */
	observedAt: time,
	lastSeen: time,
	/** So long after `lastSeen` nothing is sent there any more. */
	ttlMs: count,
	/** How often it has moved since the server proxy started: a NAT that keeps no mapping shows here. */
	changes: count,
});

export type Pinhole = z.output<typeof pinhole>;

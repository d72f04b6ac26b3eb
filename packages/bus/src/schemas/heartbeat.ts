/** What a node says about itself in `uftp.hb.<role>.<id>`: at once, every `intervalMs`, on change, and when it leaves. */
import { z } from 'zod';
import { roles } from '../subjects.ts';
import { count, fingerprint, nodeId, time, uid } from './words.ts';

const address = z.string().max(64);

export const networkInterface = z.strictObject({
	name: z.string().max(64),
	addresses: z.array(address).max(64),
	mtu: count.optional(),
	multicast: z.boolean().optional(),
});

/** A public key, for encrypted sessions. */
export const publicKey = z.strictObject({
	/** "EC, secp256r1", "RSA, 2048 bits". */
	kind: z.string().max(64),
	fingerprint,
	/** As it travels in UFTP, in base64. */
	publicKey: z.base64().max(1024),
});

export const heartbeat = z.strictObject({
	v: z.literal(1, 'must be 1: no other version is known here'),
	role: z.enum(roles),
	id: nodeId,
	/** One start of the program: another one with the same id is a restart or a second node. */
	instance: nodeId,
	/** Counts the heartbeats of this instance, from 1. */
	seq: count,
	version: z.string().max(64),
	host: z.string().max(255),
	pid: count.optional(),
	startedAt: time,
	intervalMs: z.int().min(100).max(3_600_000),
	/** UFTP's id of a sender, receiver or proxy. */
	uid: uid.optional(),
	/** Addresses that it answers from, and the interfaces that it uses. */
	addresses: z.array(address).max(64),
	interfaces: z.array(networkInterface).max(64),
	/** Multicast groups that it listens to (receivers) or announces on (senders), and the port. */
	groups: z.array(address).max(64),
	port: count.max(65_535).optional(),
	/** Where a receiver stores files. */
	destination: z.string().max(4096).optional(),
	/** Roots whose files a sender can send: labels, not folders. */
	roots: z.array(z.string().max(64)).max(256).optional(),
	disk: z.strictObject({ freeBytes: count, totalBytes: count }).optional(),
	load: z
		.strictObject({ sessions: count, queuedJobs: count.optional(), rateBytesPerSecond: z.number().min(0).optional() })
		.optional(),
	/** Its keys, the preferred one first: who lists one on a curve can take part in encrypted sessions. */
	keys: z.array(publicKey).max(8).optional(),
	proxy: z
		.strictObject({
			/** Which of the three kinds. */
			mode: z.enum(['server', 'client', 'response']),
			/** Response proxies of one pool share its receivers. */
			pool: nodeId.optional(),
			/** Whose answers it gathers at present, in all sessions; server proxies gather none. */
			receivers: count.optional(),
		})
		.optional(),
	/** What it can do beyond UFTP 4.10: "grace", "resume", ... */
	caps: z.array(z.string().regex(/^[a-z][a-z0-9-]{0,31}$/)).max(64),
	/** Always true: told apart from heartbeats of UFTP's own, which a proxy may bring to the bus. */
	ours: z.literal(true),
	/** It is about to leave: give it no new work. */
	draining: z.boolean().optional(),
});

export type Heartbeat = z.output<typeof heartbeat>;
export type NodePublicKey = z.output<typeof publicKey>;
export type NetworkInterface = z.output<typeof networkInterface>;

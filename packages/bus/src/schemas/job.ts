/**
 * What `uftp.jobs.send` takes. Version 1 is final in shape: `{v, id?, files, to, proxies, options, labels}`. What later versions
 * of the program add are further selectors in `to` and further options, which older ones refuse by name.
 */
import { z } from 'zod';
import { fingerprint, jobId, labels, problem, relativePath, sessionEncryption, uid } from './words.ts';

/** Largest number of entries in `files` and in `to.uids`. A folder counts as one entry. */
export const maxJobFiles = 10_000;
export const maxJobUids = 10_000;
/** Largest number of proxies. */
export const maxJobProxies = 1000;

/** Longest name on the wire, in bytes (docs/protocol.md, section 4.7). */
const maxWireNameBytes = 300;
const maxPathBytes = 4096;

/** When sessions are encrypted. */
export const encryptionModes = ['auto', 'always', 'never'] as const;

/** One file, folder or link to send. */
export const jobFile = z.strictObject({
	/** Which of the sender's roots: a label that its configuration maps to a folder. */
	root: z
		.string()
		.regex(/^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$/, 'a root is a label: 1 to 64 of A-Z, a-z, 0-9, ".", "_", "-"'),
	/** Where below the root; "." is the root itself. */
	path: relativePath(maxPathBytes),
	/** Name at the receivers, if it is not the last name of the path. */
	as: relativePath(maxWireNameBytes).optional(),
});

/** Who gets it. Absent: everyone who registers (an open group). Given: exactly those (a closed group). */
export const jobTargets = z
	.strictObject({
		uids: z
			.array(uid)
			.min(1)
			.max(maxJobUids)
			.refine((list) => new Set(list).size === list.length, 'a UID stands there twice')
			.optional(),
	})
	.refine((to) => Object.values(to).some((value) => value !== undefined), {
		message: 'names nobody: give "uids", or leave "to" out to send to everyone who registers',
	});

/** A proxy through which receivers may answer. */
export const jobProxy = z.strictObject({
	uid,
	/** Of the key that it must have. Without it, that of its first encrypted session here counts. */
	fingerprint: fingerprint.optional(),
});

/** How to send. What is absent is as the sender is configured. */
export const jobOptions = z
	.strictObject({
		/** Rate in Kbps (1 Kbps = 1024 bit/s); -1: as fast as the receivers can take it. */
		rateKbps: z
			.int()
			.min(-1)
			.max(2 ** 30)
			.refine((rate) => rate !== 0, 'must be at least 1, or -1 for as fast as the receivers can take it'),
		/**
		 * How the rate follows what the receivers report, instead of `rateKbps`: "tfmcc", with bounds in Kbps
		 * "tfmcc:min=512:init=2000:max=20000"; "none": it does not.
		 */
		congestion: z
			.string()
			.max(100)
			.regex(/^(none|tfmcc)(:[a-z0-9=]*)*$/, 'must be "none" or "tfmcc", the latter with bounds as ":max=20000"'),
		/**
		 * A file that takes longer than so many percent of what its bytes take at the rate (100 Mbit/s where the rate is
		 * -1) ends the session for everybody. Without it nothing but silence does. Not with congestion control.
		 */
		maxTimePercent: z.int().min(110).max(10_000),
		/** A file may always take so long: this outranks `maxTimePercent`. 10 if absent. */
		minTimeSeconds: z.int().min(0).max(3600),
		/** Bytes of a file in one datagram. */
		blockSize: z.int().min(512).max(8800),
		/** UFTP's robustness factor: how often what is not answered is repeated. */
		robust: z.int().min(10).max(50),
		/** First estimate of the group round trip time, and its bounds. */
		grttSeconds: z.number().min(0.001).max(1000),
		minGrttSeconds: z.number().min(0.001).max(1000),
		maxGrttSeconds: z.number().min(0.001).max(1000),
		/** How long a receiver of ours may be silent before it counts as lost. */
		graceSeconds: z.number().min(0).max(86_400),
		/** Send what symbolic links point to (within the root) instead of the links. */
		followLinks: z.boolean(),
		/** Group (or, for unicast, address) of the announcement, and group of the session. */
		publicAddress: z.union([z.ipv4(), z.ipv6()], 'must be an IPv4 or IPv6 address'),
		privateAddress: z.union([z.ipv4(), z.ipv6()], 'must be an IPv4 or IPv6 address'),
		/**
		 * Whether the session is encrypted: when every receiver that is expected can (auto), always, or never. Encrypted
		 * sessions authenticate their receivers.
		 */
		encryption: z.enum(encryptionModes),
		/** The receivers of `to` need not be known to the registry: for programs that are not on the bus. */
		unlisted: z.boolean(),
		port: z.int().min(1).max(65_535),
		ttl: z.int().min(1).max(255),
	})
	.partial();

/** A job as it is published. */
export const job = z.strictObject({
	v: z.literal(1, 'must be 1: no other version is known here'),
	/** The caller's own id: sending the same job twice sends it once. Absent: the sender makes one. */
	id: jobId.optional(),
	files: z.array(jobFile).min(1, 'names no file').max(maxJobFiles),
	to: jobTargets.optional(),
	/** Needed where `to` names receivers that answer through proxies. Absent: those of the sender's configuration. */
	proxies: z
		.array(jobProxy)
		.max(maxJobProxies)
		.refine((list) => new Set(list.map((proxy) => proxy.uid)).size === list.length, 'a proxy stands there twice')
		.optional(),
	options: jobOptions.optional(),
	labels: labels.optional(),
});

/** A job as callers write it. */
export type JobInput = z.input<typeof job>;
/** A job that has been checked: UIDs in their canonical form. */
export type Job = z.output<typeof job>;
export type JobFile = z.output<typeof jobFile>;
export type JobTargets = z.output<typeof jobTargets>;
export type JobOptions = z.output<typeof jobOptions>;

/** What a sender answers to a job that was sent as a request. */
export const jobAnswer = z.discriminatedUnion('ok', [
	z.strictObject({ ok: z.literal(true), job: jobId, encryption: sessionEncryption.optional() }),
	z.strictObject({ ok: z.literal(false), error: problem, encryption: sessionEncryption.optional() }),
]);
export type JobAnswer = z.output<typeof jobAnswer>;

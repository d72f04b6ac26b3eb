/**
 * What stands in `uftp.events.<kind>`: CloudEvents 1.0 as structured JSON. The kind is the subject's last token, the
 * phase is in the body: subject `uftp.events.file`, type `uftp.file.completed.v1`.
 *
 * Events inform; they are not a ledger: core NATS delivers them at most once. `sequence` counts per source and
 * instance from 1, so that a listener notices what it missed.
 */
import { z } from 'zod';
import { jobStates, outcomes } from '../outcome.ts';
import { eventKinds } from '../subjects.ts';
import { proxyMode } from './pinhole.ts';
import {
	count,
	fingerprint,
	jobId,
	labels,
	nodeId,
	problem,
	sentence,
	sessionEncryption,
	sessionId,
	time,
	uid,
} from './words.ts';

export const outcome = z.enum(outcomes);

/** How a job, or one file of it, ended at one receiver. */
export const receiverResult = z.strictObject({
	uid,
	outcome,
	/** Where it answers from, and its name if a heartbeat told it. */
	address: z.string().max(64).optional(),
	host: z.string().max(255).optional(),
	/** UID of the proxy through which it answered. */
	via: uid.optional(),
	reason: sentence.optional(),
	/** Files that it has of those of the job. */
	files: count.optional(),
	bytes: count.optional(),
	/** From the start of the job until it had everything. */
	seconds: z.number().min(0).optional(),
});
export type ReceiverResult = z.output<typeof receiverResult>;

/** A file of a job, as the sender found it. */
const announcedFile = z.strictObject({ fileId: count.optional(), name: z.string().max(1200), size: count });

/** A job's way through its states; `receivers` stands in the last event. */
export const jobEvent = z.strictObject({
	phase: z.enum(jobStates),
	job: jobId,
	session: sessionId.optional(),
	labels: labels.optional(),
	/** At most the first 1000 of the files; `fileCount` counts all. */
	files: z.array(announcedFile).max(1000).optional(),
	fileCount: count.optional(),
	totalBytes: count.optional(),
	/** UIDs that the job names; absent for everyone who registers. */
	targets: z.array(uid).optional(),
	receivers: z.array(receiverResult).optional(),
	seconds: z.number().min(0).optional(),
	/** How its session is encrypted: as planned until it runs. */
	encryption: sessionEncryption.optional(),
	error: problem.optional(),
});

/** A session on the network, as its sender or one of its receivers sees it. */
export const sessionEvent = z.strictObject({
	phase: z.enum(['announced', 'started', 'completed', 'aborted']),
	session: sessionId,
	job: jobId.optional(),
	publicAddress: z.string().max(64).optional(),
	privateAddress: z.string().max(64).optional(),
	port: count.max(65_535).optional(),
	/** UID of the sender. */
	sender: uid.optional(),
	open: z.boolean().optional(),
	blockSize: count.optional(),
	rateKbps: z.int().min(-1).optional(),
	/** The rate follows what the receivers report; absent: it does not. */
	congestion: z.enum(['tfmcc']).optional(),
	grttMs: z.number().min(0).optional(),
	receivers: count.optional(),
	files: count.optional(),
	bytes: count.optional(),
	seconds: z.number().min(0).optional(),
	/** "ecdh_ecdsa, aes256-gcm, sha256, authenc"; "none" in the clear. */
	encryption: z.string().max(100).optional(),
	/** Why it is in the clear although nobody asked for that. */
	inTheClear: sentence.optional(),
	reason: sentence.optional(),
});

/** One file within a session. */
export const fileEvent = z.strictObject({
	phase: z.enum(['started', 'pass', 'completed', 'failed']),
	session: sessionId,
	job: jobId.optional(),
	fileId: count,
	name: z.string().max(1200),
	size: count,
	/** Pass that begins now, from 1. */
	pass: count.optional(),
	naks: count.optional(),
	seconds: z.number().min(0).optional(),
	rateBytesPerSecond: z.number().min(0).optional(),
	/** At a receiver: how it ended there. */
	outcome: outcome.optional(),
	/** At a sender: how it ended at each. */
	receivers: z.array(receiverResult).optional(),
	/** Where a receiver stored it, relative to its destination. */
	storedAs: z.string().max(4096).optional(),
	reason: sentence.optional(),
});

/** How far a job is; at most one a second for each file, and always the first and the last. */
export const progressEvent = z.strictObject({
	phase: z.literal('sampled'),
	session: sessionId,
	job: jobId.optional(),
	fileId: count.optional(),
	name: z.string().max(1200).optional(),
	/** Bytes that every receiver which is still there has, of all files of the job. */
	bytes: count,
	totalBytes: count,
	percent: z.number().min(0).max(100),
	rateBytesPerSecond: z.number().min(0),
	/** Until the last receiver has everything; absent while that cannot be told. */
	etaSeconds: z.number().min(0).optional(),
	pass: count.optional(),
	receivers: count,
	receiversDone: count,
	slowest: z.strictObject({ uid, percent: z.number().min(0).max(100).optional() }).optional(),
});

/** A receiver in a session. */
export const receiverEvent = z.strictObject({
	phase: z.enum(['joined', 'completed', 'moved', 'lost', 'aborted', 'duplicate']),
	uid,
	session: sessionId.optional(),
	job: jobId.optional(),
	address: z.string().max(64).optional(),
	host: z.string().max(255).optional(),
	/** For `duplicate`: where the other one with this UID answers from. */
	otherAddress: z.string().max(64).optional(),
	otherHost: z.string().max(255).optional(),
	/** UIDs of the proxies through which it answers, and the other one with its UID (`duplicate`); of the one before (`moved`). */
	via: uid.optional(),
	otherVia: uid.optional(),
	previousVia: uid.optional(),
	/** For `joined` in an encrypted session: of the key that it has proved to own. */
	fingerprint: fingerprint.optional(),
	reason: sentence.optional(),
});

/** A proxy, and what it does for one session. */
export const proxyEvent = z.strictObject({
	phase: z.enum(['up', 'down', 'started', 'aggregated', 'ended']),
	/** UID of the proxy. */
	uid,
	mode: proxyMode,
	session: sessionId.optional(),
	/** UID of the sender, and where its packets come from. */
	sender: uid.optional(),
	outcome: z.enum(['completed', 'silent', 'aborted', 'interrupted', 'internal']).optional(),
	reason: sentence.optional(),
	/** Receivers that it answers for; 0 at a server proxy, which does not look. */
	receivers: count.optional(),
	/** Packets that went on towards the receivers; answers that came, and what went to the sender for them. */
	datagramsDown: count.optional(),
	messagesIn: count.optional(),
	messagesOut: count.optional(),
	/** How long answers were held to go together: all of them, and the longest. */
	heldMs: z.number().min(0).optional(),
	heldMsMax: z.number().min(0).optional(),
});

/** Where a downstream proxy is: it was found, it moved, it is gone. Addresses are masked: they are somebody's connection. */
export const pinholeEvent = z.strictObject({
	phase: z.enum(['created', 'moved', 'expired']),
	/** UIDs of the server proxy and of the one downstream. */
	uid,
	downstream: uid,
	fingerprint: fingerprint.optional(),
	/** "203.0.113.0/24", "2001:db8:1::/48". */
	network: z.string().max(64),
	previousNetwork: z.string().max(64).optional(),
});

export const eventData = {
	job: jobEvent,
	session: sessionEvent,
	file: fileEvent,
	progress: progressEvent,
	receiver: receiverEvent,
	proxy: proxyEvent,
	pinhole: pinholeEvent,
} as const;

/** The data of each kind. */
export interface EventDataByKind {
	job: z.output<typeof jobEvent>;
	session: z.output<typeof sessionEvent>;
	file: z.output<typeof fileEvent>;
	progress: z.output<typeof progressEvent>;
	receiver: z.output<typeof receiverEvent>;
	proxy: z.output<typeof proxyEvent>;
	pinhole: z.output<typeof pinholeEvent>;
}

/** The envelope without its data. */
export const envelope = z.strictObject({
	specversion: z.literal('1.0'),
	id: z.string().min(1).max(64),
	/** "/uftp/<role>/<id>". */
	source: z.string().regex(/^\/[A-Za-z0-9._-]+\/(sender|receiver|proxy|registry)\/[A-Za-z0-9_-]{1,64}$/),
	/** "uftp.<kind>.<phase>.v1". */
	type: z.string().regex(/^uftp\.[a-z]+\.[a-z]+\.v[0-9]+$/),
	time,
	datacontenttype: z.literal('application/json'),
	/** Counts the events of this source and instance, from 1; ten digits, so that text order is number order. */
	sequence: z.string().regex(/^[0-9]{10}$/),
	/** One start of the source. */
	instance: nodeId,
	subject: z.string().max(128).optional(),
	traceparent: z.string().max(64).optional(),
});

type EventOf<Kind extends keyof EventDataByKind> = z.output<typeof envelope> & {
	readonly kind: Kind;
	readonly data: EventDataByKind[Kind];
};

/** An event that has been checked; `kind` is taken from its type, so that a switch on it narrows `data`. */
export type UftpEvent = { [Kind in keyof EventDataByKind]: EventOf<Kind> }[keyof EventDataByKind];

/** An event as it is published: without `kind`, which its type tells. */
export type EventEnvelope = z.output<typeof envelope> & { readonly data: EventDataByKind[keyof EventDataByKind] };

/** Kinds and phases of a type such as "uftp.file.completed.v1"; undefined for one that is not known. */
export function kindOfType(type: string): { kind: keyof EventDataByKind; phase: string; version: number } | undefined {
	const [, kind, phase, version] = type.match(/^uftp\.([a-z]+)\.([a-z]+)\.v([0-9]+)$/) ?? [];
	const known = eventKinds.find((name) => name === kind);
	if (known === undefined || phase === undefined) return undefined;
	return { kind: known, phase, version: Number(version) };
}

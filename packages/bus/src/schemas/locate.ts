/**
 * Question and answer of `uftp.ctl.locate.<sender>`: under which roots a sender sees files that a program on the same
 * host names by their absolute paths. Folders of roots are never told, only what lies in them and was named.
 */
import { z } from 'zod';
import { jobFile, maxJobFiles } from './job.ts';
import { problem } from './words.ts';

export const locateRequest = z.strictObject({
	v: z.literal(1),
	/** Host that the paths are of, as in heartbeats: a sender on another one refuses. */
	host: z.string().max(255),
	paths: z.array(z.string().regex(/^\//, 'a path must be absolute').max(4096)).min(1).max(maxJobFiles),
});

export const locateAnswer = z.discriminatedUnion('ok', [
	/** One entry for each path, in their order. */
	z.strictObject({ ok: z.literal(true), files: z.array(jobFile.omit({ as: true })) }),
	z.strictObject({ ok: z.literal(false), error: problem }),
]);

export type LocateRequest = z.output<typeof locateRequest>;
export type LocateAnswer = z.output<typeof locateAnswer>;

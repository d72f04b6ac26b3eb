/**
 * Question and answer of `uftp.ctl.cancel.<sender>`: ends one job of that sender. The answer says that it will end; how
 * it has ended at each receiver stands in its last event, `uftp.job.cancelled.v1`.
 */
import { z } from 'zod';
import { jobId, problem } from './words.ts';

export const cancelRequest = z.strictObject({
	v: z.literal(1, 'must be 1: no other version is known here'),
	job: jobId,
	/** Who does so, for logs, events and receivers: "alice on build-7". */
	by: z
		.string()
		.min(1)
		.max(100)
		.regex(/^[^\p{Cc}]*$/u, 'must be text without control characters')
		.optional(),
});

export const cancelAnswer = z.discriminatedUnion('ok', [
	/** `waiting`: it was not sent at all. `running`: its receivers are told to give up. */
	z.strictObject({ ok: z.literal(true), job: jobId, was: z.enum(['waiting', 'running']) }),
	z.strictObject({ ok: z.literal(false), error: problem }),
]);

export type CancelRequest = z.output<typeof cancelRequest>;
export type CancelAnswer = z.output<typeof cancelAnswer>;

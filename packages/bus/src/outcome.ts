/**
 * How a file ended at a receiver, and how a job ended as a whole. The words are part of the bus's contract: they stand
 * in events and in what the commands print.
 */

export const outcomes = [
	'verified',
	'received',
	'skipped',
	'rejected',
	'overwritten',
	'mute',
	'lost',
	'aborted',
	'mismatch',
] as const;

/**
 * - `verified`: it has the file, and its own digest of what it stored is the sender's;
 * - `received`: it has the file (it reported it complete);
 * - `skipped`: it had the same file already;
 * - `overwritten`: it has the file, in place of another one of that name;
 * - `rejected`: it did not want the file;
 * - `mute`: it never registered;
 * - `lost`: it registered and then fell silent;
 * - `aborted`: the session ended for it before the file was complete;
 * - `mismatch`: it stored something else: the digests differ.
 */
export type Outcome = (typeof outcomes)[number];

const delivered: ReadonlySet<string> = new Set(['verified', 'received', 'skipped', 'overwritten'] satisfies Outcome[]);

/** True if the receiver has the file now. */
export function isDelivered(outcome: Outcome): boolean {
	return delivered.has(outcome);
}

export const jobStates = ['accepted', 'running', 'succeeded', 'partial', 'failed', 'cancelled'] as const;

/** `accepted` (it waits for its turn), `running`, and then one of the four ends. */
export type JobState = (typeof jobStates)[number];

/** True if nothing more happens to a job in this state. */
export function isFinal(state: JobState): boolean {
	return state !== 'accepted' && state !== 'running';
}

/** The end of a job: `succeeded` if every receiver has everything, `failed` if none has (or there was none). */
export function jobEnd(receivers: readonly Outcome[]): 'succeeded' | 'partial' | 'failed' {
	const have = receivers.filter(isDelivered).length;
	if (have === 0) return 'failed';
	return have === receivers.length ? 'succeeded' : 'partial';
}

/** Worst first: what a receiver's line says when its files ended differently. */
const severity: readonly Outcome[] = [
	'mismatch',
	'lost',
	'aborted',
	'mute',
	'rejected',
	'received',
	'overwritten',
	'verified',
	'skipped',
];

/** The worst of several outcomes of one receiver; `received` also for none. */
export function worstOutcome(files: readonly Outcome[]): Outcome {
	let worst = files.length === 0 ? severity.indexOf('received') : severity.length - 1;
	for (const outcome of files) worst = Math.min(worst, severity.indexOf(outcome));
	return severity[worst] as Outcome;
}

/**
 * How far a job is, from snapshots of its session. What counts is what the slowest receiver has that is still there:
 * an estimate while a pass runs (what was sent, less what was reported missing), exact at the end of each file.
 */
import type { EventDataByKind } from '@uftp/bus';
import type { SenderProgress } from '@uftp/protocol';
import { fileIdOf } from '@uftp/protocol/sender';
import { formatUid } from '@uftp/wire';

/** The rate is that of this window. */
const WINDOW_MS = 3000;
/** Until a session is over, somebody may still need something. */
const MAX_PERCENT_BEFORE_END = 99.9;

export interface ProgressFacts {
	readonly session: string;
	readonly job: string;
	readonly blockBytes: number;
	/** Sizes and names of the catalogue. */
	readonly files: readonly { readonly name: string; readonly size: number }[];
	readonly totalBytes: number;
}

export type ProgressSample = EventDataByKind['progress'];

export class JobProgress {
	readonly #facts: ProgressFacts;
	readonly #samples: { readonly ms: number; readonly bytes: number }[] = [];
	#bytes = 0;

	constructor(facts: ProgressFacts, nowMs: number) {
		this.#facts = facts;
		this.#samples.push({ ms: nowMs, bytes: 0 });
	}

	/** `receiversDone`: those that have all files. */
	sample(nowMs: number, progress: SenderProgress, receiversDone: number): ProgressSample {
		const { session, job, files, totalBytes, blockBytes } = this.#facts;
		const present = progress.receivers.filter(
			({ state }) => state !== 'mute' && state !== 'lost' && state !== 'aborted',
		);
		const isOver = progress.phase === 'ended' && present.length > 0 && receiversDone >= present.length;
		let slowest: SenderProgress['receivers'][number] | undefined;
		for (const each of present) if (each.missingBlocks > (slowest?.missingBlocks ?? 0)) slowest = each;
		const sent = progress.filesBytesDone + sentBytes(progress, files[progress.file]?.size ?? 0);
		const missing = progress.pass <= 1 ? (slowest?.missingBlocks ?? 0) * blockBytes : 0;
		// Estimates waver; what a receiver has does not become less.
		this.#bytes = Math.max(this.#bytes, Math.min(totalBytes, isOver ? totalBytes : Math.max(0, sent - missing)));
		const rateBytesPerSecond = this.#rate(nowMs);
		const percent = isOver ? 100 : Math.min(MAX_PERCENT_BEFORE_END, share(this.#bytes, totalBytes));
		const left = totalBytes - this.#bytes;
		const file = files[progress.file];
		return {
			phase: 'sampled',
			session,
			job,
			...(file === undefined ? {} : { fileId: fileIdOf(progress.file), name: file.name }),
			bytes: this.#bytes,
			totalBytes,
			percent: Math.round(percent * 10) / 10,
			rateBytesPerSecond: Math.round(rateBytesPerSecond),
			...(rateBytesPerSecond > 0 && !isOver ? { etaSeconds: Math.round((left / rateBytesPerSecond) * 10) / 10 } : {}),
			...(progress.pass > 0 ? { pass: progress.pass } : {}),
			receivers: present.length,
			receiversDone,
			...(slowest === undefined || present.length < 2 ? {} : { slowest: slowestOf(slowest, sent, this.#facts) }),
		};
	}

	#rate(nowMs: number): number {
		this.#samples.push({ ms: nowMs, bytes: this.#bytes });
		while (this.#samples.length > 2 && nowMs - (this.#samples[1]?.ms ?? nowMs) >= WINDOW_MS) this.#samples.shift();
		const oldest = this.#samples[0] ?? { ms: nowMs, bytes: this.#bytes };
		const ms = nowMs - oldest.ms;
		return ms <= 0 ? 0 : ((this.#bytes - oldest.bytes) * 1000) / ms;
	}
}

/** Bytes of the current file that everybody has been sent at least once and, from the second pass on, again if needed. */
function sentBytes(progress: SenderProgress, size: number): number {
	if (progress.phase !== 'transfer') return 0;
	return progress.pass <= 1 ? progress.passBytes : size - Math.max(0, progress.passBytesTotal - progress.passBytes);
}

function slowestOf(
	{ receiverId, missingBlocks }: SenderProgress['receivers'][number],
	sent: number,
	{ blockBytes, totalBytes }: ProgressFacts,
): { uid: string; percent: number } {
	const has = Math.max(0, sent - missingBlocks * blockBytes);
	return { uid: formatUid(receiverId), percent: Math.round(share(has, totalBytes) * 10) / 10 };
}

function share(part: number, whole: number): number {
	return whole === 0 ? 0 : Math.min(100, (part / whole) * 100);
}

/** What a lab shows while its job runs: the steps of the session with their times, and a live line of progress. */
import type { EventDataByKind } from '@uftp/bus';
import type { SeenEvent } from './jobs/job-watch.ts';
import { progressText } from './jobs/progress-text.ts';
import { bytesText, countText, type LiveLine, printable, say } from './terminal.ts';

/** Receivers that get a line of their own; of more, only the count is shown. */
const NAMED_RECEIVERS = 8;

export class LabTimeline {
	readonly #live: LiveLine;
	#startedMs: number | undefined;
	#joined = 0;

	constructor(live: LiveLine) {
		this.#live = live;
	}

	take({ kind, envelope }: SeenEvent): void {
		// The times of the events themselves: when they are shown says more about this terminal.
		const atMs = Date.parse(envelope.time);
		this.#startedMs ??= atMs;
		const step = stepText(kind, envelope.data, () => ++this.#joined);
		const after = `+${((atMs - this.#startedMs) / 1000).toFixed(3)} s`.padStart(10);
		if (kind === 'progress') {
			this.#live.show(`${after}  ${progressText(envelope.data as EventDataByKind['progress'])}`);
		} else if (step !== undefined) {
			this.#live.keep();
			say(`${after}  ${printable(step)}`);
		}
	}
}

/** One step for people; undefined for what is not worth a line. */
function stepText(
	kind: SeenEvent['kind'],
	data: SeenEvent['envelope']['data'],
	count: () => number,
): string | undefined {
	if (kind === 'session') return sessionStep(data as EventDataByKind['session']);
	if (kind === 'file') return fileStep(data as EventDataByKind['file']);
	if (kind !== 'receiver') return undefined;
	const { phase, uid, reason } = data as EventDataByKind['receiver'];
	if (phase === 'joined') return count() <= NAMED_RECEIVERS ? `${uid} registers` : undefined;
	return `${uid} ${phase}${reason === undefined ? '' : `: ${reason}`}`;
}

function sessionStep({
	phase,
	session,
	publicAddress,
	privateAddress,
	receivers,
}: EventDataByKind['session']): string | undefined {
	if (phase === 'announced') {
		return `session ${session} is announced on ${publicAddress}; its data will go to ${privateAddress}`;
	}
	if (phase === 'started') return `${countText(receivers ?? 0, 'receiver')} in the session: the data begins`;
	return phase === 'completed' ? 'the session is over' : 'the session was aborted';
}

function fileStep({ phase, name, size, pass, naks, receivers, seconds }: EventDataByKind['file']): string | undefined {
	if (phase === 'started') return undefined;
	if (phase === 'pass')
		return `pass ${pass}: what ${countText(naks ?? 0, 'report')} of missing blocks asked for is sent again`;
	if (phase === 'failed') return `nobody got ${name}`;
	return `${name} (${bytesText(size)}) is complete at ${countText(receivers?.length ?? 0, 'receiver')}, ${seconds?.toFixed(3)} s after it began`;
}

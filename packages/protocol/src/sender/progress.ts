/** A snapshot of a sending session for progress lines. */
import type { SenderProgress } from '../events.ts';
import { Completion } from './completion.ts';
import type { SenderContext } from './context.ts';
import { FileRound } from './file-round.ts';
import type { Itinerary } from './itinerary.ts';
import type { Phase } from './phase.ts';
import { Registration } from './registration.ts';
import type { Member } from './roster.ts';

export function senderProgress(
	context: SenderContext,
	phase: Phase | undefined,
	itinerary: Itinerary,
	isEnded: boolean,
): SenderProgress {
	const round = phase instanceof FileRound ? phase : undefined;
	const [sent, total] = round?.passBlocks ?? [0, 0];
	const { blockBytes } = context.config;
	const size = round === undefined ? 0 : context.catalogue[round.file].size;
	return {
		phase: isEnded ? 'ended' : phaseName(phase, itinerary),
		file: round?.file ?? -1,
		pass: round?.pass ?? 0,
		passBytes: Math.min(sent * blockBytes, size),
		passBytesTotal: Math.min(total * blockBytes, size),
		filesBytesDone: itinerary.filesBytesDone,
		filesBytesTotal: itinerary.filesBytesTotal,
		rateBytesPerSecond: context.pacer.rateBytesPerSecond,
		answersHandled: context.answersHandled,
		receivers: [...context.roster.all()].map((member) => ({
			receiverId: member.id,
			state: memberState(member),
			missingBlocks: member.missingBlocks,
		})),
	};
}

function phaseName(phase: Phase | undefined, itinerary: Itinerary): SenderProgress['phase'] {
	if (phase instanceof Registration) return 'announce';
	if (phase instanceof Completion) return 'completion';
	if (phase instanceof FileRound && !phase.isFresh) return 'catchUp';
	if (phase instanceof FileRound && phase.isSending) return 'transfer';
	return itinerary.isFreshOver ? 'catchUp' : 'file';
}

function memberState(member: Member): SenderProgress['receivers'][number]['state'] {
	if (member.state !== 'registered') return member.state;
	if (member.isAway) return 'away';
	if (member.fileState === 'none') return 'registered';
	return member.fileState;
}

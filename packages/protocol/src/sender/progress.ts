/** A snapshot of a sending session for progress lines. */
import { assert } from '../assert.ts';
import type { SenderProgress } from '../events.ts';
import type { Member } from './membership/members.ts';
import type { SenderParts } from './parts.ts';
import type { Phase } from './phase.ts';
import { FileRound } from './transfer/file-round.ts';
import type { FileSchedule } from './transfer/file-schedule.ts';

type Parts = Pick<SenderParts, 'config' | 'catalogue' | 'roster' | 'rate'>;

/** What `senderProgress` looks at besides the parts of the session. */
export interface Course {
	readonly phase: Phase | undefined;
	readonly schedule: FileSchedule;
	readonly answersHandled: number;
	readonly isEnded: boolean;
}

export function senderProgress({ config, catalogue, roster, rate }: Parts, course: Course): SenderProgress {
	const { phase, schedule, answersHandled } = course;
	const round = phase instanceof FileRound ? phase : undefined;
	const [sent, total] = round?.passBlocks ?? [0, 0];
	const { blockBytes } = config;
	assert(sent <= total, 'a pass has sent more than it has');
	const size = round === undefined ? 0 : catalogue[round.file].size;
	return {
		phase: phaseName(course),
		file: round?.file ?? -1,
		pass: round?.pass ?? 0,
		passBytes: Math.min(sent * blockBytes, size),
		passBytesTotal: Math.min(total * blockBytes, size),
		filesBytesDone: schedule.filesBytesDone,
		filesBytesTotal: schedule.filesBytesTotal,
		rateBytesPerSecond: rate.pacer.rateBytesPerSecond,
		answersHandled,
		receivers: [...roster.all()].map((member) => ({
			receiverId: member.id,
			state: memberState(member),
			missingBlocks: member.missingBlocks,
		})),
	};
}

function phaseName({ phase, schedule, isEnded }: Course): SenderProgress['phase'] {
	if (isEnded) return 'ended';
	if (phase?.name === 'registering') return 'announce';
	if (phase?.name === 'completing') return 'completion';
	if (phase instanceof FileRound && !phase.isFresh) return 'catchUp';
	if (phase instanceof FileRound && phase.isSending) return 'transfer';
	return schedule.isFreshOver ? 'catchUp' : 'file';
}

function memberState(member: Member): SenderProgress['receivers'][number]['state'] {
	const { state, fileState } = member;
	if (state !== 'present' && state !== 'finished') return state;
	return fileState === 'none' ? 'registered' : fileState;
}

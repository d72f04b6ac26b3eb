/** What becomes of files: which have blocks, and what a COMPLETE says of one. */
import type { Outcome } from '../../events.ts';
import { CompleteStatus, FileType } from '../../ports.ts';

/** Deletions and the like never carry blocks. */
export function hasBlocks(type: FileType): boolean {
	return type === FileType.Regular;
}

/** What a COMPLETE's status says of the file. */
export function outcomeOf(status: number): Outcome {
	switch (status) {
		case CompleteStatus.Skipped:
			return 'skipped';
		case CompleteStatus.Overwritten:
			return 'overwritten';
		case CompleteStatus.Rejected:
			return 'rejected';
		default:
			return 'received';
	}
}

/** What a receiver does with a regular file that it may have already (docs/protocol.md, section 7.3). Pure. */
import { CompleteStatus } from '@uftp/protocol';

/** What stands under the name now. */
export interface ExistingFile {
	readonly regular: boolean;
	readonly size: number;
	readonly modifiedSeconds: number;
}

/**
 * The status for an offered regular file. Without sync mode whatever is there is replaced and nothing is said about it;
 * in sync mode the newer modification time wins, and equal times mean the same file only if the sizes are equal too.
 */
export function statusOf(
	offered: { readonly size: number; readonly modifiedSeconds: number | undefined; readonly sync: boolean },
	existing: ExistingFile | undefined,
): CompleteStatus {
	if (!offered.sync || existing === undefined) return CompleteStatus.Normal;
	// As in C: what has no time counts as very old.
	const modifiedSeconds = offered.modifiedSeconds ?? 0;
	if (modifiedSeconds < existing.modifiedSeconds) return CompleteStatus.Skipped;
	if (modifiedSeconds > existing.modifiedSeconds) return CompleteStatus.Overwritten;
	return existing.regular && existing.size === offered.size ? CompleteStatus.Skipped : CompleteStatus.Overwritten;
}

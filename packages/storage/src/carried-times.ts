/** Times of files that not every receiver gets as they are. */
import { isPlainTime, MODIFIED_SECONDS_MAX } from '@uftp/wire';
import type { SourceEntry } from './catalogue-entry.ts';

/** A sentence for the times that no receiver gets, and one for those that only receivers of this project get. */
export function timeWarnings(entries: readonly SourceEntry[]): string[] {
	const lost: SourceEntry[] = [];
	const special: SourceEntry[] = [];
	for (const entry of entries) {
		const { modifiedSeconds: seconds } = entry;
		if (seconds === undefined || isPlainTime(seconds)) continue;
		(Math.abs(seconds) > MODIFIED_SECONDS_MAX ? lost : special).push(entry);
	}
	const warnings: string[] = [];
	if (lost.length > 0) {
		warnings.push(`The time of ${named(lost)} is too far away to be sent: receivers set that of the arrival.`);
	}
	if (special.length > 0) {
		warnings.push(
			`The time of ${named(special)} is that of 1970-01-01, before 1902 or after 2037: receivers of UFTP 4.x set another one.`,
		);
	}
	return warnings;
}

function named(entries: readonly SourceEntry[]): string {
	const others = entries.length - 1;
	return others === 0 ? entries[0].shown : `${entries[0].shown} and ${others} other file${others === 1 ? '' : 's'}`;
}

/** The senders that -S allows, and the groups that go with it. */

import { type ListedSender, readSenderList as readList } from '@uftp/endpoint/identity';
import { addressFamily } from '@uftp/wire';
import { asCommandError } from '../drop-in/list-lines.ts';

export type { ListedSender } from '@uftp/endpoint/identity';

/** Reads -S. Throws a `CommandError` (exit 1). */
export async function readSenderList(given: string): Promise<readonly ListedSender[]> {
	try {
		return await readList(given);
	} catch (error) {
		throw asCommandError(error);
	}
}

/** Whether a group is source-specific: 232/8, or ff3x with the flags of a prefix-based address, as in C. */
export function isSourceSpecific(group: string): boolean {
	if (addressFamily(group) === 4) return group.startsWith('232.');
	return /^ff3[0-9a-f]:/i.test(group);
}

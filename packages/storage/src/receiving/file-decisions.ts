/** What a receiver answers to the description of a file, apart from taking it. */
import { CompleteStatus, type FileDecision, type IncomingFile } from '@uftp/protocol';
import { UnreachableDirectory } from '../directory-handle.ts';
import { because, codeOf } from '../failure.ts';
import { quoted } from '../wire-name.ts';

export function rejected(reason: string): FileDecision {
	return { kind: 'answer', status: CompleteStatus.Rejected, reason };
}

export function answered(
	reason: string,
	status: CompleteStatus = CompleteStatus.Normal,
): { kind: 'answer'; status: CompleteStatus; reason: string } {
	return { kind: 'answer', status, reason };
}

/** A full disk ends the session, as with the C receiver; everything else concerns this file only. */
export function failed(file: IncomingFile, error: unknown): FileDecision {
	const code = codeOf(error);
	if (code === 'ENOSPC' || code === 'EDQUOT')
		return { kind: 'abort', reason: `Not enough disk space: ${because(error)}` };
	if (code === 'EFBIG') {
		return { kind: 'abort', reason: `Not enough disk space: the file system takes no file of ${file.size} bytes` };
	}
	if (error instanceof UnreachableDirectory) return rejected(error.message);
	return rejected(`${quoted(file.name)} cannot be made: ${because(error)}`);
}

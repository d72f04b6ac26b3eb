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

/** Whatever is wrong concerns this file only. */
export function failed(file: IncomingFile, error: unknown): FileDecision {
	if (error instanceof UnreachableDirectory) return rejected(error.message);
	if (codeOf(error) === 'EFBIG') {
		return rejected(`Not enough disk space: the file system takes no file of ${file.size} bytes (EFBIG)`);
	}
	return rejected(`${quoted(file.name)} cannot be made: ${because(error)}`);
}

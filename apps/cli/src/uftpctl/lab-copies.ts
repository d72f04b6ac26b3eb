/** Checks what the receivers of a lab stored, and shows it as a table. */
import { join } from 'node:path';
import type { ReceiverResult } from '@uftp/bus';
import { sha256OfFile } from '@uftp/storage';
import type { LabStage } from './lab-stage.ts';
import { columns, printable } from './terminal.ts';

export interface CheckedCopy {
	readonly uid: string;
	readonly result: ReceiverResult | undefined;
	/** Digest of its file, or undefined if there is none. */
	readonly sha256: string | undefined;
	readonly isIdentical: boolean;
	readonly path: string;
}

/** Reads every copy from the disk. `uids` are the receivers in the order of their folders. */
export async function checkCopies(
	stage: LabStage,
	uids: readonly string[],
	results: readonly ReceiverResult[],
): Promise<{ original: string; copies: CheckedCopy[] }> {
	const original = await sha256OfFile(join(stage.rootFolder, stage.fileName));
	const copies: CheckedCopy[] = [];
	for (const [i, uid] of uids.entries()) {
		const path = join(stage.receiverFolders[i] as string, stage.fileName);
		const sha256 = await digestOf(path);
		const result = results.find((each) => each.uid === uid);
		copies.push({ uid, result, sha256, isIdentical: sha256 === original, path });
	}
	return { original, copies };
}

/** One row per receiver. */
export function copiesTable(copies: readonly CheckedCopy[]): string {
	const rows = copies.map(({ uid, result, sha256, isIdentical, path }) => [
		uid,
		result?.outcome ?? 'unknown',
		result?.seconds === undefined ? '-' : `${result.seconds.toFixed(3)} s`,
		sha256 === undefined ? 'no file' : `${sha256.slice(0, 16)}... ${isIdentical ? 'identical' : 'DIFFERENT'}`,
		result?.reason === undefined ? path : `${path}  (${printable(result.reason)})`,
	]);
	return columns([['RECEIVER', 'OUTCOME', 'AFTER', 'SHA-256 OF ITS COPY', 'STORED AS'], ...rows]);
}

async function digestOf(path: string): Promise<string | undefined> {
	try {
		return await sha256OfFile(path);
	} catch (error) {
		if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
		throw error;
	}
}

/** The files that a session is through with: a sender that missed the COMPLETE is answered again. */
import { assert } from '../../assert.ts';
import type { CompleteStatus } from '../../ports.ts';

/** What tells one file of a session from another besides its 16-bit id, which a long session uses again. */
export interface FileIdentity {
	readonly type: number;
	readonly name: string;
	readonly link: string;
	readonly size: number;
}

/** FNV-1a over the identity: 32 bits stand for it, so that 65,535 remembered files cost numbers only. */
export function identityHash(file: FileIdentity): number {
	const text = `${file.type}/${file.size}/${file.name}\0${file.link}`;
	let hash = 0x811c9dc5;
	for (let i = 0; i < text.length; i++) hash = Math.imul(hash ^ text.charCodeAt(i), 0x01000193);
	return hash >>> 0;
}

/** Bounded by the file ids themselves: at most 65,535 entries. */
export class FinishedFiles {
	/** By file id: hash * 4 + status. */
	readonly #entries = new Map<number, number>();
	/** Answers to free-space requests, by file id. */
	readonly #freeSpaceBytes = new Map<number, number>();

	get count(): number {
		return this.#entries.size;
	}

	add(fileId: number, hash: number, status: CompleteStatus, freeSpaceBytes?: number): void {
		assert(fileId > 0 && fileId <= 0xffff, 'a file id has 16 bits, and 0 is the session');
		assert(status >= 0 && status < 4, 'two bits hold a status');
		this.#entries.set(fileId, hash * 4 + status);
		if (freeSpaceBytes === undefined) this.#freeSpaceBytes.delete(fileId);
		else this.#freeSpaceBytes.set(fileId, freeSpaceBytes);
	}

	/** The file id stands for another file from now on. */
	forget(fileId: number): void {
		this.#entries.delete(fileId);
		this.#freeSpaceBytes.delete(fileId);
	}

	status(fileId: number): CompleteStatus | undefined {
		const entry = this.#entries.get(fileId);
		return entry === undefined ? undefined : ((entry % 4) as CompleteStatus);
	}

	isSameFile(fileId: number, hash: number): boolean {
		const entry = this.#entries.get(fileId);
		return entry !== undefined && Math.trunc(entry / 4) === hash;
	}

	freeSpaceBytes(fileId: number): number | undefined {
		return this.#freeSpaceBytes.get(fileId);
	}
}

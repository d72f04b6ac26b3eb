/**
 * Which key each receiver has: pinned when it is used first, or by hand. A text file that `uftp -H @FILE` takes too, so
 * that all tools of a machine know the same receivers; beside it, one with the keys that are refused for ever.
 */
import { mkdirSync, renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { formatFingerprint, parseFingerprint } from '@uftp/crypto';
import { formatUid, parseUid } from '@uftp/wire';
import { readLines } from './lists/list-file.ts';

const KNOWN = 'known-receivers';
const REVOKED = 'revoked-keys';
const KNOWN_HEAD = '# Keys of receivers: UID|fingerprint. Pinned at first use.\n';
const REVOKED_HEAD = '# Keys that are refused: UID|fingerprint.\n';

/** The fingerprints of the keys that nodes have shown at first, kept in a folder. */
export class KnownKeys {
	readonly #folder: string;
	/** Fingerprints as text, by the receiver's id. */
	readonly #known: Map<number, string>;
	readonly #revoked: Map<string, number>;

	private constructor(folder: string, known: Map<number, string>, revoked: Map<string, number>) {
		this.#folder = folder;
		this.#known = known;
		this.#revoked = revoked;
	}

	/** Reads both files of a state directory; those that are not there are empty. Throws a sentence if one is damaged. */
	static read(folder: string): KnownKeys {
		const known = new Map<number, string>();
		for (const [id, print] of linesOf(join(folder, KNOWN))) known.set(id, print);
		const revoked = new Map<string, number>();
		for (const [id, print] of linesOf(join(folder, REVOKED))) revoked.set(print, id);
		return new KnownKeys(folder, known, revoked);
	}

	/** Ids and fingerprints, sorted by id. */
	get all(): readonly (readonly [id: number, fingerprint: string])[] {
		return [...this.#known].sort(([a], [b]) => a - b);
	}

	get revoked(): readonly (readonly [id: number, fingerprint: string])[] {
		return [...this.#revoked].map(([print, id]) => [id, print] as const);
	}

	/** "4A:0F:...", or undefined for a receiver that is not known. */
	of(id: number): string | undefined {
		return this.#known.get(id);
	}

	isRevoked(fingerprint: string): boolean {
		return this.#revoked.has(fingerprint);
	}

	/** Ties receivers to keys if they are not tied to any yet, and returns those that were not, with their keys. */
	pin(keys: ReadonlyMap<number, Uint8Array>): readonly (readonly [id: number, fingerprint: string])[] {
		const fresh = [...keys]
			.filter(([id]) => !this.#known.has(id))
			.map(([id, bytes]) => [id, formatFingerprint(bytes)] as const);
		for (const [id, print] of fresh) this.#known.set(id, print);
		if (fresh.length > 0) this.#writeKnown();
		return fresh;
	}

	/** Ties a receiver to a key, whatever was known before; a key that was revoked counts again. */
	trust(id: number, fingerprint: Uint8Array): void {
		const print = formatFingerprint(fingerprint);
		this.#known.set(id, print);
		this.#revoked.delete(print);
		this.#write();
	}

	/** Refuses a key from now on, and forgets who had it. */
	revoke(id: number, fingerprint: Uint8Array): void {
		const print = formatFingerprint(fingerprint);
		this.#revoked.set(print, id);
		for (const [known, other] of this.#known) if (other === print) this.#known.delete(known);
		this.#write();
	}

	#writeKnown(): void {
		mkdirSync(this.#folder, { recursive: true, mode: 0o700 });
		const known = this.all.map(([id, print]) => `${formatUid(id)}|${print}\n`);
		replace(join(this.#folder, KNOWN), KNOWN_HEAD + known.join(''));
	}

	#write(): void {
		this.#writeKnown();
		const revoked = this.revoked.map(([id, print]) => `${formatUid(id)}|${print}\n`);
		replace(join(this.#folder, REVOKED), REVOKED_HEAD + revoked.join(''));
	}
}

function replace(path: string, text: string): void {
	const temporary = `${path}.${process.pid}.new`;
	writeFileSync(temporary, text);
	renameSync(temporary, path);
}

function linesOf(path: string): [number, string][] {
	let lines: readonly string[];
	try {
		lines = readLines(path);
	} catch (error) {
		if ((error as NodeJS.ErrnoException).code === 'ENOENT') return [];
		throw new Error(`The list of keys ${path} cannot be read: ${(error as Error).message}.`);
	}
	const entries: [number, string][] = [];
	for (const [i, line] of lines.entries()) {
		const trimmed = line.trim();
		if (trimmed === '' || trimmed.startsWith('#')) continue;
		const [id = '', print = ''] = trimmed.split('|');
		const uid = parseUid(id.trim());
		const fingerprint = parseFingerprint(print.trim());
		if (uid === undefined || fingerprint === undefined) {
			throw new Error(`Line ${i + 1} of the list of keys ${path} is not UID|fingerprint: mend it or remove it.`);
		}
		entries.push([uid, formatFingerprint(fingerprint)]);
	}
	return entries;
}

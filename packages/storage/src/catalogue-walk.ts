/** The walk over files and directories that makes a catalogue. */
import fs from 'node:fs';
import { type CatalogueEntry, FileType, SectionMap } from '@uftp/protocol';
import { DEFAULT_BLOCK_BYTES, MAX_NAME_BYTES } from '@uftp/wire';
import type {
	Catalogue,
	CatalogueOptions,
	CatalogueProblem,
	CatalogueProblemKind,
	FileContent,
	SourceEntry,
} from './catalogue-entry.ts';
import { because, codeOf } from './failure.ts';
import { isInside, type SourceRoot, shownInRoot } from './source-root.ts';
import { linkTarget, namesIn, realPath, systemPath } from './system-path.ts';
import { isLonger, quoted } from './wire-name.ts';

/** One argument on its way: what its entries have in common. */
interface Errand {
	readonly argument: number;
	/** Length of the path of the argument's parent: what `excluded` is compared with starts there. */
	readonly parentLength: number;
	/** How the argument itself was given, for sentences. */
	readonly shown: string;
	readonly absolute: string;
	/** Its directory is resolved: no symbolic link in it. */
	readonly root: SourceRoot | undefined;
}

export class CatalogueWalk {
	readonly #entries: SourceEntry[] = [];
	readonly #problems: CatalogueProblem[] = [];
	readonly #names = new Set<string>();
	readonly #follow: boolean;
	readonly #excluded: ReadonlySet<string>;
	readonly #blockBytes: number;
	readonly #maxEntries: number;
	#totalBytes = 0;
	#full = false;

	constructor(options: CatalogueOptions) {
		this.#follow = options.followLinks === true;
		this.#excluded = options.excluded ?? new Set();
		this.#blockBytes = options.blockBytes ?? DEFAULT_BLOCK_BYTES;
		this.#maxEntries = options.maxEntries ?? 1_000_000;
	}

	result(): Catalogue {
		return { entries: this.#entries, problems: this.#problems, totalBytes: this.#totalBytes };
	}

	report(kind: CatalogueProblemKind, argument: number, sentence: string): void {
		this.#problems.push({ kind, argument, sentence });
	}

	/** An argument that has no file behind it. The same name may also be sent: what is deleted may come anew. */
	request(argument: number, request: 'delete' | 'freeSpace', shown: string, name: string): void {
		if (name === '') {
			this.report('name', argument, `${shown} is not sent: it names nothing to delete.`);
			return;
		}
		const type = request === 'delete' ? FileType.Delete : FileType.FreeSpace;
		const entry = { type, name, size: 0, modifiedSeconds: undefined, link: '' };
		this.#entries.push({ ...entry, sourcePath: '', shown, root: undefined, follow: false });
	}

	/** An argument whose bytes come from a function. */
	content(argument: number, content: FileContent, shown: string, name: string): void {
		const { size, modifiedSeconds, permissions, read } = content;
		const errand: Errand = { argument, parentLength: 0, shown, absolute: '', root: undefined };
		if (name === '') {
			this.#fail(errand, 'name', '', 'is skipped: it has no name');
			return;
		}
		const map = SectionMap.of(size, this.#blockBytes);
		if (typeof map === 'string') {
			this.#fail(errand, 'size', '', `is skipped: ${map}`);
			return;
		}
		const entry = { type: FileType.Regular, name, size, modifiedSeconds, link: '', read };
		if (this.#add(errand, '', permissions === undefined ? entry : { ...entry, permissions })) this.#totalBytes += size;
	}

	/** Walks one argument; yields now and then so that a caller can give others a turn. */
	*argument(
		argument: number,
		absolute: string,
		shown: string,
		name: string,
		root: SourceRoot | undefined,
	): Generator<void> {
		const parentLength = absolute.lastIndexOf('/') + 1;
		const errand: Errand = { argument, parentLength, shown, absolute, root };
		yield* this.#visit(errand, absolute, name, []);
	}

	/** Returns whether anything under `absolute` was taken into the catalogue. */
	*#visit(errand: Errand, absolute: string, name: string, above: readonly string[]): Generator<void, boolean> {
		if (this.#full || this.#excluded.has(absolute.slice(errand.parentLength))) return false;
		const stats = this.#statOf(errand, absolute);
		if (stats === undefined) return false;
		if (stats.isSymbolicLink()) return this.#addLink(errand, absolute, name);
		if (stats.isDirectory()) return yield* this.#directory(errand, absolute, name, above, stats);
		if (stats.isFile()) return this.#addRegular(errand, absolute, name, stats);
		return this.#fail(errand, 'special', absolute, 'is skipped: it is a pipe, a socket or a device, not a file');
	}

	*#directory(
		errand: Errand,
		absolute: string,
		name: string,
		above: readonly string[],
		stats: fs.Stats,
	): Generator<void, boolean> {
		const identity = `${stats.dev}:${stats.ino}`;
		if (above.includes(identity)) {
			return this.#fail(errand, 'loop', absolute, 'is skipped: it is a symbolic link to a directory that contains it');
		}
		let children: string[];
		try {
			children = namesIn(systemPath(absolute));
		} catch (error) {
			return this.#fail(errand, 'unreadable', absolute, `is skipped: ${because(error)}`);
		}
		const inside = [...above, identity];
		let taken = false;
		for (const child of children.sort(byCodeUnit)) {
			const path = absolute === '/' ? `/${child}` : `${absolute}/${child}`;
			if (yield* this.#visit(errand, path, name === '' ? child : `${name}/${child}`, inside)) taken = true;
			yield;
		}
		// What holds nothing that can be sent still exists at the receivers; "." itself needs no entry.
		if (taken || name === '') return taken;
		return this.#add(errand, absolute, {
			type: FileType.EmptyDirectory,
			name,
			size: 0,
			modifiedSeconds: undefined,
			link: '',
		});
	}

	#statOf(errand: Errand, absolute: string): fs.Stats | undefined {
		let stats: fs.Stats | undefined;
		try {
			stats = fs.lstatSync(systemPath(absolute));
			if (!this.#follow || !stats.isSymbolicLink()) return stats;
			stats = fs.statSync(systemPath(absolute));
			if (errand.root === undefined || isInside(errand.root.directory, realPath(absolute))) return stats;
			this.#fail(errand, 'outside', absolute, 'is skipped: it is a symbolic link that leads out of the root');
		} catch (error) {
			const code = codeOf(error);
			if (stats !== undefined && code === 'ENOENT') {
				this.#fail(errand, 'dangling', absolute, 'is skipped: it is a symbolic link to something that does not exist');
			} else if (stats !== undefined && code === 'ELOOP') {
				this.#fail(errand, 'loop', absolute, 'is skipped: it is a symbolic link that leads back to itself');
			} else {
				this.#fail(errand, code === 'ENOENT' ? 'missing' : 'unreadable', absolute, `is skipped: ${because(error)}`);
			}
		}
		return undefined;
	}

	#addRegular(errand: Errand, absolute: string, name: string, stats: fs.Stats): boolean {
		const { size } = stats;
		const map = SectionMap.of(size, this.#blockBytes);
		if (typeof map === 'string') return this.#fail(errand, 'size', absolute, `is skipped: ${map}`);
		try {
			// Root may read everything: for others this finds out now what would fail in the middle of a session.
			fs.accessSync(systemPath(absolute), fs.constants.R_OK);
		} catch (error) {
			return this.#fail(errand, 'unreadable', absolute, `is skipped: ${because(error)}`);
		}
		const modifiedSeconds = Math.floor(stats.mtimeMs / 1000);
		const permissions = stats.mode & 0o777;
		const entry = { type: FileType.Regular, name, size, modifiedSeconds, link: '', permissions };
		const added = this.#add(errand, absolute, entry);
		if (added) this.#totalBytes += size;
		return added;
	}

	#addLink(errand: Errand, absolute: string, name: string): boolean {
		let link: string;
		try {
			link = linkTarget(systemPath(absolute));
		} catch (error) {
			return this.#fail(errand, 'unreadable', absolute, `is skipped: ${because(error)}`);
		}
		if (isLonger(link, MAX_NAME_BYTES)) {
			return this.#fail(errand, 'name', absolute, `is skipped: its target is longer than ${MAX_NAME_BYTES} bytes`);
		}
		return this.#add(errand, absolute, {
			type: FileType.SymbolicLink,
			name,
			size: 0,
			modifiedSeconds: undefined,
			link,
		});
	}

	#add(errand: Errand, absolute: string, entry: CatalogueEntry & Pick<SourceEntry, 'read'>): boolean {
		if (isLonger(entry.name, MAX_NAME_BYTES)) {
			return this.#fail(errand, 'name', absolute, `is skipped: its name is longer than ${MAX_NAME_BYTES} bytes`);
		}
		if (this.#names.has(entry.name)) {
			const advice = 'give one of them another name';
			return this.#fail(
				errand,
				'duplicate',
				absolute,
				`is skipped: something else is sent as ${quoted(entry.name)} already; ${advice}`,
			);
		}
		if (this.#entries.length >= this.#maxEntries) {
			this.#full = true;
			const sentence = `More than ${this.#maxEntries} files, directories and links: the rest is left out.`;
			this.report('limit', errand.argument, sentence);
			return false;
		}
		this.#names.add(entry.name);
		const shown = this.#shown(errand, absolute);
		const { root } = errand;
		this.#entries.push({ ...entry, sourcePath: absolute, shown, root, follow: this.#follow });
		return true;
	}

	#fail(errand: Errand, kind: CatalogueProblemKind, absolute: string, what: string): false {
		this.report(kind, errand.argument, `${this.#shown(errand, absolute)} ${what}.`);
		return false;
	}

	#shown(errand: Errand, absolute: string): string {
		if (absolute === errand.absolute) return errand.shown;
		if (errand.root === undefined) return quoted(absolute);
		return shownInRoot(errand.root, absolute.slice(errand.root.directory.length).replace(/^\//, ''));
	}
}

/** The order of bytes in ASCII and the same on every machine, whatever its locale. */
function byCodeUnit(a: string, b: string): number {
	return a < b ? -1 : a > b ? 1 : 0;
}

/** What a catalogue is made from, and what it consists of. */
import type { CatalogueEntry } from '@uftp/protocol';
import type { SourceRoot } from './source-root.ts';

/** An entry of the catalogue and where it lies on this machine. */
export interface SourceEntry extends CatalogueEntry {
	/** Absolute path; "" for a request that has no file behind it. */
	readonly sourcePath: string;
	/** How sentences name it: the path as it was given, or the label of the root and the path inside it. */
	readonly shown: string;
	/** The root that the file must stay in, if the argument named one. */
	readonly root: SourceRoot | undefined;
	/** A symbolic link at `sourcePath` may be followed when the file is opened. */
	readonly follow: boolean;
	/** Where the bytes come from instead of a path. */
	readonly read?: ReadBytes;
}

/**
 * Bytes [offset, offset + length) of a file, exactly as many: any part of it, in any order, and again for receivers that
 * missed it.
 */
export type ReadBytes = (offset: number, length: number) => Uint8Array | Promise<Uint8Array>;

/** A regular file that lies nowhere: its bytes come from a function. */
export interface FileContent {
	/** Bytes. */
	readonly size: number;
	/** Whole seconds since 1970 (default: none). */
	readonly modifiedSeconds?: number;
	/** Permission bits, 0o777 at most (default: as the receiver pleases). */
	readonly permissions?: number;
	readonly read: ReadBytes;
}

/** One thing to send. */
export interface CatalogueArgument {
	/** A file or directory; relative to `root` if there is one, else to the current directory. */
	readonly path: string;
	/** Name on the wire instead of the last component of the path. */
	readonly as?: string;
	/** No file: receivers are asked to delete what has this name, or how much space they have (the path is then "."). */
	readonly request?: 'delete' | 'freeSpace';
	/** No file either: `path` is what the content is called, with all its components. */
	readonly content?: FileContent;
	readonly root?: SourceRoot;
}

/** What is sent of the paths that are named, and under which names. */
export interface CatalogueOptions {
	/** Send what symbolic links point to instead of the links. Default false. */
	readonly followLinks?: boolean;
	/** The name of a single argument, the directory above several. */
	readonly destinationName?: string;
	/** `destinationName` is a directory even for a single argument. */
	readonly destinationIsDirectory?: boolean;
	/** Paths below an argument's parent ("d1/d4") that are left out, with what is under them. */
	readonly excluded?: ReadonlySet<string>;
	/** Bytes of a data block: decides how large a file may be. Default 1300. */
	readonly blockBytes?: number;
	/** The walk stops after this many entries. Default 1,000,000. */
	readonly maxEntries?: number;
}

/** Why something is not sent. */
export type CatalogueProblemKind =
	| 'missing'
	| 'unreadable'
	| 'special'
	| 'dangling'
	| 'loop'
	| 'name'
	| 'size'
	| 'duplicate'
	| 'outside'
	| 'limit';

/** Something that was asked for and is not in the catalogue. */
export interface CatalogueProblem {
	readonly kind: CatalogueProblemKind;
	/** Index of the argument that it belongs to. */
	readonly argument: number;
	/** A whole sentence: what happened and what to do. */
	readonly sentence: string;
}

export interface Catalogue {
	readonly entries: readonly SourceEntry[];
	readonly problems: readonly CatalogueProblem[];
	/** Sum of the sizes of all regular files, in bytes. */
	readonly totalBytes: number;
}

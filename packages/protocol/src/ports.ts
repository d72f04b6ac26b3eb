/**
 * What the core hands to, and takes from, the packages that do I/O: memory for datagrams, files to send, files to
 * receive. Only shapes stand here; `transport` owns the memory, `storage` owns the files, `endpoint` joins them.
 */

/** A UDP endpoint. `host` is a literal address in canonical text: "230.4.4.1", "10.0.0.7", "ff15::4:1". */
export interface Endpoint {
	readonly host: string;
	readonly port: number;
}

/**
 * One burst of datagrams to one destination, composed by a session straight into memory that the transport owns.
 *
 * Datagram i starts at `i * stride` and is `stride` bytes long, except the last, which is `lastLength` bytes long:
 * exactly what UDP segmentation offload sends with one system call.
 *
 * A control message is `count` 1 with `file` -1 and is complete as it stands. A data burst has its headers composed;
 * the payload of datagram i is the `payloadBytes` (last one: `lastPayloadBytes`) bytes of file `file` from byte
 * `offsets[i]`, to be put at `i * stride + payloadOffset` by the block source before the burst is sent.
 */
export interface OutgoingBatch {
	readonly bytes: Uint8Array;
	/** At most this many datagrams, whatever their size; `bytes` bounds them too. */
	readonly capacity: number;
	count: number;
	stride: number;
	lastLength: number;
	/** Index of the file in the sender's catalogue, or -1 for a control message. */
	file: number;
	payloadOffset: number;
	payloadBytes: number;
	lastPayloadBytes: number;
	/** Byte offset in the file of each datagram's payload; `count` entries are valid. */
	readonly offsets: Float64Array;
	destination: Endpoint;
}

/**
 * What one receive call brought. Datagram i is `length[i]` bytes: its first `split` bytes (or all, if it is shorter)
 * stand at `headerAt[i]`, the rest at `payloadAt[i]`. A flat datagram has `payloadAt[i] === headerAt[i] + split`.
 * Payloads of consecutive full data blocks may stand back to back, so that one write stores them all. A datagram that is not flat is
 * always a clear FILESEG whose header is exactly `split` bytes long; everything else is flat.
 */
export interface IncomingBatch {
	readonly bytes: Uint8Array;
	count: number;
	split: number;
	readonly headerAt: Int32Array;
	readonly payloadAt: Int32Array;
	readonly length: Int32Array;
	/** Source of datagram i. Allocates: for control messages, not for blocks. */
	from(i: number): Endpoint;
	/** A number for the host that datagram i came from, as `hostKey` makes it of the host's address. Allocates nothing. */
	sourceKey(i: number): number;
	/** The port that datagram i came from. Allocates nothing. */
	sourcePort(i: number): number;
	/**
	 * Whether datagram i bears the mark "congestion experienced". Undefined where the socket cannot see it; always false
	 * as long as it was not asked to look. Allocates nothing.
	 */
	isMarked?(i: number): boolean;
}

/** What kind of thing a FILEINFO describes (docs/protocol.md, section 4.7). */
export const FileType = { Regular: 0, EmptyDirectory: 1, SymbolicLink: 2, Delete: 3, FreeSpace: 4 } as const;
export type FileType = (typeof FileType)[keyof typeof FileType];

/** One entry of a sender's catalogue, as a FILEINFO describes it. */
export interface CatalogueEntry {
	readonly type: FileType;
	/** Name on the wire, separator '/', UTF-8 (at most 300 bytes). */
	readonly name: string;
	/** Bytes; 0 for everything but regular files. At most 2^48 - 1. */
	readonly size: number;
	/** Modification time in whole seconds since 1970, negative before; undefined where there is none. */
	readonly modifiedSeconds: number | undefined;
	/** Target of a symbolic link, else "". */
	readonly link: string;
	/** Permission bits of a regular file (0o777 at most): receivers of ours never widen them. */
	readonly permissions?: number;
}

/**
 * Where a sender's blocks come from. The sources of `storage` answer at once and throw nothing; a `LateBlockSource`
 * (`transport`) may answer later. What a source throws ends the session.
 */
export interface BlockSource {
	/** Opens entry `file` for reading; undefined when it is as the catalogue says, else a sentence that says what is wrong. */
	open(file: number): string | undefined;
	/** Puts the payloads of a data burst into its memory. Undefined on success, else a sentence (the file shrank, ...). */
	fill(batch: OutgoingBatch): string | undefined;
	close(file: number): void;
}

/** What a receiver is asked to store. */
export interface IncomingFile {
	/** Unique among the files that this receiver has open: the key in all later calls. */
	readonly handle: number;
	readonly groupId: number;
	/** 0, and one more each time that the session is restarted for those that it failed. */
	readonly groupInstance: number;
	readonly senderId: number;
	readonly fileId: number;
	readonly type: FileType;
	readonly name: string;
	readonly size: number;
	readonly modifiedSeconds: number | undefined;
	readonly link: string;
	/** Permission bits of the sender's file, where it says them (senders of ours do). */
	readonly permissions?: number | undefined;
	/** The sender asked for sync mode / for a preview of it (ANNOUNCE flags). */
	readonly sync: boolean;
	readonly preview: boolean;
}

/** Status of a COMPLETE (docs/protocol.md, section 4.12). */
export const CompleteStatus = { Normal: 0, Skipped: 1, Overwritten: 2, Rejected: 3 } as const;
export type CompleteStatus = (typeof CompleteStatus)[keyof typeof CompleteStatus];

/** Where a section of a file is at a receiver. */
export const SectionState = { Missing: 0, Partial: 1, Complete: 2 } as const;
export type SectionState = (typeof SectionState)[keyof typeof SectionState];

/** Which blocks of an unfinished file are there: kept after a session that failed, for one that resumes it. */
export interface BlockMap {
	/** Bytes of the file, and of a block: with others the map says nothing. */
	readonly size: number;
	readonly blockBytes: number;
	/** A `SectionState` for each section. */
	readonly sections: Uint8Array;
	/** For each partial section its bitmap as STATUS carries it, 1 = missing. */
	readonly bitmaps: ReadonlyMap<number, Uint8Array>;
}

/** What the sink says to an offered file. */
export type FileDecision =
	/** Send the blocks, but for those that are `present`; `status` is what the COMPLETE at the end will say. */
	| { readonly kind: 'accept'; readonly status: CompleteStatus; readonly present?: BlockMap }
	/** No blocks wanted: answered at once by COMPLETE. `freeSpaceBytes` only for a free-space request. */
	| {
			readonly kind: 'answer';
			readonly status: CompleteStatus;
			readonly reason: string;
			readonly freeSpaceBytes?: number;
	  }
	/** The whole session ends with an ABORT that carries `reason`: not for what concerns this file only (no disk space). */
	| { readonly kind: 'abort'; readonly reason: string };

/**
 * Where a receiver's blocks go. The sinks of `storage` answer at once and throw nothing; a `LateBlockSink` (`transport`)
 * may answer later to `offer` and `finish`. What a sink throws ends the session that it acts for.
 */
export interface BlockSink {
	offer(file: IncomingFile): FileDecision;
	/**
	 * Stores bytes[at .. at+length) at byte `offset` of the file. Undefined on success, else a sentence: then the file is
	 * rejected and discarded, and the session goes on.
	 */
	write(handle: number, offset: number, bytes: Uint8Array, at: number, length: number): string | undefined;
	/** All blocks are there: puts the file under its name. Undefined on success, else a sentence, as for `write`. */
	finish(handle: number): string | undefined;
	/**
	 * The file will not be completed: removes what was written. With `arrived` the session may be resumed, and a sink that
	 * can keep what is there may keep it.
	 */
	discard(handle: number, arrived?: BlockMap): void;
}

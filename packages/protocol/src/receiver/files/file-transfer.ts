/** One file that a session has not finished yet. */
import { assert } from '../../assert.ts';
import type { BlockMap, CompleteStatus, IncomingFile } from '../../ports.ts';
import { CompleteStatus as Status } from '../../ports.ts';
import type { SectionMap } from '../../sections.ts';
import type { HeldTimestamp } from '../../shared/held-timestamp.ts';
import { NakWindow } from './nak-window.ts';
import type { ReceivedBlocks } from './received-blocks.ts';

/** `offered` until the shell has decided, `receiving` until the last block is here, `storing` until it is on disk. */
export type FileStage = 'offered' | 'receiving' | 'storing';

export class FileTransfer {
	readonly file: IncomingFile;
	readonly hash: number;
	readonly map: SectionMap;
	readonly naks: NakWindow;
	readonly startedAt: number;
	stage: FileStage = 'offered';
	/** What the COMPLETE will say. */
	status: CompleteStatus = Status.Normal;
	/** From the moment the file is accepted. */
	ledger: ReceivedBlocks | undefined;
	/** A part of the file was here before the session began. */
	isPartial = false;
	/** The FILEINFO that came last. */
	described: HeldTimestamp;
	/** A DONE has listed this receiver: the sender waits for an answer. */
	isAwaited = false;

	constructor(file: IncomingFile, hash: number, map: SectionMap, described: HeldTimestamp) {
		assert(file.handle > 0, 'every file that is offered has a handle');
		assert(file.size === map.size, 'the sections of a file add up to its size');
		this.file = file;
		this.hash = hash;
		this.map = map;
		this.naks = new NakWindow(map.sections);
		this.described = described;
		this.startedAt = described.heardAt;
	}

	/** What a resumed session need not send again; undefined if that is nothing. */
	arrived(): BlockMap | undefined {
		return this.stage === 'receiving' ? this.ledger?.arrived() : undefined;
	}

	close(): void {
		this.ledger?.close();
		this.ledger = undefined;
		this.naks.stop();
	}
}

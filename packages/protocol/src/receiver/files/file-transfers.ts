/**
 * The files of one session: file information, blocks, reports of missing blocks, COMPLETE (docs/protocol.md, sections 7
 * and 8).
 *
 * A sender of ours goes on to the next file without a receiver that is away and comes back to the earlier one later. So
 * an unfinished file stays open when another is described, and blocks, FILEINFO and DONE find it by its id; C senders
 * have one file at a time, for them this changes nothing.
 */

import { decodeFileInfo, type FileInfo, FileSegLayout, HEADER_BYTES, isMalformed, type Malformed } from '@uftp/wire';
import { assert, fail } from '../../assert.ts';
import { SUSPENDED_FILES_MAX } from '../../limits.ts';
import { type BlockMap, CompleteStatus, type FileDecision, FileType, type IncomingFile } from '../../ports.ts';
import { SectionMap } from '../../sections.ts';
import type { IncomingBlock } from '../incoming-block.ts';
import type { IncomingMessage } from '../incoming-message.ts';
import type { FileOwner, SessionContext } from '../session-context.ts';
import { FileTransfer } from './file-transfer.ts';
import { FinishedFiles, identityHash } from './finished-files.ts';
import { ReceivedBlocks, Taken } from './received-blocks.ts';
import { UnaskedComplete } from './unasked-complete.ts';

/**
 * COMPLETE leaves as soon as a file is stored, without waiting for a DONE that lists this receiver: that saves a round
 * trip. Senders count it whenever it comes during the transfer, the C program 4.10.2 too.
 */
const COMPLETES_AT_ONCE = true;

const fields = FileSegLayout.fields;

export class FileTransfers implements FileOwner {
	readonly #context: SessionContext;
	/** By file id, the one described last at the end. */
	readonly #open = new Map<number, FileTransfer>();
	readonly finished = new FinishedFiles();
	readonly #unasked = new UnaskedComplete();
	/** The file that blocks are coming for: the map is asked only when it changes. */
	#hot: FileTransfer | undefined;
	/** Files whose blocks came and are in place. */
	filesReceived = 0;

	constructor(context: SessionContext) {
		this.#context = context;
	}

	get groupId(): number {
		return this.#context.link.groupId;
	}

	get hasOpenFiles(): boolean {
		return this.#open.size > 0;
	}

	/** A file is being put under its name: the session must not end before that is over. */
	get isStoring(): boolean {
		for (const transfer of this.#open.values()) if (transfer.stage === 'storing') return true;
		return false;
	}

	// ---- file information

	/** A FILEINFO; `isListed` tells whether it asks this receiver. With `onlyFinished` no new file is begun. */
	handleFileInfo(
		now: number,
		{ bytes, at, length }: IncomingMessage,
		onlyFinished: boolean,
	): { readonly isListed: boolean } | Malformed {
		const info = decodeFileInfo(bytes, at, length);
		if (isMalformed(info)) return info;
		this.#context.congestion?.heardTimestamp({ timestamp: info.timestamp, heardAt: now });
		this.#unasked.senderIsAt(info.fileId);
		if (!info.ids.includes(this.#context.node.config.receiverId)) return { isListed: false };
		// 0 stands for the session; no sender gives it to a file.
		if (info.fileId === 0) this.#context.node.counters.drop('file-id-zero');
		else this.#describe(now, info, onlyFinished);
		return { isListed: true };
	}

	#describe(now: number, info: FileInfo, onlyFinished: boolean): void {
		const hash = identityHash(info);
		if (this.finished.isSameFile(info.fileId, hash)) {
			this.complete(info.fileId);
			return;
		}
		if (onlyFinished) return;
		const known = this.#open.get(info.fileId);
		if (known !== undefined && known.hash === hash) {
			this.#describeAgain(now, known, info);
			return;
		}
		if (known !== undefined) this.#discard(known, 'The sender uses its file id for another file');
		this.finished.forget(info.fileId);
		this.#offer(now, info, hash);
	}

	#describeAgain(now: number, transfer: FileTransfer, info: FileInfo): void {
		transfer.described = { timestamp: info.timestamp, heardAt: now };
		this.#open.delete(info.fileId);
		this.#open.set(info.fileId, transfer);
		// Not yet decided: the answer is on its way.
		if (transfer.stage !== 'offered') this.#acknowledge(transfer);
	}

	#offer(now: number, info: FileInfo, hash: number): void {
		const { node, link, terms } = this.#context;
		const type = fileType(info.type);
		const map = SectionMap.of(type === FileType.Regular ? info.size : 0, terms.blockBytes);
		if (type === undefined || typeof map === 'string') {
			const problem = typeof map === 'string' ? map : `a thing of unknown type ${info.type}`;
			node.emit({ kind: 'warning', message: `"${info.name}" is rejected: ${problem}` });
			this.finished.add(info.fileId, hash, CompleteStatus.Rejected);
			this.complete(info.fileId);
			return;
		}
		const file: IncomingFile = {
			handle: node.newHandle(),
			groupId: link.groupId,
			groupInstance: link.groupInstance,
			senderId: link.senderId,
			fileId: info.fileId,
			type,
			name: info.name,
			size: map.size,
			modifiedSeconds: info.modifiedSeconds,
			link: info.link,
			permissions: info.permissions,
			sync: terms.sync,
			preview: terms.preview,
		};
		assert(!this.#open.has(file.fileId), 'one open file for each file id');
		this.#open.set(file.fileId, new FileTransfer(file, hash, map, { timestamp: info.timestamp, heardAt: now }));
		node.handles.set(file.handle, this);
		this.#discardOldest();
		assert(this.#open.size <= SUSPENDED_FILES_MAX + 2, 'a session keeps a bounded number of files open');
		node.requests.offer(file);
		node.emit({ kind: 'fileOffered', file });
	}

	#discardOldest(): void {
		if (this.#open.size <= SUSPENDED_FILES_MAX + 1) return;
		for (const transfer of this.#open.values()) {
			if (transfer.stage === 'storing') continue;
			this.#discard(transfer, `More than ${SUSPENDED_FILES_MAX} files of this session are unfinished`);
			return;
		}
	}

	#acknowledge(transfer: FileTransfer): void {
		const { file, isPartial, described } = transfer;
		assert(transfer.stage !== 'offered', 'a file is acknowledged when the shell has taken it');
		this.#context.answer({ kind: 'fileInfoAck', fileId: file.fileId, isPartial, described });
	}

	// ---- what the shell decided

	fileDecided(now: number, handle: number, decision: FileDecision): void {
		const transfer = this.#byHandle(handle, 'offered');
		if (transfer === undefined) return;
		if (decision.kind === 'abort') {
			this.#context.finish('aborted', decision.reason, true);
		} else if (decision.kind === 'answer') {
			this.#end(now, transfer, decision.status, decision.reason, decision.freeSpaceBytes);
			this.complete(transfer.file.fileId);
		} else if (transfer.file.type !== FileType.Regular) {
			this.#end(now, transfer, decision.status, undefined);
			this.complete(transfer.file.fileId);
		} else this.#receive(now, transfer, decision.status, decision.present);
	}

	#receive(now: number, transfer: FileTransfer, status: CompleteStatus, present: BlockMap | undefined): void {
		const { node } = this.#context;
		assert(transfer.ledger === undefined, 'a file is taken once');
		transfer.ledger = ReceivedBlocks.open(transfer.map, node.budget, present);
		if (transfer.ledger === undefined) {
			this.#reject(now, transfer, 'no memory is left to keep track of its blocks');
			this.complete(transfer.file.fileId);
			return;
		}
		transfer.status = status;
		transfer.stage = 'receiving';
		const presentBlocks = transfer.map.blocks - transfer.ledger.missingBlocks;
		transfer.isPartial = presentBlocks > 0;
		node.emit({ kind: 'fileStarted', file: transfer.file, ...(transfer.isPartial && { presentBlocks }) });
		this.#acknowledge(transfer);
		if (transfer.ledger.missingBlocks === 0) this.#allBlocksAreHere(transfer);
	}

	#allBlocksAreHere(transfer: FileTransfer): void {
		assert(transfer.stage === 'receiving', 'blocks come while a file is being received');
		assert(transfer.ledger?.missingBlocks === 0, 'a file is stored when all of its blocks are here');
		transfer.stage = 'storing';
		transfer.naks.stop();
		const { requests, emit } = this.#context.node;
		requests.finish(transfer.file);
		emit({ kind: 'fileComplete', file: transfer.file });
	}

	fileStored(now: number, handle: number, status: CompleteStatus | undefined): void {
		const transfer = this.#byHandle(handle, 'storing');
		if (transfer === undefined) return;
		this.filesReceived++;
		this.#end(now, transfer, status ?? transfer.status, undefined);
		this.#completeEarly(now, transfer);
	}

	#completeEarly(now: number, { map, file: { fileId }, isAwaited }: FileTransfer): void {
		// An empty file has no blocks whose end could be told: its sender asks with DONE, as for C receivers.
		const isTold = COMPLETES_AT_ONCE && map.blocks > 0;
		if (isTold || isAwaited) this.complete(fileId);
		if (isTold && !isAwaited) this.#unasked.sent(now, fileId);
	}

	fileRejected(now: number, handle: number, reason: string): void {
		const transfer = this.#byHandle(handle);
		if (transfer === undefined) return;
		this.#reject(now, transfer, reason);
		this.#completeEarly(now, transfer);
	}

	/** What cannot be stored concerns this file only: the others of the session go on. */
	#reject(now: number, transfer: FileTransfer, reason: string): void {
		// Before it is settled: the shell gives back what it has open for the file.
		this.#context.node.requests.discard(transfer.file);
		this.#end(now, transfer, CompleteStatus.Rejected, reason);
	}

	#byHandle(handle: number, stage?: FileTransfer['stage']): FileTransfer | undefined {
		for (const transfer of this.#open.values()) {
			if (transfer.file.handle === handle)
				return stage === undefined || transfer.stage === stage ? transfer : undefined;
		}
		return undefined;
	}

	/** Nothing more is to come for the file: remembers how it ended. */
	#end(
		now: number,
		transfer: FileTransfer,
		status: CompleteStatus,
		reason: string | undefined,
		freeSpaceBytes?: number,
	): void {
		const { file, hash, startedAt } = transfer;
		this.finished.add(file.fileId, hash, status, freeSpaceBytes);
		this.#context.node.requests.isSettled(file);
		this.#close(transfer);
		this.#context.node.emit({ kind: 'fileEnded', file, status, reason, elapsedMs: now - startedAt });
	}

	/** Says COMPLETE for a finished file, for the first time or again. */
	complete(fileId: number): void {
		const status = this.finished.status(fileId);
		if (status === undefined) return;
		const freeSpaceBytes = this.finished.freeSpaceBytes(fileId);
		this.#context.answer({ kind: 'complete', fileId, status, freeSpaceBytes });
	}

	#close(transfer: FileTransfer): void {
		assert(this.#open.get(transfer.file.fileId) === transfer, 'a file is closed once');
		transfer.close();
		this.#open.delete(transfer.file.fileId);
		this.#context.node.handles.delete(transfer.file.handle);
		if (this.#hot === transfer) this.#hot = undefined;
	}

	/** With `mayResume` the shell is told what has arrived, for a session that brings the rest. */
	#discard(transfer: FileTransfer, reason: string, mayResume = false): void {
		const arrived = mayResume ? transfer.arrived() : undefined;
		this.#close(transfer);
		const { file } = transfer;
		const { requests, emit } = this.#context.node;
		requests.discard(file, arrived);
		emit({ kind: 'fileDiscarded', file, reason, ...(arrived && { arrived }) });
	}

	/** The session is over, or its end has begun: what is unfinished will not be completed in it. */
	discardAll(reason: string, mayResume: boolean): void {
		this.#unasked.senderIsAt(0);
		for (const transfer of [...this.#open.values()]) this.#discard(transfer, reason, mayResume);
	}

	// ---- blocks

	/**
	 * A data packet: true when its block is new; then `block` says where it belongs. Hot: allocates nothing but the bitmap
	 * of a section whose first block this is.
	 */
	takeBlock(now: number, incoming: IncomingBlock, isLate: boolean): boolean {
		const { counters } = this.#context.node;
		const { bytes, headerAt } = incoming;
		const at = headerAt + HEADER_BYTES;
		const fileId = fields.fileId.get(bytes, at);
		let transfer = this.#hot;
		if (transfer === undefined || transfer.file.fileId !== fileId) {
			transfer = this.#open.get(fileId);
			this.#hot = transfer;
		}
		if (transfer === undefined || transfer.stage !== 'receiving' || transfer.ledger === undefined) {
			if (transfer?.stage === 'storing' || this.finished.status(fileId) !== undefined) counters.blocksDuplicate++;
			else counters.blocksUnknown++;
			return false;
		}
		const map = transfer.map;
		const section = fields.section.get(bytes, at);
		const block = fields.block.get(bytes, at);
		// C takes any length for the last block; only the exact one can be right.
		if (
			section >= map.sections ||
			block >= map.blocksIn(section) ||
			incoming.length !== map.blockLength(section, block)
		) {
			counters.blocksInvalid++;
			return false;
		}
		if (!isLate && section !== transfer.naks.currentSection) {
			transfer.naks.enterSection(now, section, this.#context.holdOffMs());
		}
		const taken = transfer.ledger.take(section, block);
		if (taken !== Taken.New) {
			if (taken === Taken.Duplicate) counters.blocksDuplicate++;
			else counters.blocksRefused++;
			return false;
		}
		counters.blocksNew++;
		const offset = map.blockOffset(section, block);
		if (!(offset + incoming.length <= map.size)) fail('a block ends within its file');
		incoming.place(transfer.file.handle, offset);
		if (transfer.ledger.missingBlocks === 0) this.#allBlocksAreHere(transfer);
		return true;
	}

	// ---- the end of a pass

	/** DONE for a file. */
	handleDone(now: number, fileId: number, section: number, isListed: boolean): void {
		const transfer = this.#open.get(fileId);
		if (transfer === undefined) {
			if (isListed && !this.#unasked.isCrossedBy(now, fileId, this.#context.grttMs)) this.complete(fileId);
			return;
		}
		if (isListed) transfer.isAwaited = true;
		if (transfer.stage === 'receiving') {
			transfer.naks.passEnded(now, section, isListed, this.#context.holdOffMs());
		}
	}

	/** When the next report of missing blocks is due. */
	get deadline(): number {
		let earliest = this.#unasked.deadline;
		for (const { naks } of this.#open.values()) if (naks.deadline < earliest) earliest = naks.deadline;
		return earliest;
	}

	handleTimeout(now: number): void {
		const unanswered = this.#unasked.takeDue(now);
		assert(unanswered !== 0, 'what is answered late is about a file');
		if (unanswered !== undefined) this.complete(unanswered);
		for (const transfer of this.#open.values()) {
			const { ledger, naks, file } = transfer;
			if (ledger === undefined || naks.deadline > now) continue;
			const { grttMs, groupSize, node } = this.#context;
			naks.expire(
				now,
				(section) => !ledger.isSectionComplete(section),
				(section) => this.#context.answer({ kind: 'status', fileId: file.fileId, section, ledger }),
				node.holdOff.statusesPerRound(groupSize),
				grttMs,
			);
		}
	}

	rescale(now: number, factor: number): void {
		for (const { naks } of this.#open.values()) naks.rescale(now, factor);
	}
}

function fileType(type: number): FileType | undefined {
	return (Object.values(FileType) as number[]).includes(type) ? (type as FileType) : undefined;
}

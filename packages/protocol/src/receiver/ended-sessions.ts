/**
 * Sessions that are over, for some time: repeats of their ANNOUNCE start nothing, and a sender that missed the last
 * COMPLETE still gets its answer.
 */

import { type CommonHeader, decodeDone, decodeFileInfo, isMalformed, MessageType } from '@uftp/wire';
import type { Arrival } from '../arrival.ts';
import { assert } from '../assert.ts';
import type { DropReason } from '../drop-reason.ts';
import { ENDED_FILES_MAX, ENDED_SESSION_MS, ENDED_SESSIONS_MAX } from '../limits.ts';
import { admission } from '../message-rules.ts';
import { CompleteStatus, type Endpoint } from '../ports.ts';
import { isSameEndpoint } from '../shared/endpoints.ts';
import { SESSION_FILE_ID } from '../shared/session-file-id.ts';
import type { AnswerQueue, SessionLink } from './answers.ts';
import { type FinishedFiles, identityHash } from './files/finished-files.ts';
import type { IncomingMessage } from './incoming-message.ts';
import type { SessionOutcome } from './session-context.ts';

interface EndedSession {
	readonly link: SessionLink;
	readonly outcome: SessionOutcome;
	readonly files: FinishedFiles;
	readonly endedAt: number;
}

/** A first packet that comes so long after the end of a session was not sent before it. */
const FIRST_PACKET_MS = 1000;

/**
 * Whether an ANNOUNCE with the group id of an earlier session belongs to another run of its sender. C senders draw the
 * id from the time in seconds and their process id, so that programs started one after the other often repeat it; the
 * port they send from is another one then, and each run counts its packets from 0.
 */
export function isOtherRun(
	link: SessionLink,
	from: Endpoint,
	header: Readonly<CommonHeader>,
	silentMs: number,
): boolean {
	if (!isSameEndpoint(from, link.sender)) return true;
	return header.sequence === 0 && silentMs > FIRST_PACKET_MS;
}

export class EndedSessions {
	readonly #receiverId: number;
	readonly #answers: AnswerQueue;
	/** By group id, oldest first. */
	readonly #sessions = new Map<number, EndedSession>();
	#rememberedFiles = 0;

	constructor(receiverId: number, answers: AnswerQueue) {
		this.#receiverId = receiverId;
		this.#answers = answers;
	}

	add(now: number, link: SessionLink, outcome: SessionOutcome, files: FinishedFiles): void {
		this.forget(link.groupId);
		// It may be joined again, and nothing of it is asked for: a flood of these must not push out the others.
		if (outcome === 'unconfirmed' && files.count === 0) return;
		this.#sessions.set(link.groupId, { link, outcome, files, endedAt: now });
		this.#rememberedFiles += files.count;
		assert(this.#sessions.size <= ENDED_SESSIONS_MAX + 1, 'a bounded number of sessions is remembered');
		for (const [groupId, session] of this.#sessions) {
			const isOver = this.#sessions.size > ENDED_SESSIONS_MAX || this.#rememberedFiles > ENDED_FILES_MAX;
			if (!isOver && now - session.endedAt < ENDED_SESSION_MS) break;
			this.forget(groupId);
		}
	}

	forget(groupId: number): void {
		const session = this.#sessions.get(groupId);
		if (session === undefined) return;
		this.#rememberedFiles -= session.files.count;
		assert(this.#rememberedFiles >= 0, 'no more files are forgotten than were remembered');
		this.#sessions.delete(groupId);
	}

	#find(now: number, header: Readonly<CommonHeader>): EndedSession | undefined {
		const session = this.#sessions.get(header.groupId);
		if (session === undefined) return undefined;
		if (now - session.endedAt >= ENDED_SESSION_MS) {
			this.forget(header.groupId);
			return undefined;
		}
		return session.link.senderId === header.sourceId ? session : undefined;
	}

	/**
	 * Whether an ANNOUNCE repeats a session that is over for good. One that ended here because nothing was heard any
	 * more may be joined again.
	 */
	isOver(now: number, arrival: Arrival, header: Readonly<CommonHeader>): boolean {
		const session = this.#find(now, header);
		if (session === undefined || header.groupInstance > session.link.groupInstance) return false;
		if (isOtherRun(session.link, arrival.source(), header, now - session.endedAt)) return false;
		return session.outcome !== 'unconfirmed' && session.outcome !== 'timedOut';
	}

	/** How a session of this group that is over was talked to; undefined if none is remembered. */
	linkOf(now: number, groupId: number): SessionLink | undefined {
		const session = this.#sessions.get(groupId);
		return session !== undefined && now - session.endedAt < ENDED_SESSION_MS ? session.link : undefined;
	}

	/** A response proxy is lost: late answers go to another one, or to the senders. */
	moveFrom(lost: Endpoint, to: Endpoint | undefined): void {
		for (const { link } of this.#sessions.values()) {
			if (link.proxy !== undefined && isSameEndpoint(link.proxy, lost)) link.proxy = to;
		}
	}

	/** A message after the end: why it is not used, if it is not. */
	handleMessage(now: number, message: IncomingMessage): DropReason | undefined {
		const { header, bytes, at, length, isSealed } = message;
		const session = this.#find(now, header);
		const isKnown = session !== undefined && session.link.groupInstance === header.groupInstance;
		const isEncryptedSession = session?.link.security !== undefined;
		const facts = { isSealed, isEncryptedSession };
		const refusal = admission('receiver', isKnown ? 'ended' : 'unknown', header.func, facts);
		if (refusal !== undefined || session === undefined) return refusal;
		if (header.func === MessageType.DONE) {
			const done = decodeDone(bytes, at, length);
			if (isMalformed(done)) return done.malformed;
			if (done.ids.includes(this.#receiverId)) this.#complete(session, done.fileId);
		} else if (header.func === MessageType.FILEINFO) {
			const info = decodeFileInfo(bytes, at, length);
			if (isMalformed(info)) return info.malformed;
			const isSame = session.files.isSameFile(info.fileId, identityHash(info));
			if (isSame && info.ids.includes(this.#receiverId)) this.#complete(session, info.fileId);
		}
		return undefined;
	}

	#complete(session: EndedSession, fileId: number): void {
		const isSession = fileId === SESSION_FILE_ID;
		assert(fileId >= 0 && fileId <= 0xffff, 'a file id has 16 bits');
		if (isSession && session.outcome !== 'completed') return;
		const status = isSession ? CompleteStatus.Normal : session.files.status(fileId);
		if (status === undefined) return;
		const freeSpaceBytes = session.files.freeSpaceBytes(fileId);
		this.#answers.push(session.link, { kind: 'complete', fileId, status, freeSpaceBytes });
	}
}

/** One session of a receiver: takes what the sender says, in the phase that it is in, and ends exactly once. */

import {
	type CommonHeader,
	decodeAbort,
	decodeDone,
	decodeGroupSize,
	Header,
	isMalformed,
	type Malformed,
	MessageType,
	messageName,
} from '@uftp/wire';
import { assert, fail } from '../assert.ts';
import { admission } from '../message-rules.ts';
import type { Endpoint } from '../ports.ts';
import { formatEndpoint } from '../shared/endpoints.ts';
import { SESSION_FILE_ID } from '../shared/session-file-id.ts';
import { NEVER } from '../timers.ts';
import { Completion } from './completion.ts';
import type { Congestion } from './congestion.ts';
import { FileTransfers } from './files/file-transfers.ts';
import type { IncomingBlock } from './incoming-block.ts';
import type { IncomingMessage } from './incoming-message.ts';
import type { Origin } from './proxied/origin.ts';
import { Registration } from './registration.ts';
import type { SessionContext } from './session-context.ts';

const { sequence: sequenceField, sourceId, groupInstance, grtt } = Header.fields;

export class ReceiverSession {
	readonly context: SessionContext;
	readonly files: FileTransfers;
	readonly #registration: Registration;
	readonly #completion: Completion;

	constructor(context: SessionContext) {
		this.context = context;
		this.files = new FileTransfers(context);
		this.#registration = new Registration(context);
		this.#completion = new Completion(context);
	}

	start(now: number): void {
		const { link, terms, node } = this.context;
		node.requests.startSession({
			groupId: link.groupId,
			privateGroup: terms.privateGroup,
			sources: sourcesOf(terms.source, link.proxy),
		});
		node.emit({
			kind: 'sessionStarted',
			groupId: link.groupId,
			groupInstance: link.groupInstance,
			senderId: link.senderId,
			sender: link.sender,
			privateGroup: terms.privateGroup,
			blockBytes: terms.blockBytes,
			isOpenGroup: terms.isOpenGroup,
			...(terms.source === undefined ? {} : { source: terms.source }),
			...(link.proxy === undefined ? {} : { proxy: link.proxy }),
			...(link.security === undefined ? {} : { security: link.security.facts }),
		});
		this.#registration.start(now);
	}

	/** Any packet of this session's sender: keeps it from timing out, and carries the clockwork's settings. */
	hear(now: number, header: Readonly<CommonHeader>, isMarked: boolean): void {
		assert(now >= this.context.lastHeardAt, 'time does not run backwards in a session');
		this.context.lastHeardAt = now;
		this.context.noteSequence(header.sequence);
		if (header.groupSize !== 0) this.context.groupSize = decodeGroupSize(header.groupSize);
		this.#adoptGrtt(now, header.grtt);
		const { congestion, groupSize, grttMs } = this.context;
		if (congestion === undefined) return;
		congestion.adopt(now, grttMs, groupSize);
		congestion.control(now, header.sequence, isMarked);
	}

	/** The same for a packet in the clear: with a group key at hand it is not believed more than that somebody speaks. */
	hearInClear(now: number, header: Readonly<CommonHeader>, isMarked: boolean): void {
		const { link, phase } = this.context;
		if (link.security === undefined || phase === 'registering') this.hear(now, header, isMarked);
		else this.context.lastHeardAt = now;
	}

	#refuseClear(func: number): void {
		const { link } = this.context;
		const what = `A clear ${messageName(func)} in the encrypted session of ${link.sender.host}`;
		this.context.warnOnce(`${what} was ignored: it is forged`);
	}

	#adoptGrtt(now: number, grttByte: number): void {
		const factor = this.context.adoptGrtt(now, grttByte);
		if (factor !== 1) this.files.rescale(now, factor);
	}

	/** A control message of this session, from its sender or its response proxy. */
	handleMessage(now: number, message: IncomingMessage, origin: Origin): Malformed | undefined {
		const { node, link, phase } = this.context;
		const { header, isSealed, isMarked } = message;
		const { func } = header;
		assert(this.context.end === undefined, 'a session that has ended takes no messages');
		const isEncryptedSession = link.security !== undefined;
		const refusal = admission('receiver', phase, func, { isSealed, isEncryptedSession });
		if (refusal === 'clear-in-encrypted-session') {
			node.counters.drop(refusal);
			this.#refuseClear(func);
			return undefined;
		}
		if (origin === 'sender') {
			if (isSealed) this.hear(now, header, isMarked);
			else this.hearInClear(now, header, isMarked);
		} else if (isSealed && func !== MessageType.ABORT) {
			node.counters.drop('proxy-only-hop');
			return undefined;
		}
		if (refusal !== undefined) {
			node.counters.drop(refusal);
			return undefined;
		}
		return this.#act(now, message, origin);
	}

	#act(now: number, message: IncomingMessage, origin: Origin): Malformed | undefined {
		switch (message.header.func) {
			case MessageType.REG_CONF:
				// In encrypted sessions it is for proxies: KEYINFO says more.
				return this.context.link.security === undefined ? this.#registration.handleRegConf(message) : undefined;
			case MessageType.KEYINFO:
				return this.#registration.handleKeyInfo(message);
			case MessageType.FILEINFO:
				return this.#handleFileInfo(now, message);
			case MessageType.DONE:
				return this.#handleDone(now, message);
			case MessageType.CONG_CTRL:
				return this.#handleCongCtrl(now, message);
			case MessageType.DONE_CONF:
				return this.#completion.handleDoneConf(message);
			case MessageType.ABORT:
				return this.#handleAbort(message, origin);
			default:
				return undefined;
		}
	}

	#handleFileInfo(now: number, message: IncomingMessage): Malformed | undefined {
		// After DONE(0) nothing new begins; a late repeat of a finished file's FILEINFO is answered there.
		const result = this.files.handleFileInfo(now, message, this.context.phase === 'completing');
		if ('malformed' in result) return result;
		// A sender describes files only to those whose REGISTER it has.
		if (result.isListed) this.#registration.confirm();
		return undefined;
	}

	#handleDone(now: number, { bytes, at, length }: IncomingMessage): Malformed | undefined {
		const message = decodeDone(bytes, at, length);
		if (isMalformed(message)) return message;
		const isListed = message.ids.includes(this.context.node.config.receiverId);
		if (message.fileId !== SESSION_FILE_ID) {
			this.files.handleDone(now, message.fileId, message.section, isListed);
		} else if (isListed && !this.files.isStoring) {
			// While a file is being stored the answer would not be true yet; the sender asks again.
			this.files.discardAll('The sender has ended the session before the file was complete', false);
			this.#completion.handleDone(now);
		}
		return undefined;
	}

	#handleCongCtrl(now: number, message: IncomingMessage): Malformed | undefined {
		const { congestion, node } = this.context;
		if (congestion === undefined) {
			node.counters.drop('wrong-phase');
			return undefined;
		}
		const malformed = congestion.handleCongCtrl(now, message);
		this.#report(now, congestion);
		return malformed;
	}

	#report(now: number, congestion: Congestion): void {
		const report = congestion.takeReport(now);
		if (report !== undefined) this.context.answer({ kind: 'ccAck', report });
	}

	#handleAbort({ bytes, at, length }: IncomingMessage, origin: Origin): Malformed | undefined {
		const message = decodeAbort(bytes, at, length);
		if (isMalformed(message)) return message;
		// A proxy ends the session of one receiver; what is for all only the sender can say.
		const isForAll = message.host === 0 && origin === 'sender';
		const isForUs = isForAll || message.host === this.context.node.config.receiverId;
		const isSpared = isForAll && message.currentFileOnly && !this.files.hasOpenFiles;
		const who = origin === 'sender' ? 'The sender' : 'The response proxy';
		if (isForUs && !isSpared) this.context.finish('aborted', `${who} aborted: ${message.message}`, false);
		return undefined;
	}

	/** The response proxy of this session is dead: its answers go to another one, or to the sender, if that makes sense. */
	leaveProxy(now: number, lost: Endpoint, to: Endpoint | undefined): void {
		const { context } = this;
		const { link, phase, node } = context;
		const where = `The response proxy at ${formatEndpoint(lost)} is lost`;
		assert(link.proxy !== undefined, 'only who is behind a proxy can lose it');
		if (link.security !== undefined && phase === 'registering') {
			// The keys were to be agreed with it. The next ANNOUNCE begins anew, with another one or without.
			context.finish('unconfirmed', `${where}: the session is joined again when it is announced again`, false);
			return;
		}
		if (link.security?.isSignedByKey === true) {
			context.finish('proxyLost', `${where}, and only with it this receiver has exchanged keys`, false);
			return;
		}
		link.proxy = to;
		node.emit({ kind: 'sessionMoved', groupId: link.groupId, from: lost, to });
		if (link.security === undefined) this.#registration.restate(now);
	}

	/** A data packet: true when its block is wanted; then `block` says where it belongs. Hot. */
	takeBlock(now: number, block: IncomingBlock): boolean {
		const { context } = this;
		const { bytes, headerAt } = block;
		const { counters } = context.node;
		if (sourceId.get(bytes, headerAt) !== context.link.senderId) {
			counters.blocksUnknown++;
			return false;
		}
		if (groupInstance.get(bytes, headerAt) !== context.link.groupInstance) {
			counters.blocksUnknown++;
			return false;
		}
		if (!block.isSealed) {
			if (context.link.security !== undefined) {
				counters.drop('clear-in-encrypted-session');
				this.#refuseClear(MessageType.FILESEG);
				return false;
			}
			// Nobody else may write into a file.
			if (!context.senderHosts.accepts(block.sourceKey)) {
				counters.drop('wrong-address');
				return false;
			}
		}
		if (!(now >= context.lastHeardAt)) fail('time does not run backwards in a session');
		context.lastHeardAt = now;
		this.#adoptGrtt(now, grtt.get(bytes, headerAt));
		const sequence = sequenceField.get(bytes, headerAt);
		const isLate = context.noteSequence(sequence);
		const { congestion } = context;
		if (congestion !== undefined && context.phase !== 'registering') {
			congestion.adopt(now, context.grttMs, context.groupSize);
			congestion.block(now, sequence, block);
		}
		return this.files.takeBlock(now, block, isLate);
	}

	get groupId(): number {
		return this.context.link.groupId;
	}

	get deadline(): number {
		const { timers, silenceDeadline, congestion } = this.context;
		return Math.min(timers.next(), silenceDeadline, this.files.deadline, congestion?.deadline ?? NEVER);
	}

	handleTimeout(now: number): void {
		const { context } = this;
		assert(context.phase !== 'ended', 'a session that has ended has no timers');
		this.#registration.handleTimeout(now);
		if (context.phase === 'completing') this.#completion.handleTimeout(now);
		else if (now >= context.silenceDeadline) context.finish('timedOut', 'Transfer timed out', true);
		this.files.handleTimeout(now);
		if (context.congestion !== undefined) this.#report(now, context.congestion);
	}

	/** Carries out the end that the call has led to, if it has; true when the session is over. */
	settle(): boolean {
		const { context } = this;
		if (context.end === undefined) return false;
		assert(context.phase !== 'ended', 'a session ends once');
		const { outcome, reason, tellsSender } = context.end;
		if (outcome === 'completed') {
			context.node.knownSenders.note(context.senderHosts.announcer, context.link.senderId);
		}
		this.files.discardAll(reason, outcome !== 'completed' && outcome !== 'internal');
		if (tellsSender) context.answer({ kind: 'abort', reason });
		context.phase = 'ended';
		context.timers.clearAll();
		context.node.requests.endSession(context.link.groupId);
		context.node.emit({
			kind: 'sessionEnded',
			groupId: context.link.groupId,
			senderId: context.link.senderId,
			outcome,
			reason,
			filesReceived: this.files.filesReceived,
			privateGroup: context.terms.privateGroup,
		});
		return true;
	}
}

/** A response proxy speaks to the private group as well as the sender: it hands on the group key. */
function sourcesOf(source: string | undefined, proxy: Endpoint | undefined): readonly (string | undefined)[] {
	return source === undefined || proxy === undefined ? [source] : [...new Set([source, proxy.host])];
}

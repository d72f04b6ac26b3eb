/** One session of a receiver: takes what the sender says, in the phase that it is in, and ends exactly once. */
import {
	type CommonHeader,
	decodeAbort,
	decodeDone,
	decodeGroupSize,
	Header,
	isMalformed,
	type Malformed,
	MESSAGE_TRAITS,
	MessageType,
	messageName,
} from '@uftp/wire';
import { formatEndpoint } from '../endpoints.ts';
import type { Endpoint } from '../ports.ts';
import { NEVER } from '../timers.ts';
import { Completion, SESSION_FILE_ID } from './completion.ts';
import type { Congestion } from './congestion.ts';
import { FileTransfers } from './file-transfers.ts';
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
	hear(now: number, header: Readonly<CommonHeader>): void {
		this.context.lastHeardAt = now;
		this.context.noteSequence(header.sequence);
		if (header.groupSize !== 0) this.context.groupSize = decodeGroupSize(header.groupSize);
		this.#adoptGrtt(now, header.grtt);
		const { congestion, groupSize, grttMs, node } = this.context;
		if (congestion === undefined) return;
		congestion.adopt(now, grttMs, groupSize);
		congestion.control(now, header.sequence, node.arrival.isMarked);
	}

	/** The same for a packet in the clear: with a group key at hand it is not believed more than that somebody speaks. */
	hearInClear(now: number, header: Readonly<CommonHeader>): void {
		const { link, phase } = this.context;
		if (link.security === undefined || phase === 'registering') this.hear(now, header);
		else this.context.lastHeardAt = now;
	}

	/** In an encrypted session the clear forms of what is sent sealed are refused. */
	#isAllowedInClear(header: Readonly<CommonHeader>): boolean {
		const { link, phase } = this.context;
		const { encryption } = MESSAGE_TRAITS[header.func];
		if (link.security === undefined || encryption === 'never') return true;
		// Until a receiver has the group key its sender can abort only in the clear.
		if (header.func === MessageType.ABORT && phase === 'registering') return true;
		this.#refuseClear(header.func);
		return false;
	}

	#refuseClear(func: number): void {
		const { node, link } = this.context;
		node.counters.drop('clear-in-encrypted-session');
		const what = `A clear ${messageName(func)} in the encrypted session of ${link.sender.host}`;
		this.context.warnOnce(`${what} was ignored: it is forged`);
	}

	#adoptGrtt(now: number, grttByte: number): void {
		const factor = this.context.adoptGrtt(now, grttByte);
		if (factor !== 1) this.files.rescale(now, factor);
	}

	/** A control message of this session; what follows its common header is bytes[at .. at+length). */
	handleMessage(
		now: number,
		header: Readonly<CommonHeader>,
		bytes: Uint8Array,
		at: number,
		length: number,
		isSealed = false,
		origin: Origin = 'sender',
	): Malformed | undefined {
		if (!isSealed && !this.#isAllowedInClear(header)) return undefined;
		if (origin === 'sender') {
			if (isSealed) this.hear(now, header);
			else this.hearInClear(now, header);
		} else if (isSealed && header.func !== MessageType.ABORT) {
			this.context.node.counters.drop('not-of-a-proxy');
			return undefined;
		}
		switch (header.func) {
			case MessageType.REG_CONF:
				// In encrypted sessions it is for proxies: KEYINFO says more.
				if (this.context.link.security !== undefined) return undefined;
				return this.#registration.handleRegConf(bytes, at, length);
			case MessageType.KEYINFO:
				return this.#registration.handleKeyInfo(header.sourceId, bytes, at, length);
			case MessageType.FILEINFO:
				return this.#handleFileInfo(now, bytes, at, length);
			case MessageType.DONE:
				return this.#handleDone(now, bytes, at, length);
			case MessageType.CONG_CTRL:
				return this.#handleCongCtrl(now, bytes, at, length);
			case MessageType.DONE_CONF:
				return this.#completion.handleDoneConf(bytes, at, length);
			case MessageType.ABORT:
				return this.#handleAbort(bytes, at, length, origin);
			default:
				this.context.node.counters.drop('unexpected-message');
				return undefined;
		}
	}

	#handleFileInfo(now: number, bytes: Uint8Array, at: number, length: number): Malformed | undefined {
		// After DONE(0) nothing new begins; a late repeat of a finished file's FILEINFO is answered there.
		const result = this.files.handleFileInfo(now, bytes, at, length, this.context.phase === 'completing');
		if ('malformed' in result) return result;
		// A sender describes files only to those whose REGISTER it has.
		if (result.isListed) this.#registration.confirm();
		return undefined;
	}

	#handleDone(now: number, bytes: Uint8Array, at: number, length: number): Malformed | undefined {
		const message = decodeDone(bytes, at, length);
		if (isMalformed(message)) return message;
		if (this.context.phase === 'registering') return undefined;
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

	#handleCongCtrl(now: number, bytes: Uint8Array, at: number, length: number): Malformed | undefined {
		const { congestion, phase, node } = this.context;
		if (congestion === undefined || phase === 'registering') {
			node.counters.drop('unexpected-message');
			return undefined;
		}
		const malformed = congestion.handleCongCtrl(now, bytes, at, length);
		this.#report(now, congestion);
		return malformed;
	}

	#report(now: number, congestion: Congestion): void {
		const report = congestion.takeReport(now);
		if (report !== undefined) this.context.answer({ kind: 'ccAck', report });
	}

	#handleAbort(bytes: Uint8Array, at: number, length: number, origin: Origin): Malformed | undefined {
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

	/** See `Receiver.handleBlock`; `datagramBytes` as it came, `isSealed` if that was an ENCRYPTED. Hot. */
	takeBlock(
		now: number,
		bytes: Uint8Array,
		headerAt: number,
		payloadLength: number,
		datagramBytes: number,
		isSealed: boolean,
	): boolean {
		const { context } = this;
		if (!isSealed && context.link.security !== undefined) {
			this.#refuseClear(MessageType.FILESEG);
			return false;
		}
		if (
			sourceId.get(bytes, headerAt) !== context.link.senderId ||
			groupInstance.get(bytes, headerAt) !== context.link.groupInstance
		) {
			context.node.counters.blocksUnknown++;
			return false;
		}
		context.lastHeardAt = now;
		this.#adoptGrtt(now, grtt.get(bytes, headerAt));
		const sequence = sequenceField.get(bytes, headerAt);
		const isLate = context.noteSequence(sequence);
		const { congestion } = context;
		if (congestion !== undefined && context.phase !== 'registering') {
			congestion.adopt(now, context.grttMs, context.groupSize);
			congestion.block(now, sequence, bytes, headerAt, datagramBytes, context.node.arrival.isMarked);
		}
		return this.files.takeBlock(now, bytes, headerAt, payloadLength, isLate);
	}

	get deadline(): number {
		const { timers, silenceDeadline, congestion } = this.context;
		return Math.min(timers.next(), silenceDeadline, this.files.deadline, congestion?.deadline ?? NEVER);
	}

	handleTimeout(now: number): void {
		const { context } = this;
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
		const { outcome, reason, tellsSender } = context.end;
		this.files.discardAll(reason, outcome !== 'completed');
		if (tellsSender) context.answer({ kind: 'abort', reason });
		context.phase = 'ended';
		context.timers.clearAll();
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

/** What receivers say to a session that a gathering proxy serves: kept for others to join it, or passed on. */
import { openedAt, unwrapOpened } from '@uftp/crypto';
import {
	decodeAbort,
	decodeClientKey,
	decodeComplete,
	decodeFileInfoAck,
	decodeKeyInfoAck,
	decodeRegister,
	decodeStatus,
	isMalformed,
	isMessageType,
	type Malformed,
	MessageType,
	malformed,
	type Status,
} from '@uftp/wire';
import { assert } from '../../assert.ts';
import { admission } from '../../message-rules.ts';
import { Allowance } from '../../shared/allowance.ts';
import { SESSION_FILE_ID } from '../../shared/session-file-id.ts';
import { decodeBody, type HandledDatagram } from '../handled-datagram.ts';
import { HOLD_MS_MAX, REPORTS_PER_SECOND, STRAYS_PER_SECOND } from './gathering-limits.ts';
import type { KeyDelivery } from './key-delivery.ts';
import type { PendingOf } from './pending-answers.ts';
import type { RelayAdmission } from './relay-admission.ts';
import type { RelayContext } from './relay-context.ts';
import type { RelayedReceiver } from './relayed-receivers.ts';

const SEALED = { isSealed: true, isEncryptedSession: true } as const;

/** The memory that a datagram stands in: bytes[at .. at+length). */
type Stretch = Pick<HandledDatagram, 'bytes' | 'at' | 'length'>;

/** An answer of a receiver of the session, opened if it was sealed. */
interface Answer extends Stretch {
	readonly now: number;
	readonly receiver: RelayedReceiver;
	readonly func: number;
	/** The datagram as it came. */
	readonly asItCame: Stretch;
}

export class Downstream {
	readonly #context: RelayContext;
	readonly #admission: RelayAdmission;
	readonly #keys: KeyDelivery;
	readonly #strays = new Allowance(STRAYS_PER_SECOND, 1000);
	/** Apart from that of strangers, who could use it up. */
	readonly #reports = new Allowance(REPORTS_PER_SECOND, 1000);

	constructor(context: RelayContext, admission: RelayAdmission, keys: KeyDelivery) {
		this.#context = context;
		this.#admission = admission;
		this.#keys = keys;
	}

	/** A datagram of a receiver. It may be changed in place. */
	handle(datagram: HandledDatagram): Malformed | undefined {
		const { func } = datagram.header;
		assert(datagram.header.groupId === this.#context.terms.groupId, 'an answer is given to its session');
		this.#context.totals.messagesIn++;
		if (func === MessageType.ENCRYPTED) return this.#handleSealed(datagram);
		if (func === MessageType.REGISTER) {
			const message = decodeBody(decodeRegister, datagram);
			if (isMalformed(message)) return message;
			this.#admission.handleRegister(datagram, message);
			return undefined;
		}
		if (func === MessageType.CLIENT_KEY) {
			const message = decodeBody(decodeClientKey, datagram);
			if (isMalformed(message)) return message;
			this.#admission.handleClientKey(datagram, message);
			return undefined;
		}
		return this.#handleClear(datagram);
	}

	#handleClear(datagram: HandledDatagram): Malformed | undefined {
		const { now, header } = datagram;
		const { func, sourceId } = header;
		const { security, receivers, node } = this.#context;
		// Only who has no keys yet may leave an encrypted session in the clear.
		const mayLeave = func === MessageType.ABORT && receivers.get(sourceId)?.hasGroupKey !== true;
		if (security !== undefined && !mayLeave) {
			node.counters.drop('clear-in-encrypted-session');
			return undefined;
		}
		const receiver = this.#admission.receiverOf(datagram);
		if (receiver !== undefined) return this.#take({ ...datagram, receiver, func, asItCame: datagram });
		if (func === MessageType.ABORT) return this.#handleStrangersAbort(datagram);
		// Known under this id, but elsewhere; or nobody at all.
		if (receivers.get(sourceId) !== undefined || !isGathered(func)) {
			node.counters.drop('unknown-receiver');
			return undefined;
		}
		const wrong = this.#checked(datagram);
		if (wrong !== undefined) return wrong;
		const late = this.#admission.admitLate(now, sourceId, datagram.from);
		if (late === undefined) return undefined;
		return this.#take({ ...datagram, receiver: late, func, asItCame: datagram });
	}

	/** Whether an answer is whole, before anybody is registered for it. */
	#checked(datagram: HandledDatagram): Malformed | undefined {
		const { func } = datagram.header;
		if (func === MessageType.FILEINFO_ACK) return onlyMalformed(decodeBody(decodeFileInfoAck, datagram));
		if (func === MessageType.COMPLETE) return onlyMalformed(decodeBody(decodeComplete, datagram));
		const status = decodeBody(decodeStatus, datagram);
		return isMalformed(status) ? status : this.#bitmapProblem(status);
	}

	#handleSealed(datagram: HandledDatagram): Malformed | undefined {
		const { now, from, header, bytes, at, length } = datagram;
		const { sourceId } = header;
		const { security, receivers, node, terms } = this.#context;
		if (security === undefined) {
			node.counters.drop('encrypted-in-clear-session');
			return undefined;
		}
		const receiver = receivers.get(sourceId);
		if (receiver === undefined || receiver.isUnproven || !security.hasGroupKey) {
			// A receiver that has lost another proxy: the sender knows it, and can open what it says.
			const isStray = receiver === undefined && !security.signsAnew;
			if (isStray && this.#strays.take(now)) this.#context.forward(terms.sender, bytes, at, length);
			else node.counters.drop('unknown-receiver');
			return undefined;
		}
		const asItCame = { bytes: bytes.slice(at, at + length), at: 0, length };
		const plainBytes = security.openFromReceiver(sourceId, bytes, at, length);
		if (plainBytes <= 0) {
			node.reports.drop(now, 'not-opened', from);
			return undefined;
		}
		this.#admission.hear(now, receiver, from);
		const func = bytes[openedAt(bytes, at)];
		const refusal = isMessageType(func) ? admission('proxyUp', 'open', func, SEALED) : 'unknown-function';
		if (refusal !== undefined) {
			node.counters.drop(refusal);
			return undefined;
		}
		const plainLength = unwrapOpened(bytes, at, plainBytes);
		assert(plainLength <= length, 'a message is no longer than what it was sealed in');
		return this.#take({ now, receiver, func, bytes, at, length: plainLength, asItCame });
	}

	#take(answer: Answer): Malformed | undefined {
		const { now, receiver } = answer;
		assert(!receiver.isUnproven, 'only those who have shown their key are listened to');
		receiver.hasAnswered = true;
		switch (answer.func) {
			case MessageType.FILEINFO_ACK:
				return this.#takeFileInfoAck(answer);
			case MessageType.STATUS:
				return this.#takeStatus(answer);
			case MessageType.COMPLETE:
				return this.#takeComplete(answer);
			case MessageType.KEYINFO_ACK: {
				const message = decodeBody(decodeKeyInfoAck, answer);
				if (isMalformed(message)) return message;
				if (this.#keys.acknowledge(receiver, message.verifyData)) this.#context.emitConfirmed(receiver);
				return undefined;
			}
			case MessageType.CC_ACK:
				this.#passOn(answer);
				return undefined;
			case MessageType.ABORT: {
				const message = decodeBody(decodeAbort, answer);
				if (isMalformed(message)) return message;
				this.#leave(now, receiver, message.message);
				return undefined;
			}
			default:
				this.#context.node.counters.drop('wrong-phase');
				return undefined;
		}
	}

	#takeFileInfoAck(answer: Answer): Malformed | undefined {
		const { now } = answer;
		const message = decodeBody(decodeFileInfoAck, answer);
		if (isMalformed(message)) return message;
		const { fileId, partial: isPartial, timestamp } = message;
		const { pending } = this.#context;
		pending.addFileInfoAck(this.#from(answer), { fileId, isPartial, echoed: { timestamp, heardAt: now } });
		assert(pending.deadline <= now + HOLD_MS_MAX, 'no answer waits longer than it may');
		this.#releaseIfAll(now, fileId);
		return undefined;
	}

	#takeStatus(answer: Answer): Malformed | undefined {
		const message = decodeBody(decodeStatus, answer);
		if (isMalformed(message)) return message;
		const wrong = this.#bitmapProblem(message);
		if (wrong !== undefined) return wrong;
		this.#context.pending.addStatus(this.#from(answer), message);
		return undefined;
	}

	/** Whose answer it is, and how long it may wait. */
	#from({ now, receiver }: Answer): PendingOf {
		return { now, holdMs: this.#context.holdMs, id: receiver.id };
	}

	/** A section has at most 8 blocks per byte of a block, so no bitmap is longer than one block and one byte. */
	#bitmapProblem({ bitmapBytes }: Status): Malformed | undefined {
		if (bitmapBytes === 0) return malformed('too-short');
		return bitmapBytes > this.#context.terms.blockBytes + 1 ? malformed('too-long') : undefined;
	}

	#takeComplete(answer: Answer): Malformed | undefined {
		const { now, receiver } = answer;
		const message = decodeBody(decodeComplete, answer);
		if (isMalformed(message)) return message;
		this.#context.pending.addComplete(this.#from(answer), message);
		if (message.fileId === SESSION_FILE_ID) this.#context.receivers.complete(receiver);
		this.#releaseIfAll(now, message.fileId);
		return undefined;
	}

	/** When all that have shown their key have answered about the file there is nobody to wait for. */
	#releaseIfAll(now: number, fileId: number): void {
		const { pending, receivers } = this.#context;
		const answered = pending.count('fileInfoAck', fileId) + pending.count('complete', fileId);
		if (answered >= receivers.provenCount) pending.release(now);
	}

	/** Congestion feedback is the receiver's own, and urgent. */
	#passOn({ now, receiver, asItCame: { bytes, at, length } }: Answer): void {
		const { security, node, terms } = this.#context;
		if (!this.#reports.take(now)) node.counters.drop('too-many-answers');
		else if (security?.signsAnew === true && !security.signUpAnew(receiver.id, bytes, at, length)) {
			node.counters.drop('not-signed');
		} else this.#context.forward(terms.sender, bytes, at, length);
	}

	#leave(now: number, receiver: RelayedReceiver, reason: string): void {
		const { node, terms } = this.#context;
		this.#context.drop(receiver.id);
		assert(this.#context.receivers.get(receiver.id) === undefined, 'who leaves is gone');
		this.#context.abortUp(now, receiver.id, reason);
		node.reports.emit({ kind: 'receiverAborted', groupId: terms.groupId, receiverId: receiver.id, reason });
	}

	/** Somebody who has not registered refuses to take part: the sender may want to know why. */
	#handleStrangersAbort(datagram: HandledDatagram): Malformed | undefined {
		const { now, header } = datagram;
		const message = decodeBody(decodeAbort, datagram);
		if (isMalformed(message)) return message;
		const { node, receivers } = this.#context;
		const isStranger = receivers.get(header.sourceId) === undefined;
		if (isStranger && node.refusals.take(now)) this.#context.abortUp(now, header.sourceId, message.message);
		else node.counters.drop('unknown-receiver');
		return undefined;
	}
}

function isGathered(func: number): boolean {
	return func === MessageType.FILEINFO_ACK || func === MessageType.STATUS || func === MessageType.COMPLETE;
}

function onlyMalformed(decoded: object): Malformed | undefined {
	return isMalformed(decoded) ? decoded : undefined;
}

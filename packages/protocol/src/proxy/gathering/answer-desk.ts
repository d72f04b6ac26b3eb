/** What receivers say to a session that a gathering proxy serves: kept for others to join it, or passed on. */
import { openedAt, unwrapOpened } from '@uftp/crypto';
import {
	type CommonHeader,
	decodeAbort,
	decodeClientKey,
	decodeComplete,
	decodeFileInfoAck,
	decodeKeyInfoAck,
	decodeRegister,
	decodeStatus,
	HEADER_BYTES,
	isMalformed,
	isMessageType,
	type Malformed,
	MessageType,
	malformed,
	type Status,
} from '@uftp/wire';
import { admission } from '../../message-rules.ts';
import type { Endpoint } from '../../ports.ts';
import { Allowance } from '../../shared/allowance.ts';
import { SESSION_FILE_ID } from '../../shared/session-file-id.ts';
import { STRAYS_PER_SECOND } from './gathering-limits.ts';
import type { KeyDelivery } from './key-delivery.ts';
import type { RelayAdmission } from './relay-admission.ts';
import type { RelayContext } from './relay-context.ts';
import type { RelayedReceiver } from './relayed-receivers.ts';

const SEALED = { isSealed: true, isEncryptedSession: true } as const;

export class AnswerDesk {
	readonly #context: RelayContext;
	readonly #admission: RelayAdmission;
	readonly #keys: KeyDelivery;
	readonly #strays = new Allowance(STRAYS_PER_SECOND, 1000);

	constructor(context: RelayContext, admission: RelayAdmission, keys: KeyDelivery) {
		this.#context = context;
		this.#admission = admission;
		this.#keys = keys;
	}

	/** The datagram bytes[at .. at+length) of a receiver. It may be changed in place. */
	handle(
		now: number,
		from: Endpoint,
		header: Readonly<CommonHeader>,
		bytes: Uint8Array,
		at: number,
		length: number,
	): Malformed | undefined {
		const { func, sourceId } = header;
		const bodyAt = at + HEADER_BYTES;
		const bodyBytes = length - HEADER_BYTES;
		this.#context.totals.messagesIn++;
		if (func === MessageType.ENCRYPTED) return this.#handleSealed(now, from, sourceId, bytes, at, length);
		if (func === MessageType.REGISTER) {
			const message = decodeRegister(bytes, bodyAt, bodyBytes);
			if (isMalformed(message)) return message;
			this.#admission.handleRegister(now, from, sourceId, message, length);
			return undefined;
		}
		if (func === MessageType.CLIENT_KEY) {
			const message = decodeClientKey(bytes, bodyAt, bodyBytes);
			if (isMalformed(message)) return message;
			this.#admission.handleClientKey(now, from, sourceId, message, length);
			return undefined;
		}
		return this.#handleClear(now, from, header, bytes, at, length);
	}

	#handleClear(
		now: number,
		from: Endpoint,
		{ func, sourceId }: Readonly<CommonHeader>,
		bytes: Uint8Array,
		at: number,
		length: number,
	): Malformed | undefined {
		const { security, receivers, node } = this.#context;
		// Only who has no keys yet may leave an encrypted session in the clear.
		const mayLeave = func === MessageType.ABORT && receivers.get(sourceId)?.hasGroupKey !== true;
		if (security !== undefined && !mayLeave) {
			node.counters.drop('clear-in-encrypted-session');
			return undefined;
		}
		const receiver = this.#admission.receiverOf(now, sourceId, from, length);
		const bodyAt = at + HEADER_BYTES;
		const bodyBytes = length - HEADER_BYTES;
		if (receiver !== undefined) return this.#take(now, receiver, func, bytes, bodyAt, bodyBytes, bytes, at, length);
		if (func === MessageType.ABORT) return this.#handleStrangersAbort(now, sourceId, bytes, bodyAt, bodyBytes);
		// Known under this id, but elsewhere; or nobody at all.
		if (receivers.get(sourceId) !== undefined || !isGathered(func)) {
			node.counters.drop('unknown-receiver');
			return undefined;
		}
		const wrong = this.#checked(func, bytes, bodyAt, bodyBytes);
		if (wrong !== undefined) return wrong;
		const late = this.#admission.admitLate(now, sourceId, from);
		if (late === undefined) return undefined;
		return this.#take(now, late, func, bytes, bodyAt, bodyBytes, bytes, at, length);
	}

	/** Whether an answer is whole, before anybody is registered for it. */
	#checked(func: number, bytes: Uint8Array, at: number, length: number): Malformed | undefined {
		if (func === MessageType.FILEINFO_ACK) return onlyMalformed(decodeFileInfoAck(bytes, at, length));
		if (func === MessageType.COMPLETE) return onlyMalformed(decodeComplete(bytes, at, length));
		const status = decodeStatus(bytes, at, length);
		return isMalformed(status) ? status : this.#bitmapProblem(status);
	}

	#handleSealed(
		now: number,
		from: Endpoint,
		sourceId: number,
		bytes: Uint8Array,
		at: number,
		length: number,
	): Malformed | undefined {
		const { security, receivers, node, terms } = this.#context;
		if (security === undefined) {
			node.counters.drop('encrypted-in-clear-session');
			return undefined;
		}
		const receiver = receivers.get(sourceId);
		if (receiver === undefined || receiver.isUnproven || !security.hasGroupKey) {
			// A receiver that has lost another proxy: the sender knows it, and can open what it says.
			const isStray = receivers.get(sourceId) === undefined && !security.signsAnew;
			if (isStray && this.#strays.take(now)) this.#context.forward(terms.sender, bytes, at, length);
			else node.counters.drop('unknown-receiver');
			return undefined;
		}
		const asItStands = bytes.slice(at, at + length);
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
		const bodyAt = at + HEADER_BYTES;
		return this.#take(now, receiver, func, bytes, bodyAt, plainLength - HEADER_BYTES, asItStands, 0, length);
	}

	/** An answer in bytes[at .. at+length), behind the common header; `datagram` holds it as it came. */
	#take(
		now: number,
		receiver: RelayedReceiver,
		func: number,
		bytes: Uint8Array,
		at: number,
		length: number,
		datagram: Uint8Array,
		datagramAt: number,
		datagramBytes: number,
	): Malformed | undefined {
		switch (func) {
			case MessageType.FILEINFO_ACK:
				return this.#takeFileInfoAck(now, receiver, bytes, at, length);
			case MessageType.STATUS:
				return this.#takeStatus(now, receiver, bytes, at, length);
			case MessageType.COMPLETE:
				return this.#takeComplete(now, receiver, bytes, at, length);
			case MessageType.KEYINFO_ACK: {
				const message = decodeKeyInfoAck(bytes, at, length);
				if (isMalformed(message)) return message;
				if (this.#keys.acknowledge(receiver, message.verifyData)) this.#emitKeyed(receiver);
				return undefined;
			}
			case MessageType.CC_ACK:
				this.#passOn(now, receiver, datagram, datagramAt, datagramBytes);
				return undefined;
			case MessageType.ABORT: {
				const message = decodeAbort(bytes, at, length);
				if (isMalformed(message)) return message;
				this.#leave(now, receiver, message.message);
				return undefined;
			}
			default:
				this.#context.node.counters.drop('unexpected-message');
				return undefined;
		}
	}

	#emitKeyed({ id: receiverId }: RelayedReceiver): void {
		const { node, terms } = this.#context;
		node.reports.emit({ kind: 'receiverConfirmed', groupId: terms.groupId, receiverId });
	}

	#takeFileInfoAck(
		now: number,
		receiver: RelayedReceiver,
		bytes: Uint8Array,
		at: number,
		length: number,
	): Malformed | undefined {
		const message = decodeFileInfoAck(bytes, at, length);
		if (isMalformed(message)) return message;
		const { pending, holdMs } = this.#context;
		const { fileId, partial, timestamp } = message;
		pending.addFileInfoAck(now, holdMs, receiver.id, fileId, partial, { timestamp, heardAt: now });
		this.#releaseIfAll(now, fileId);
		return undefined;
	}

	#takeStatus(
		now: number,
		receiver: RelayedReceiver,
		bytes: Uint8Array,
		at: number,
		length: number,
	): Malformed | undefined {
		const message = decodeStatus(bytes, at, length);
		if (isMalformed(message)) return message;
		const wrong = this.#bitmapProblem(message);
		if (wrong !== undefined) return wrong;
		const { pending, holdMs } = this.#context;
		pending.addStatus(now, holdMs, receiver.id, message);
		return undefined;
	}

	/** A section has at most 8 blocks per byte of a block, so no bitmap is longer than one block and one byte. */
	#bitmapProblem({ bitmapBytes }: Status): Malformed | undefined {
		if (bitmapBytes === 0) return malformed('too-short');
		return bitmapBytes > this.#context.terms.blockBytes + 1 ? malformed('too-long') : undefined;
	}

	#takeComplete(
		now: number,
		receiver: RelayedReceiver,
		bytes: Uint8Array,
		at: number,
		length: number,
	): Malformed | undefined {
		const message = decodeComplete(bytes, at, length);
		if (isMalformed(message)) return message;
		const { pending, holdMs } = this.#context;
		const { fileId, status, freeSpaceBytes } = message;
		if (freeSpaceBytes !== undefined) pending.addFreeSpace(now, receiver.id, fileId, status, freeSpaceBytes);
		else pending.addComplete(now, holdMs, receiver.id, fileId, status);
		if (fileId === SESSION_FILE_ID) this.#context.receivers.complete(receiver);
		this.#releaseIfAll(now, fileId);
		return undefined;
	}

	/** When everybody has answered about the file there is nobody to wait for. */
	#releaseIfAll(now: number, fileId: number): void {
		const { pending, receivers } = this.#context;
		const answered = pending.count('fileInfoAck', fileId) + pending.count('complete', fileId);
		if (answered >= receivers.size) pending.release(now);
	}

	/** Congestion feedback is the receiver's own, and urgent. */
	#passOn(now: number, receiver: RelayedReceiver, bytes: Uint8Array, at: number, length: number): void {
		const { security, node, terms } = this.#context;
		if (!this.#strays.take(now)) node.counters.drop('too-many-to-pass-on');
		else if (security?.signsAnew === true && !security.signUpAnew(receiver.id, bytes, at, length)) {
			node.counters.drop('not-signed');
		} else this.#context.forward(terms.sender, bytes, at, length);
	}

	#leave(now: number, receiver: RelayedReceiver, reason: string): void {
		const { receivers, security, node, terms } = this.#context;
		receivers.delete(receiver.id);
		security?.forget(receiver.id);
		this.#context.abortUp(now, receiver.id, reason);
		node.reports.emit({ kind: 'receiverAborted', groupId: terms.groupId, receiverId: receiver.id, reason });
	}

	/** Somebody who has not registered refuses to take part: the sender may want to know why. */
	#handleStrangersAbort(
		now: number,
		sourceId: number,
		bytes: Uint8Array,
		at: number,
		length: number,
	): Malformed | undefined {
		const message = decodeAbort(bytes, at, length);
		if (isMalformed(message)) return message;
		const { node, receivers } = this.#context;
		const isStranger = receivers.get(sourceId) === undefined;
		if (isStranger && node.refusals.take(now)) this.#context.abortUp(now, sourceId, message.message);
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

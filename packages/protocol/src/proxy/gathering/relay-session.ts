/** One session at a gathering proxy: between its sender and those of its receivers that answer here. */
import { unwrapOpened } from '@uftp/crypto';
import {
	decodeHeader,
	encodeComplete,
	encodeFileInfoAck,
	encodeStatus,
	isMalformed,
	type Malformed,
	MessageType,
	messageName,
} from '@uftp/wire';
import { assert } from '../../assert.ts';
import { admission } from '../../message-rules.ts';
import { silenceMs } from '../../shared/grtt.ts';
import { advance } from '../../shared/held-timestamp.ts';
import type { HandledDatagram } from '../handled-datagram.ts';
import { SenderAddress } from '../sender-address.ts';
import { Downstream } from './downstream.ts';
import { SESSION_KEPT_MS_MAX, SESSION_KEPT_MS_MIN } from './gathering-limits.ts';
import { KeyDelivery } from './key-delivery.ts';
import type { PendingAnswer } from './pending-answers.ts';
import { RelayAdmission } from './relay-admission.ts';
import type { RelayContext } from './relay-context.ts';
import { RelayRegistration } from './relay-registration.ts';
import { Upstream } from './upstream.ts';

const FUNCTIONS = {
	register: MessageType.REGISTER,
	fileInfoAck: MessageType.FILEINFO_ACK,
	status: MessageType.STATUS,
	complete: MessageType.COMPLETE,
} as const;
/** A session is kept for so many times the silence that ends one at a receiver; C keeps it for one. */
const KEPT_SILENCES = 4;

export class RelaySession {
	readonly context: RelayContext;
	readonly #registration: RelayRegistration;
	readonly #keys: KeyDelivery;
	readonly #upstream: Upstream;
	readonly #downstream: Downstream;
	readonly #address: SenderAddress;

	constructor(context: RelayContext) {
		this.context = context;
		this.#address = new SenderAddress(context.terms.sender);
		this.#registration = new RelayRegistration(context);
		this.#keys = new KeyDelivery(context);
		this.#upstream = new Upstream(context, this.#keys);
		this.#downstream = new Downstream(context, new RelayAdmission(context, this.#registration, this.#keys), this.#keys);
	}

	get groupId(): number {
		return this.context.terms.groupId;
	}

	/** Whether a datagram from there is the sender's. Hot. */
	isSender(sourceKey: number, sourcePort: number): boolean {
		return this.#address.is(sourceKey, sourcePort);
	}

	/**
	 * Whether a datagram that bears the sender's id is the first from another address of the same IPv6 sender. What a client
	 * proxy gets comes from one address: that of the proxy before it.
	 */
	isSenderAtOtherAddress(sourceKey: number, sourcePort: number): boolean {
		return !this.context.isClient && this.#address.adopt(sourceKey, sourcePort);
	}

	/** A datagram of the sender: forwards it where the proxy does. It may be changed in place. */
	handleFromSender(datagram: HandledDatagram): Malformed | undefined {
		const { now, header, bytes, at, length } = datagram;
		const { context } = this;
		assert(context.end === undefined, 'a session that is over takes no messages from its sender');
		if (!this.#admits(header.func, false)) return undefined;
		context.adopt(now, header.grtt, header.groupSize);
		if (header.func === MessageType.ANNOUNCE) return this.#forwardAnnounce(datagram);
		if (header.func === MessageType.ENCRYPTED) return this.#handleSealed(datagram);
		const { security, terms, isClient } = context;
		// In an encrypted session every hop has its own keys, and says itself who has been confirmed.
		const isOwn = header.func === MessageType.REG_CONF || header.func === MessageType.KEYINFO;
		if (isClient && !(isOwn && security !== undefined)) context.forward(terms.privateGroup, bytes, at, length);
		const malformed = this.#upstream.handle({ ...datagram, isSealed: false });
		this.#settle(now);
		return malformed;
	}

	/** Whether the sender may send this; counted if it may not. */
	#admits(func: MessageType, isSealed: boolean): boolean {
		const { security, node } = this.context;
		const refusal = admission('proxyDown', 'open', func, { isSealed, isEncryptedSession: security !== undefined });
		if (refusal !== undefined) node.counters.drop(refusal);
		return refusal === undefined;
	}

	#forwardAnnounce({ now, bytes, at, length }: HandledDatagram): undefined {
		const { isClient, security, terms, node } = this.context;
		if (!isClient) return;
		if (security === undefined || security.rewriteAnnounce(now, bytes, at, length)) {
			this.context.forward(terms.publicGroup, bytes, at, length);
		} else node.counters.drop('announce-not-rewritten');
	}

	#handleSealed({ now, bytes, at, length }: HandledDatagram): Malformed | undefined {
		const { security, isClient, terms, node } = this.context;
		const { context } = this;
		assert(security !== undefined, 'sealed messages are admitted in encrypted sessions only');
		if (isClient && security.signsAnew) {
			const copy = bytes.slice(at, at + length);
			if (security.signDownAnew(copy, 0, length)) context.forward(terms.privateGroup, copy, 0, length);
			else node.counters.drop('not-signed');
		} else if (isClient) context.forward(terms.privateGroup, bytes, at, length);
		if (length >= context.controlBytesMax) return undefined;
		const plainBytes = security.openFromSender(bytes, at, length);
		if (plainBytes <= 0) return undefined;
		const plainLength = unwrapOpened(bytes, at, plainBytes);
		assert(plainLength <= length, 'a message is no longer than what it was sealed in');
		const header = decodeHeader(bytes, at, plainLength);
		if (isMalformed(header)) return header;
		if (!this.#admits(header.func, true)) return undefined;
		const malformed = this.#upstream.handle({ now, header, bytes, at, length: plainLength, isSealed: true });
		this.#settle(now);
		return malformed;
	}

	/** A datagram from elsewhere: a receiver's, if anybody's. It may be changed in place. */
	handleAnswer(datagram: HandledDatagram): Malformed | undefined {
		const malformed = this.#downstream.handle(datagram);
		this.#settle(datagram.now);
		return malformed;
	}

	/** Sends what is due, and what has just become so. */
	#settle(now: number): void {
		this.#keys.handleTimeout(now);
		this.#flush(now);
		assert(this.context.pending.deadline > now, 'what is due has been sent');
	}

	handleTimeout(now: number): void {
		this.#registration.handleTimeout(now);
		this.#settle(now);
		if (now < this.#silenceDeadline) return;
		const { receivers, pending } = this.context;
		pending.release(now);
		this.#flush(now);
		if (receivers.areCompleted) this.context.finish('completed', 'All receivers have completed the session');
		else if (receivers.size === 0) this.context.finish('silent', 'The sender is silent, and no receiver is here');
		else this.context.finish('silent', 'The sender is silent');
	}

	get #silenceDeadline(): number {
		const { terms, grttMs, heardAt, receivers } = this.context;
		const silence = silenceMs(terms.robust, grttMs);
		assert(silence > 0, 'a sender may be silent for some time');
		const keptMs = Math.min(SESSION_KEPT_MS_MAX, Math.max(SESSION_KEPT_MS_MIN, KEPT_SILENCES * silence));
		return heardAt + (receivers.areCompleted ? Math.min(silence, keptMs) : keptMs);
	}

	get deadline(): number {
		const { pending } = this.context;
		return Math.min(pending.deadline, this.#registration.deadline, this.#keys.deadline, this.#silenceDeadline);
	}

	/** Leaves the session: everybody is told. */
	abort(now: number, reason: string): void {
		const { context } = this;
		context.pending.release(now);
		this.#flush(now);
		this.tellAborted(now, reason);
		context.finish('interrupted', reason);
	}

	/** Tells receivers and sender that the session is over at this proxy. */
	tellAborted(now: number, reason: string): void {
		const { context } = this;
		for (const { id } of context.receivers.all()) context.abortReceiver(now, id, reason);
		if (context.receivers.size > 0) context.abortUp(now, 0, reason);
	}

	#flush(now: number): void {
		const { pending } = this.context;
		for (let answer = pending.takeDue(now); answer !== undefined; answer = pending.takeDue(now)) {
			this.#send(now, answer);
		}
	}

	#send(now: number, answer: PendingAnswer): void {
		const { totals, node, terms } = this.context;
		const heldMs = now - answer.firstAt;
		assert(heldMs >= 0, 'an answer leaves after it came');
		totals.heldMs += heldMs;
		totals.heldMsMax = Math.max(totals.heldMsMax, heldMs);
		const receivers = answer.ids.size;
		assert(receivers > 0, 'a message speaks for somebody');
		const func = FUNCTIONS[answer.kind];
		if (func === MessageType.REGISTER) this.#registration.send(now, answer);
		else this.#sendAnswer(now, func, answer);
		if (receivers < 2) return;
		const message = messageName(func);
		node.reports.emit({ kind: 'aggregated', groupId: terms.groupId, message, receivers, heldMs });
	}

	#sendAnswer(now: number, func: MessageType, answer: PendingAnswer): void {
		const { fileId, section, status, isPartial, echoed, bitmap, bitmapBytes, freeSpaceBytes } = answer;
		const ids = this.context.receivers.inOrder(answer.ids);
		this.context.sendUp(now, func, (bytes, at) => {
			if (func === MessageType.STATUS) {
				return encodeStatus(bytes, at, { fileId, section, bitmap, bitmapAt: 0, bitmapBytes });
			}
			if (func === MessageType.FILEINFO_ACK) {
				assert(echoed !== undefined, 'a FILEINFO_ACK says what it answers');
				const timestamp = advance(echoed, now);
				return encodeFileInfoAck(bytes, at, { fileId, partial: isPartial, timestamp, ids });
			}
			const freeSpace = freeSpaceBytes === undefined ? {} : { freeSpaceBytes };
			return encodeComplete(bytes, at, { fileId, status, ...freeSpace, ids });
		});
	}
}

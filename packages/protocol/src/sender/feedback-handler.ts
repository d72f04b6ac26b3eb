/**
 * What receivers and proxies send back, on its way to the member that it is about and to the phase that waits for it:
 * registrations, keys, and answers for one receiver or for those behind a proxy.
 */
import { decodeAbort, decodeRegister, isMalformed, type Malformed, MessageType } from '@uftp/wire';
import { assert } from '../assert.ts';
import type { Endpoint } from '../ports.ts';
import { type Answer, decodeAnswer } from './answers.ts';
import { admit, hasMoved, isFromPeer, reportRefusal } from './membership/admission.ts';
import { type Member, ProxyPeer } from './membership/members.ts';
import { abortedThrough, followSealed, membersBehind, soleMember } from './membership/proxies.ts';
import { admitProxy, enrollProxy } from './membership/proxy-admission.ts';
import type { SenderParts } from './parts.ts';
import type { Phase } from './phase.ts';
import type { FileSchedule } from './transfer/file-schedule.ts';

/** A message that stands in the clear, bytes[at .. at+length) behind the common header, and the phase that it came in. */
export interface Feedback {
	readonly now: number;
	readonly from: Endpoint;
	readonly func: MessageType;
	readonly sourceId: number;
	readonly phase: Phase | undefined;
	readonly bytes: Uint8Array;
	readonly at: number;
	readonly length: number;
}

/** A report of congestion control may stand in either. */
type Report = Extract<Answer, { kind: typeof MessageType.STATUS | typeof MessageType.CC_ACK }>;
type StatusAnswer = Extract<Answer, { kind: typeof MessageType.STATUS }>;

export class FeedbackHandler {
	readonly #parts: SenderParts;
	readonly #schedule: FileSchedule;

	constructor(parts: SenderParts, schedule: FileSchedule) {
		this.#parts = parts;
		this.#schedule = schedule;
	}

	/** Takes a message that has been admitted in this phase. */
	take(feedback: Feedback): void {
		assert(feedback.at >= 0 && feedback.length >= 0, 'a message lies outside of its datagram');
		const wrong = this.#take(feedback);
		if (wrong !== undefined) this.#parts.reports.drop(feedback.now, wrong.malformed, feedback.from);
	}

	#take(feedback: Feedback): Malformed | undefined {
		switch (feedback.func) {
			case MessageType.REGISTER:
				return this.#onRegister(feedback);
			case MessageType.CLIENT_KEY:
				return this.#onClientKey(feedback);
			default:
				return this.#onAnswer(feedback);
		}
	}

	#onRegister({ now, from, sourceId: id, phase, bytes, at, length }: Feedback): Malformed | undefined {
		const message = decodeRegister(bytes, at, length);
		if (isMalformed(message)) return message;
		const { roster, outgoing } = this.#parts;
		const isRegistering = phase?.name === 'registering';
		const registering = { now, from, id, message, isRegistering };
		if (message.ids.length > 0 || roster.proxy(id) !== undefined) {
			for (const member of admitProxy(this.#parts, registering)) phase?.onRegister?.(now, member);
		} else {
			const member = admit(this.#parts, registering);
			if (member !== undefined) phase?.onRegister?.(now, member);
		}
		if (!isRegistering) outgoing.confirmRegistrations(roster);
		return undefined;
	}

	#onClientKey(feedback: Feedback): Malformed | undefined {
		const { handshakes, roster, newcomers, reports } = this.#parts;
		const { now, phase, from, sourceId } = feedback;
		const peer = handshakes?.clientKey(feedback);
		if (peer === undefined) return undefined;
		if (isMalformed(peer)) return peer;
		// There was a place for it when it registered.
		if (!roster.has(peer) && !newcomers.hasPlace(sourceId, roster.size)) {
			reports.drop(now, 'too-many-receivers', from);
			return undefined;
		}
		newcomers.came(sourceId);
		if (peer instanceof ProxyPeer) {
			const members = enrollProxy(this.#parts, { now, isRegistering: true }, peer);
			for (const member of members) phase?.onRegister?.(now, member);
		} else {
			roster.register(peer);
			phase?.onRegister?.(now, peer);
		}
		return undefined;
	}

	#onAnswer(feedback: Feedback): Malformed | undefined {
		const { now, from, func, sourceId, phase, bytes, at, length } = feedback;
		const { roster, congestion } = this.#parts;
		const proxy = roster.proxy(sourceId);
		if (proxy?.isIn === true) return this.#onProxyAnswer(feedback, proxy);
		const member = roster.get(sourceId);
		if (member === undefined || member.state === 'mute') return this.#onStranger(feedback, member);
		if (!this.#isFrom(now, member, from)) return undefined;
		if (!member.isIn) return undefined;
		const message = decodeAnswer(func, bytes, at, length);
		if (message === undefined || isMalformed(message)) return message;
		assert(member.address !== undefined, 'who is in the session has an address');
		if (member.isAway) member.answersFrom(from);
		if (member.via !== undefined && isFromPeer(member.via, from)) member.via.heardAt = now;
		congestion?.report(now, member, message);
		this.#route(now, member, message, phase);
		return undefined;
	}

	#onStranger(feedback: Feedback, member: Member | undefined): Malformed | undefined {
		const { now, from, func, sourceId, phase, bytes, at, length } = feedback;
		const { outgoing, reports } = this.#parts;
		if (func !== MessageType.ABORT) {
			reports.count('unknown-receiver');
			outgoing.abortStranger(now, from, sourceId, 'Not in host list');
		} else if (phase?.name === 'registering') {
			const refusal = decodeAbort(bytes, at, length);
			if (isMalformed(refusal)) return refusal;
			// Why it was not let in says more than that it gave up.
			if (member !== undefined) this.#aborted(now, member, member.reason ?? refusal.message, phase);
			else reportRefusal(reports, from, sourceId, refusal);
		}
		return undefined;
	}

	/** Whether an answer in the name of a member is its own, or may be: then it is noted where it is now. */
	#isFrom(now: number, member: Member, from: Endpoint): boolean {
		if (isFromPeer(member, from)) return true;
		if (member.via === undefined ? hasMoved(member) : followSealed(this.#parts, now, member, from)) return true;
		this.#parts.reports.drop(now, 'wrong-address', from);
		return false;
	}

	#onProxyAnswer({ now, from, func, phase, bytes, at, length }: Feedback, proxy: ProxyPeer): Malformed | undefined {
		const { roster, reports, handshakes } = this.#parts;
		if (!isFromPeer(proxy, from)) {
			reports.drop(now, 'wrong-address', from);
			return undefined;
		}
		const answer = decodeAnswer(func, bytes, at, length);
		if (answer === undefined || isMalformed(answer)) return answer;
		proxy.heardAt = now;
		switch (answer.kind) {
			case MessageType.KEYINFO_ACK:
				if (handshakes?.acknowledge(proxy, answer.message.verifyData) !== true) return undefined;
				reports.emit({ kind: 'proxyKeyed', proxyId: proxy.id });
				phase?.onKeyed?.(now, proxy);
				return undefined;
			case MessageType.FILEINFO_ACK:
			case MessageType.COMPLETE: {
				const members = membersBehind(roster, proxy, answer.message.ids);
				if (members.length < answer.message.ids.length) reports.drop(now, 'not-behind-proxy', from);
				for (const member of members) if (member.isIn) this.#route(now, member, answer, phase);
				return undefined;
			}
			case MessageType.STATUS:
				this.#onProxyStatus(now, proxy, answer, phase);
				return undefined;
			case MessageType.CC_ACK:
				this.#onReport(now, proxy, answer);
				return undefined;
			case MessageType.ABORT:
				for (const [member, reason] of abortedThrough(roster, proxy, answer.message)) {
					this.#aborted(now, member, reason, phase);
				}
				return undefined;
		}
	}

	/** Which of its receivers lack the blocks nobody knows, unless it is for one only that it can be. */
	#onProxyStatus(now: number, proxy: ProxyPeer, answer: StatusAnswer, phase: Phase | undefined): void {
		assert(proxy.isIn, 'a proxy that is not in the session reports losses');
		this.#onReport(now, proxy, answer);
		const member = soleMember(proxy);
		if (member === undefined) phase?.onProxyStatus?.(now, proxy, answer.message);
		else this.#route(now, member, answer, phase);
	}

	/** A report of congestion control says whose it is. */
	#onReport(now: number, proxy: ProxyPeer, answer: Report): void {
		const { congestion, roster } = this.#parts;
		const { tfmccAck } = answer.message;
		const member = tfmccAck === undefined ? undefined : roster.get(tfmccAck.clientId);
		if (member?.via === proxy && member.isIn) congestion?.report(now, member, answer);
	}

	#route(now: number, member: Member, answer: Answer, phase: Phase | undefined): void {
		const { roster, handshakes, reports } = this.#parts;
		roster.answered(member);
		switch (answer.kind) {
			case MessageType.FILEINFO_ACK:
				this.#schedule.hasAnswers = true;
				phase?.onFileInfoAck?.(now, member, answer.message);
				return;
			case MessageType.KEYINFO_ACK:
				if (handshakes?.acknowledge(member, answer.message.verifyData) !== true) return;
				reports.emit({ kind: 'keyed', receiverId: member.id });
				phase?.onKeyed?.(now, member);
				return;
			case MessageType.STATUS:
				phase?.onStatus?.(now, member, answer.message);
				return;
			case MessageType.COMPLETE:
				this.#schedule.hasAnswers = true;
				if (phase?.onComplete?.(now, member, answer.message) !== true) {
					this.#schedule.completedLate(member, answer.message);
				}
				return;
			case MessageType.ABORT:
				this.#aborted(now, member, answer.message.message, phase);
				return;
			case MessageType.CC_ACK:
				return;
		}
	}

	#aborted(now: number, member: Member, reason: string, phase: Phase | undefined): void {
		assert(!member.isFinished || member.owed.size === 0, 'who has finished is owed nothing');
		this.#parts.roster.abort(member, reason, 'itself');
		phase?.onRosterChange(now, member);
	}
}

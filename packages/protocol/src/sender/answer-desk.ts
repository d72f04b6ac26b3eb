/**
 * What receivers and proxies say, on its way to the member that it is about and to the phase that waits for it:
 * registrations, keys, and answers for one receiver or for those behind a proxy.
 */
import {
	type CommonHeader,
	type Complete,
	decodeAbort,
	decodeRegister,
	isMalformed,
	type Malformed,
	MessageType,
} from '@uftp/wire';
import type { Endpoint } from '../ports.ts';
import { admit, enroll, hasMoved, isFromPeer, reportRefusal } from './admission.ts';
import { type Answer, decodeAnswer } from './answers.ts';
import type { SenderContext } from './context.ts';
import { FileRound } from './file-round.ts';
import type { Itinerary } from './itinerary.ts';
import type { Phase } from './phase.ts';
import { admitProxy, enrollProxy } from './proxies/admission.ts';
import { abortedThrough, membersOf, soleMember } from './proxies/answers.ts';
import { followSealed } from './proxies/moves.ts';
import { ProxyPeer } from './proxies/proxy.ts';
import { Registration } from './registration.ts';
import type { Member } from './roster.ts';

export class AnswerDesk {
	readonly #context: SenderContext;
	readonly #itinerary: Itinerary;

	constructor(context: SenderContext, itinerary: Itinerary) {
		this.#context = context;
		this.#itinerary = itinerary;
	}

	/** Takes a message that stands in the clear behind `header`, bytes[at .. at+length). */
	take(
		now: number,
		from: Endpoint,
		header: Readonly<CommonHeader>,
		phase: Phase | undefined,
		bytes: Uint8Array,
		at: number,
		length: number,
	): void {
		const { func, sourceId } = header;
		const wrong =
			func === MessageType.REGISTER
				? this.#onRegister(now, from, sourceId, phase, bytes, at, length)
				: func === MessageType.CLIENT_KEY
					? this.#onClientKey(now, from, sourceId, phase, bytes, at, length)
					: this.#onAnswer(now, from, func, sourceId, phase, bytes, at, length);
		if (wrong !== undefined) this.#context.reports.drop(now, wrong.malformed, from);
	}

	#onRegister(
		now: number,
		from: Endpoint,
		id: number,
		phase: Phase | undefined,
		bytes: Uint8Array,
		at: number,
		length: number,
	): Malformed | undefined {
		const message = decodeRegister(bytes, at, length);
		if (isMalformed(message)) return message;
		const context = this.#context;
		const isRegistering = phase instanceof Registration;
		if (message.ids.length > 0 || context.roster.proxy(id) !== undefined) {
			const members = admitProxy(context, now, from, id, message, isRegistering);
			for (const member of members) phase?.onRegister?.(now, member);
		} else {
			const member = admit(context, now, from, id, message, isRegistering);
			if (member !== undefined) phase?.onRegister?.(now, member);
		}
		if (!isRegistering) context.confirmRegistrations();
		return undefined;
	}

	#onClientKey(
		now: number,
		from: Endpoint,
		id: number,
		phase: Phase | undefined,
		bytes: Uint8Array,
		at: number,
		length: number,
	): Malformed | undefined {
		const { handshakes } = this.#context;
		if (handshakes === undefined || !(phase instanceof Registration)) return undefined;
		const peer = handshakes.clientKey(now, from, id, bytes, at, length);
		if (peer === undefined) return undefined;
		if (isMalformed(peer)) return peer;
		if (peer instanceof ProxyPeer) {
			for (const member of enrollProxy(this.#context, now, peer)) phase.onRegister(now, member);
		} else phase.onRegister(now, enroll(this.#context, peer));
		return undefined;
	}

	#onAnswer(
		now: number,
		from: Endpoint,
		func: number,
		id: number,
		phase: Phase | undefined,
		bytes: Uint8Array,
		at: number,
		length: number,
	): Malformed | undefined {
		const { roster } = this.#context;
		const proxy = roster.proxy(id);
		if (proxy?.isIn === true) return this.#onProxyAnswer(now, from, func, proxy, phase, bytes, at, length);
		const member = roster.get(id);
		if (member === undefined || member.state === 'mute') {
			return this.#onStranger(now, from, func, id, member, phase, bytes, at, length);
		}
		if (!this.#isFrom(now, member, from)) return undefined;
		if (!member.isIn) return undefined;
		const message = decodeAnswer(func, bytes, at, length);
		if (message === undefined || isMalformed(message)) return message;
		if (member.isAway) member.address = from;
		if (member.via !== undefined && isFromPeer(member.via, from)) member.via.heardAt = now;
		this.#context.congestion?.hear(now, member, message);
		this.#route(now, member, message, phase);
		return undefined;
	}

	#onStranger(
		now: number,
		from: Endpoint,
		func: number,
		id: number,
		member: Member | undefined,
		phase: Phase | undefined,
		bytes: Uint8Array,
		at: number,
		length: number,
	): Malformed | undefined {
		const context = this.#context;
		if (func !== MessageType.ABORT) context.abortStranger(now, from, id, 'Not in host list');
		else if (phase instanceof Registration) {
			const refusal = decodeAbort(bytes, at, length);
			if (isMalformed(refusal)) return refusal;
			// Why it was not let in says more than that it gave up.
			if (member !== undefined) this.#aborted(now, member, member.reason ?? refusal.message, phase);
			else reportRefusal(context, from, id, refusal);
		}
		return undefined;
	}

	/** Whether an answer in the name of a member is its own, or may be: then it is noted where it is now. */
	#isFrom(now: number, member: Member, from: Endpoint): boolean {
		const context = this.#context;
		if (isFromPeer(member, from)) return true;
		if (member.via === undefined ? hasMoved(member) : followSealed(context, now, member, from)) return true;
		context.reports.drop(now, 'wrong-address', from);
		return false;
	}

	#onProxyAnswer(
		now: number,
		from: Endpoint,
		func: number,
		proxy: ProxyPeer,
		phase: Phase | undefined,
		bytes: Uint8Array,
		at: number,
		length: number,
	): Malformed | undefined {
		const context = this.#context;
		if (!isFromPeer(proxy, from)) {
			context.reports.drop(now, 'wrong-address', from);
			return undefined;
		}
		const answer = decodeAnswer(func, bytes, at, length);
		if (answer === undefined || isMalformed(answer)) return answer;
		proxy.heardAt = now;
		switch (answer.kind) {
			case MessageType.KEYINFO_ACK:
				if (context.handshakes?.acknowledge(proxy, answer.message.verifyData) !== true) return undefined;
				context.emit({ kind: 'proxyKeyed', proxyId: proxy.id });
				phase?.onKeyed?.(now, proxy);
				return undefined;
			case MessageType.FILEINFO_ACK:
			case MessageType.COMPLETE:
				for (const member of membersOf(context, now, proxy, answer.message.ids, from))
					this.#route(now, member, answer, phase);
				return undefined;
			case MessageType.STATUS:
				this.#onProxyStatus(now, proxy, answer, phase);
				return undefined;
			case MessageType.CC_ACK:
				this.#onReport(now, proxy, answer);
				return undefined;
			case MessageType.ABORT:
				for (const [member, reason] of abortedThrough(context, proxy, answer.message)) {
					this.#aborted(now, member, reason, phase);
				}
				return undefined;
		}
	}

	/** Which of its receivers lack the blocks nobody knows, unless it is for one only that it can be. */
	#onProxyStatus(now: number, proxy: ProxyPeer, answer: Extract<Answer, { kind: 11 }>, phase: Phase | undefined): void {
		this.#onReport(now, proxy, answer);
		const member = soleMember(proxy);
		if (member === undefined) phase?.onProxyStatus?.(now, proxy, answer.message);
		else this.#route(now, member, answer, phase);
	}

	/** A report of congestion control says whose it is. */
	#onReport(now: number, proxy: ProxyPeer, answer: Extract<Answer, { kind: 11 | 21 }>): void {
		const { congestion, roster } = this.#context;
		const { tfmccAck } = answer.message;
		const member = tfmccAck === undefined ? undefined : roster.get(tfmccAck.clientId);
		if (member?.via === proxy && member.isIn) congestion?.hear(now, member, answer);
	}

	#route(now: number, member: Member, message: Answer, phase: Phase | undefined): void {
		const context = this.#context;
		context.welcomeBack(member);
		switch (message.kind) {
			case MessageType.FILEINFO_ACK:
				this.#itinerary.hasAnswers = true;
				context.sampleRtt(now, member, message.message.timestamp);
				phase?.onFileInfoAck?.(now, member, message.message);
				return;
			case MessageType.KEYINFO_ACK:
				if (context.handshakes?.acknowledge(member, message.message.verifyData) !== true) return;
				context.emit({ kind: 'keyed', receiverId: member.id });
				phase?.onKeyed?.(now, member);
				return;
			case MessageType.STATUS:
				phase?.onStatus?.(now, member, message.message);
				return;
			case MessageType.COMPLETE:
				this.#onComplete(now, member, message.message, phase);
				return;
			case MessageType.ABORT:
				this.#aborted(now, member, message.message.message, phase);
		}
	}

	#aborted(now: number, member: Member, reason: string, phase: Phase | undefined): void {
		member.state = 'aborted';
		member.isAway = false;
		member.reason = reason;
		this.#context.emit({ kind: 'receiverAborted', receiverId: member.id, reason });
		phase?.onRosterChange(now);
	}

	#onComplete(now: number, member: Member, message: Complete, phase: Phase | undefined): void {
		this.#itinerary.hasAnswers = true;
		const isExpected = message.fileId === 0 || (phase instanceof FileRound && phase.fileId === message.fileId);
		if (isExpected) phase?.onComplete?.(now, member, message);
		else this.#itinerary.completedLate(member, message);
	}
}

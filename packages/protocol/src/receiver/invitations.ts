/** How a receiving node takes ANNOUNCEs: repeats, refusals, and the sessions that it joins (wire facts, section 4). */
import {
	type Announce,
	type CommonHeader,
	decodeAnnounce,
	decodeHeader,
	HEADER_BYTES,
	isMalformed,
	isUnspecified,
} from '@uftp/wire';
import { Allowance } from '../allowance.ts';
import type { ReceiverEvent } from '../events.ts';
import { REFUSALS_PER_SECOND, UNCONFIRMED_MS_MIN } from '../limits.ts';
import type { Endpoint } from '../ports.ts';
import type { Reports } from '../reports.ts';
import { judge, termsOf, type Verdict } from './announcement.ts';
import type { SessionLink } from './answers.ts';
import { type EndedSessions, isOtherRun } from './ended-sessions.ts';
import { WaitingAnnounces } from './proxied/waiting-announces.ts';
import { SessionSecurer } from './security/session-securer.ts';
import { ReceiverSession } from './session.ts';
import { advertisedGrttMs, type NodeServices, SessionContext } from './session-context.ts';
import type { SessionTable } from './session-table.ts';

/** One ANNOUNCE as it came: the whole datagram is bytes[at .. at+length). */
interface Arrival {
	readonly from: Endpoint;
	readonly header: Readonly<CommonHeader>;
	readonly bytes: Uint8Array;
	readonly at: number;
	readonly length: number;
	/** Earlier than now for one that has waited. */
	readonly heardAt: number;
}

export class Invitations {
	readonly #node: NodeServices;
	readonly #sessions: SessionTable;
	readonly #ended: EndedSessions;
	readonly #reports: Reports<ReceiverEvent>;
	readonly #securer: SessionSecurer;
	readonly #refusals = new Allowance(REFUSALS_PER_SECOND, 1000);
	readonly #waiting = new WaitingAnnounces();

	constructor(node: NodeServices, sessions: SessionTable, ended: EndedSessions, reports: Reports<ReceiverEvent>) {
		this.#node = node;
		this.#sessions = sessions;
		this.#ended = ended;
		this.#reports = reports;
		this.#securer = new SessionSecurer(node.config, node.responseProxy);
	}

	/** Takes the ANNOUNCE in the datagram bytes[at .. at+length), whose common header has been read. */
	handleAnnounce(
		now: number,
		from: Endpoint,
		header: Readonly<CommonHeader>,
		bytes: Uint8Array,
		at: number,
		length: number,
	): void {
		this.#take(now, { from, header, bytes, at, length, heardAt: now });
	}

	/** The keys of the response proxy have come, or another proxy is set: judges again what waited for it. */
	reconsider(now: number): void {
		for (const { from, datagram, heardAt } of this.#waiting.take(now)) {
			const header = decodeHeader(datagram, 0, datagram.length);
			if (isMalformed(header)) continue;
			this.#take(now, { from, header, bytes: datagram, at: 0, length: datagram.length, heardAt });
		}
	}

	#take(now: number, arrival: Arrival): void {
		const { from, header, bytes, at, length } = arrival;
		const known = this.#sessions.get(header.groupId);
		if (!this.#isNews(now, known, arrival)) return;
		const announce = decodeAnnounce(bytes, at + HEADER_BYTES, length - HEADER_BYTES);
		if (isMalformed(announce)) {
			this.#reports.drop(now, announce.malformed, from);
			return;
		}
		const { config, answers } = this.#node;
		const hasRoom = () => known !== undefined || this.#makeRoom(now);
		const replaced = known?.context.link.security;
		const acceptance = () => this.#securer.accept(now, from, header, announce, bytes, at, length, replaced);
		const verdict = judge(announce, config.receiverId, acceptance, hasRoom);
		const link = this.#linkOf(arrival, announce, verdict);
		if (verdict.kind === 'refuse' && this.#refusals.take(now)) {
			answers.push(link, { kind: 'abort', reason: verdict.reason });
		}
		if (verdict.kind === 'wait') this.#wait(now, arrival, announce.robust);
		if (verdict.kind !== 'join') {
			this.#reports.ignore(now, header.groupId, header.sourceId, verdict.reason);
			return;
		}
		if (known !== undefined) {
			known.context.finish('aborted', 'The sender has started the session again', false);
			this.#sessions.settle(now, known);
		}
		this.#join(now, link, arrival, announce);
	}

	/** Whether an ANNOUNCE may begin a session: it is no repeat, nor in the name of a sender that still speaks. */
	#isNews(now: number, known: ReceiverSession | undefined, { from, header }: Arrival): boolean {
		if (known === undefined) return !this.#ended.isOver(now, from, header);
		const { context } = known;
		if (context.link.senderId !== header.sourceId) {
			this.#reports.drop(now, 'wrong-source', from);
			return false;
		}
		if (header.groupInstance > context.link.groupInstance) {
			if (context.isSilent(now) || context.isFromSender(from.host)) return true;
			this.#reports.drop(now, 'wrong-address', from);
			return false;
		}
		if (header.groupInstance !== context.link.groupInstance) {
			this.#node.counters.drop('old-instance');
			return false;
		}
		const isRepeat = !isOtherRun(context.link, from, header, now - context.lastHeardAt);
		if (isRepeat) known.hearInClear(now, header);
		// A sender that still speaks is not replaced by whoever announces in its name.
		return !isRepeat && context.isSilent(now);
	}

	#linkOf({ from, header }: Arrival, announce: Announce, verdict: Verdict): SessionLink {
		const { groupId, groupInstance, sourceId: senderId } = header;
		const security = verdict.kind === 'join' ? this.#securer.security : undefined;
		const proxy = responseProxyOf(this.#node, announce);
		return { groupId, groupInstance, senderId, sender: from, proxy, sequence: 0, security };
	}

	#wait(now: number, { from, header, bytes, at, length, heardAt }: Arrival, robust: number): void {
		// One that waits again would wait for ever.
		if (heardAt !== now) return;
		const clockwork = { robust, grttMs: advertisedGrttMs(header.grtt) };
		this.#waiting.add(now, header.groupId, from, clockwork, bytes.slice(at, at + length));
	}

	/** False when every place is taken by a session that is under way, or may soon be: announcements cost nothing. */
	#makeRoom(now: number): boolean {
		if (this.#sessions.size < this.#node.config.sessionsMax) return true;
		for (const session of this.#sessions.all()) {
			const { phase, terms } = session.context;
			if (phase !== 'registering' || now - terms.announced.heardAt < UNCONFIRMED_MS_MIN) continue;
			session.context.finish('unconfirmed', 'Registration unconfirmed, and its place is needed', true);
			this.#sessions.settle(now, session);
			return true;
		}
		return false;
	}

	#join(now: number, link: SessionLink, { header, heardAt }: Arrival, announce: Announce): void {
		const source = this.#node.config.security?.sourceSpecific === true ? link.sender.host : undefined;
		const terms = termsOf(heardAt, announce, source);
		const context = new SessionContext(this.#node, link, terms, now, header.grtt, header.sequence);
		const session = new ReceiverSession(context);
		this.#reports.forgetIgnored(link.groupId);
		this.#sessions.add(session);
		session.start(now);
	}
}

/** A response proxy hears of sessions by multicast: those that are announced to this receiver alone are none of its. */
export function responseProxyOf({ responseProxy }: NodeServices, announce: Announce): Endpoint | undefined {
	return isUnspecified(announce.privateAddress) ? undefined : responseProxy.endpoint;
}
